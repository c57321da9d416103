// Pages follow the library: after each change, by this browser, another one or a program, the page is fetched again and
// what is shown is replaced, while what the user types, selects and looks at stays.
import { locale, text } from "./api.js";

let etag = null;
let waiting = null;
let running = false;
const onRefresh = [];

export function whenRefreshed(act) {
  onRefresh.push(act);
}

export function busyTyping() {
  const at = document.activeElement;
  if (document.querySelector("[data-own-page]")) return true;  // what is there is the user's own
  if (document.querySelector("dialog[open], details[open].acts, #drawing:not([hidden])")) return true;
  return at && at.matches("main input:not([type=checkbox])") && at.value !== at.defaultValue;
}

export async function refresh() {
  if (running || busyTyping()) { later(); return; }
  running = true;
  try {
    const address = new URL(location.href);
    address.hash = "";
    const lists = [...document.querySelectorAll("[data-pages]:not([data-windowed])")];
    const shown = Math.max(0, ...lists.map((list) => list.children.length));
    if (shown > Number(document.body.dataset.usual)) address.searchParams.set("shown", Math.min(1000, shown));
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (answer.redirected) { location.replace(answer.url); return; }
    if (answer.status === 401) { location.reload(); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (busyTyping()) { later(); return; }
    replace(document.getElementById("main"), page.getElementById("main"));
    document.title = page.title;
    for (const act of onRefresh) act();
  } catch {
    later(3000);
  } finally {
    running = false;
  }
}

function later(milliseconds = 600) {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, milliseconds);
}

// Changes `old` into `fresh`, leaving elements alone that are equal: pictures do not flicker, focus and selection stay.
function replace(old, fresh) {
  const before = [...old.childNodes];
  const known = new Map(before.filter((one) => one.dataset?.item).map((one) => [one.dataset.item, one]));
  let at = old.firstChild;
  for (const node of [...fresh.childNodes]) {
    const own = node.dataset?.item ? known.get(node.dataset.item) : matching(at, node);
    if (own) {
      if (own !== at) old.insertBefore(own, at);
      else at = at.nextSibling;
      update(own, node);
    } else {
      old.insertBefore(node, at);
    }
  }
  while (at) { const next = at.nextSibling; at.remove(); at = next; }
}

// The element among `at` and its next siblings that `node` is a newer state of.
function matching(at, node) {
  for (let own = at; own; own = own.nextSibling) {
    if (own.nodeName === node.nodeName && !own.dataset?.item && own.id === node.id) return own;
    if (node.nodeType !== Node.ELEMENT_NODE) return null;  // text has no identity: only in its place
  }
  return null;
}

export function update(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE || old.isEqualNode(fresh) || old.dataset.own !== undefined) return;
  if (old.matches("#jobs, #drawing, #selection, [data-windowed]")) return;
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) !== value && !(old.matches("details") && name === "open")) old.setAttribute(name, value);
  }
  if (!old.matches("input")) for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  replace(old, fresh);
}

export function listen(onJob) {
  const events = new EventSource("/api/v1/events");
  events.addEventListener("change", (event) => {
    if (etag !== null && etag !== event.data) refresh();
    etag = event.data;
  });
  events.addEventListener("job", (event) => onJob(JSON.parse(event.data)));
  window.addEventListener("pagehide", () => events.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
}

const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });

export function dates(root = document) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const long = time.dataset.long !== undefined;
    const written = time.dateTime;
    const date = new Date(long && !/[T ]/.test(written) ? `${written}T00:00` : long ? written : `${written.slice(0, 10)}T00:00`);
    if (time.dataset.clock !== undefined) time.textContent = /T/.test(written) ? clock.format(new Date(written.slice(0, 19))) : time.textContent;
    else if (!Number.isNaN(date.getTime())) time.textContent = (long ? moment : day).format(date);
  }
}

// A picture that cannot be had becomes a box that says why.
export function explainMissingPictures() {
  document.addEventListener("error", async (event) => {
    const picture = event.target;
    if (!(picture instanceof HTMLImageElement) || !picture.src.includes("/api/")) return;
    let detail = "";
    try {
      const answer = await fetch(picture.src);
      if (!answer.ok) detail = (await answer.json()).detail ?? "";
    } catch { /* the server does not answer: the box stays empty */ }
    const box = document.createElement("span");
    box.className = "missing";
    box.dataset.own = "";
    box.setAttribute("role", "img");
    const said = text("picture_missing", { detail: detail.replace(/^cannot read .*?: /, "") });
    box.setAttribute("aria-label", `${picture.alt} ${said}`.trim());
    box.textContent = said;
    picture.replaceWith(box);
  }, true);
}
