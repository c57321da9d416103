// Grids: arrow keys move, Space selects, Shift selects a range, more items come when the end is near.
import { showSelection } from "./acts.js";
import { dates } from "./live.js";

let lastPicked = null;

function move(link, key) {
  const links = [...link.closest("[data-grid]").querySelectorAll(".tile:not([hidden]) > a")];
  const at = links.indexOf(link);
  const columns = links.filter((one) => Math.abs(one.offsetTop + one.parentElement.offsetTop - links[0].offsetTop - links[0].parentElement.offsetTop) < 4).length || 1;
  const forward = getComputedStyle(link).direction === "rtl" ? -1 : 1;
  const step = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: columns, ArrowUp: -columns, Home: -at, End: links.length - 1 - at }[key];
  return links[Math.min(links.length - 1, Math.max(0, at + step))];
}

export function start() {
  document.addEventListener("keydown", (event) => {
    const link = event.target.closest?.("[data-grid] .tile > a");
    if (!link || event.ctrlKey || event.metaKey || event.altKey) return;
    const box = link.parentElement.querySelector('input[name="face"]');
    if (event.key === " " && box) {
      box.click();
      event.preventDefault();
    } else if (/^(Arrow|Home|End)/.test(event.key)) {
      const next = move(link, event.key);
      if (event.shiftKey && box) for (const one of [link, next]) { one.parentElement.querySelector('input[name="face"]').checked = true; showSelection(); }
      next.focus();
      event.preventDefault();
    }
  });
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLInputElement) || box.name !== "face") return;
    const boxes = [...document.querySelectorAll('main input[name="face"]')];
    if (event.shiftKey && lastPicked?.isConnected) {
      const [from, to] = [boxes.indexOf(lastPicked), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const one of boxes.slice(from, to + 1)) one.checked = box.checked;
      showSelection();
    }
    lastPicked = box;
  });
  sweep();
  watchEnds();
}

// In an audit, dragging over faces selects them; what the first one becomes, the others become.
function sweep() {
  let chosen = null;
  let from = null;
  const boxOf = (event) => event.target.closest?.("[data-sweep] .tile")?.querySelector('input[name="face"]');
  document.addEventListener("pointerdown", (event) => {
    const box = event.pointerType === "mouse" && event.button === 0 ? boxOf(event) : null;
    if (box && !event.target.closest(".pick")) from = box;
  });
  document.addEventListener("pointerover", (event) => {
    const box = from && boxOf(event);
    if (!box || (chosen === null && box === from)) return;
    if (chosen === null) { chosen = !from.checked; from.checked = chosen; }
    box.checked = chosen;
    showSelection();
  });
  document.addEventListener("pointerup", () => { from = null; setTimeout(() => { chosen = null; }); });
  document.addEventListener("click", (event) => { if (chosen !== null && event.target.closest("[data-sweep]")) event.preventDefault(); }, true);
  document.addEventListener("dragstart", (event) => { if (event.target.closest("[data-sweep]")) event.preventDefault(); });
}

// "Show more" is a link; where scripts run, it is followed when it comes near and what it leads to is added here.
const near = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) more(entry.target);
}, { rootMargin: "600px" });

export function watchEnds() {
  for (const end of document.querySelectorAll("[data-more]")) near.observe(end);
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
