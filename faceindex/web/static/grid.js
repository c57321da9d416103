// Grids: arrow keys move, Space selects, Shift selects a range; the next page of a list that is not long comes by itself.
import { dates } from "./live.js";
import { BOXES, choose, show } from "./selection.js";
import { windowOf } from "./window.js";

const TILE_LINK = "[data-grid] > li > a";
let lastPicked = null;
let last = null;  // tile that had the focus

const boxIn = (item) => item.querySelector('input[name="face"], input[name="group"]');

async function move(item, list, key) {
  const items = [...list.children].filter((one) => !one.hidden && one.querySelector("a"));
  const long = windowOf(list);
  const at = long ? long.placeOf(item) : items.indexOf(item);
  const end = (long ? long.items : items.length) - 1;
  const columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
  const forward = getComputedStyle(list).direction === "rtl" ? -1 : 1;
  const page = columns * Math.max(1, Math.floor(window.innerHeight / (items[0]?.offsetHeight || 200)) - 1);
  const steps = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: columns, ArrowUp: -columns, Home: -at, End: end - at, PageDown: page, PageUp: -page };
  const place = Math.min(end, Math.max(0, at + steps[key]));
  if (long) return long.focus(place);
  items[place].querySelector("a").focus();
  return items[place];
}

async function select(list, from, to, checked) {
  const long = windowOf(list);
  const [first, last] = (long ? [long.placeOf(from), long.placeOf(to)] : [from, to].map((one) => [...list.children].indexOf(one))).sort((a, b) => a - b);
  const boxes = long ? await long.boxes(first, last) : [...list.children].slice(first, last + 1).filter((one) => !one.hidden).map(boxIn).filter(Boolean);
  for (const box of boxes) choose(box, checked);
  show();
}

const at = (link) => ({ item: link.parentElement, list: link.closest("[data-grid]") });

// The tile that had the focus, when it was scrolled away with it: keys go on from there.
function lost(event) {
  const left = event.target === document.body && /^Arrow/.test(event.key) && last && !last.item.isConnected;
  return left && windowOf(last.list) ? last : null;
}

export function start() {
  document.addEventListener("focusin", (event) => { if (event.target.matches(TILE_LINK)) last = at(event.target); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const link = event.target.closest?.(TILE_LINK);
    const found = link ? at(link) : lost(event);
    if (!found) return;
    const { item, list } = found;
    const box = boxIn(item);
    if (event.key === " " && box) {
      box.click();
      event.preventDefault();
    } else if (/^(Arrow|Home|End|Page)/.test(event.key)) {
      event.preventDefault();
      move(item, list, event.key).then((next) => { if (event.shiftKey && box && next) select(list, item, next, true); });
    }
  });
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || !box.matches(BOXES)) return;
    const item = box.closest("li");
    const list = item.parentElement;
    if (event.shiftKey && lastPicked?.list === list) select(list, lastPicked.item, item, box.checked);
    lastPicked = { item, list };
  });
  sweep();
  watchEnds();
}

// Dragging over faces selects them; what the first one becomes, the others become. Near an edge the page scrolls.
function sweep() {
  let chosen = null;
  let from = null;
  let speed = 0;
  const boxOf = (event) => { const tile = event.target.closest?.("[data-sweep] > li"); return tile && boxIn(tile); };
  const scroll = () => { if (from && speed) { window.scrollBy(0, speed); requestAnimationFrame(scroll); } };
  document.addEventListener("pointerdown", (event) => {
    const box = event.pointerType === "mouse" && event.button === 0 ? boxOf(event) : null;
    if (box && !event.target.closest(".pick, input, button, form")) from = box;
  });
  document.addEventListener("pointermove", (event) => {
    if (!from || chosen === null) return;
    const before = speed;
    speed = event.clientY > window.innerHeight - 50 ? 12 : event.clientY < 90 ? -12 : 0;
    if (speed && !before) requestAnimationFrame(scroll);
  });
  document.addEventListener("pointerover", (event) => {
    const box = from && boxOf(event);
    if (!box || (chosen === null && box === from)) return;
    if (chosen === null) { chosen = !from.checked; choose(from, chosen); }
    choose(box, chosen);
    show();
  });
  document.addEventListener("pointerup", () => { from = null; speed = 0; setTimeout(() => { chosen = null; }); });
  document.addEventListener("click", (event) => { if (chosen !== null && event.target.closest("[data-sweep]")) event.preventDefault(); }, true);
  document.addEventListener("dragstart", (event) => { if (event.target.closest("[data-sweep]")) event.preventDefault(); });
}

// "Show more" is a link; where scripts run, it is followed when it comes near and what it leads to is added here.
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) more(entry.target);
}, { rootMargin: "600px" });

export function watchEnds() {
  for (const end of document.querySelectorAll("[data-more]")) {
    if (!document.querySelector(`[data-pages="${end.dataset.more}"][data-starts]`)) near.observe(end);
  }
}

async function more(end) {
  if (end.dataset.loading) return;
  end.dataset.loading = "yes";
  const name = end.dataset.more;
  try {
    const answer = await fetch(end.querySelector("a").href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const items = page.querySelector(`[data-pages="${name}"]`);
    const here = document.querySelector(`[data-pages="${name}"]`);
    const known = new Set([...here.children].map((one) => one.dataset.item));
    if (items) {
      dates(items);
      here.append(...[...items.children].filter((one) => !one.dataset.item || !known.has(one.dataset.item)));
    }
    const next = page.querySelector(`[data-more="${name}"]`);
    near.unobserve(end);
    if (next) { end.replaceWith(next); near.observe(next); } else end.remove();
  } catch {
    delete end.dataset.loading;
  }
}
