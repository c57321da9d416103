// Long grids: only the rows near the screen are in the page. What comes near is fetched, from any place of the list.
import { locale } from "./api.js";
import { BOXES, show } from "./selection.js";
import { dates, update } from "./live.js";

const BLOCK = 96;  // items that are fetched at a time
const KEPT = 5000;  // tiles that are remembered
const MARGIN = 0.6;  // screens above and below that are ready
const AT_ONCE = 2;  // requests

const windows = new Map();

export const windowOf = (list) => windows.get(list) ?? null;

class Window {
  constructor(list) {
    this.list = list;
    this.nodes = new Map();
    this.blocks = new Map();
    this.waiting = 0;
    this.state = 0;
    [...list.children].forEach((node, place) => this.put(place, node, 1));  // `count` makes it the first state
    this.first = this.last = -1;
  }

  // A tile knows its place also while it is not in the page, and when its attributes are replaced.
  put(place, node, state = this.state) {
    Object.assign(node, { place, state });
    this.nodes.set(place, node);
  }

  placeOf(node) {
    return node.place;
  }

  async begin() {
    await this.count();
    this.list.dataset.windowed = "";
    this.measure();
    new ResizeObserver(() => this.measure()).observe(this.list);
  }

  // How many items there are, and the cursors of their blocks. After a change the tiles that are seen stay until new
  // ones are there.
  async count() {
    const address = new URL(this.list.dataset.starts, location.href);
    address.searchParams.set("size", BLOCK);
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(String(answer.status));
    const { items, cursors } = await answer.json();
    Object.assign(this, { items, cursors });
    this.state += 1;
    this.blocks.clear();
    for (const place of [...this.nodes.keys()]) if (place >= items || !this.isNear(place)) this.nodes.delete(place);
    for (const shown of document.querySelectorAll(`[data-count-of="${this.list.dataset.pages}"]`)) {
      shown.textContent = new Intl.NumberFormat(locale).format(items);
    }
  }

  isNear(place) {
    return this.first < 0 || (place >= this.first * this.columns && place < this.last * this.columns);
  }

  measure() {
    const style = getComputedStyle(this.list);
    const columns = style.gridTemplateColumns.split(" ").length;
    const width = this.list.clientWidth;
    if (columns === this.columns && width === this.width) return;
    const anchor = this.columns && this.first > 0 ? Math.floor(-this.list.getBoundingClientRect().top / this.pitch) * this.columns : 0;
    Object.assign(this, { columns, width, gap: parseFloat(style.rowGap) });
    this.list.style.gridAutoRows = "max-content";
    const tiles = [...this.list.children].filter((node) => !node.classList.contains("waiting")).slice(0, 12);
    this.row = Math.ceil(Math.max(...tiles.map((node) => node.getBoundingClientRect().height), 48));
    this.list.style.gridAutoRows = `${this.row}px`;
    this.pitch = this.row + this.gap;
    this.first = this.last = -1;
    if (anchor) window.scrollTo(0, this.top() + Math.floor(anchor / columns) * this.pitch);
    this.render();
  }

  top() {
    return this.list.getBoundingClientRect().top + window.scrollY;
  }

  render() {
    const rows = Math.ceil(this.items / this.columns);
    const seen = -this.list.getBoundingClientRect().top;
    const margin = window.innerHeight * MARGIN;
    const first = Math.max(0, Math.min(rows - 1, Math.floor((seen - margin) / this.pitch)));
    const last = Math.max(first + 1, Math.min(rows, Math.ceil((seen + window.innerHeight + margin) / this.pitch)));
    if (first === this.first && last === this.last && !this.changed) return;
    Object.assign(this, { first, last, changed: false });
    this.list.style.paddingBlock = `${first * this.pitch}px ${Math.max(0, rows - last) * this.pitch}px`;
    const wanted = [];
    for (let place = first * this.columns; place < Math.min(this.items, last * this.columns); place += 1) wanted.push(this.tile(place));
    this.place(wanted);
    this.fetch();
  }

  tile(place) {
    let node = this.nodes.get(place);
    if (!node) {
      node = document.createElement("li");
      node.className = "tile waiting";
      this.put(place, node, -1);
    }
    if (node.ariaPosInSet !== String(place + 1)) {
      node.ariaPosInSet = place + 1;
      node.ariaSetSize = this.items;
    }
    return node;
  }

  place(wanted) {
    const kept = new Set(wanted);
    for (const node of [...this.list.children]) if (!kept.has(node)) node.remove();
    let at = this.list.firstElementChild;
    for (const node of wanted) {
      if (node === at) at = at.nextElementSibling; else this.list.insertBefore(node, at);
    }
  }

  // Fetches the blocks that are seen and not there, a few at a time, those in the middle first.
  fetch() {
    const end = Math.min(this.items, this.last * this.columns);
    const wanted = new Set();
    for (let place = this.first * this.columns; place < end; place += 1) {
      if (this.nodes.get(place).state !== this.state) wanted.add(Math.floor(place / BLOCK));
    }
    const middle = (this.first * this.columns + end) / 2 / BLOCK;
    const missing = [...wanted].filter((block) => !this.blocks.has(block));
    missing.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    for (const block of missing.slice(0, Math.max(0, AT_ONCE - this.waiting))) this.load(block);
  }

  load(block) {
    if (!this.blocks.has(block)) this.blocks.set(block, this.read(block, this.state));
    return this.blocks.get(block);
  }

  async read(block, state) {
    this.waiting += 1;
    try {
      const address = new URL(location.href);
      address.hash = "";
      address.searchParams.set("shown", BLOCK);
      address.searchParams.set("part", this.list.dataset.pages);
      if (block) address.searchParams.set(this.list.dataset.cursor, this.cursors[block - 1]);
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (state === this.state) this.take(block, [...page.querySelector(`[data-pages="${this.list.dataset.pages}"]`).children]);
    } catch {
      if (state === this.state) setTimeout(() => { this.blocks.delete(block); this.fetch(); }, 2000);
    } finally {
      this.waiting -= 1;
      this.fetch();
    }
  }

  take(block, fresh) {
    const known = new Map([...this.nodes.values()].map((node) => [node.dataset.item, node]));
    fresh.forEach((node, place) => {
      dates(node);
      const own = known.get(node.dataset.item);
      if (own) update(own, node);
      this.put(block * BLOCK + place, own ?? document.adoptNode(node));
    });
    this.changed = true;
    this.render();
    show();
    if (this.nodes.size > KEPT) this.forget();
  }

  forget() {
    for (const place of [...this.nodes.keys()]) if (!this.isNear(place)) this.nodes.delete(place);
    for (const block of [...this.blocks.keys()]) if (!this.nodes.has(block * BLOCK)) this.blocks.delete(block);
  }

  // Shows an item, fetches it, and gives its link the focus.
  async focus(place) {
    const wanted = Math.max(0, Math.min(this.items - 1, place));
    const at = this.top() + Math.floor(wanted / this.columns) * this.pitch;
    const bar = document.querySelector("header.bar").offsetHeight + 8;
    if (at < window.scrollY + bar) window.scrollTo(0, at - bar);
    else if (at + this.row > window.scrollY + window.innerHeight) window.scrollTo(0, at + this.row + 8 - window.innerHeight);
    this.render();
    if (this.nodes.get(wanted).classList.contains("waiting")) await this.load(Math.floor(wanted / BLOCK));
    this.nodes.get(wanted)?.querySelector("a")?.focus({ preventScroll: true });
    return this.nodes.get(wanted);
  }

  // The checkboxes from one item to another one, of which some may be far from the screen.
  async boxes(from, to) {
    const found = [];
    for (let place = from; place <= to; place += 1) {
      if (!this.nodes.get(place)?.dataset.item) await this.load(Math.floor(place / BLOCK));
      const box = this.nodes.get(place)?.querySelector(BOXES.replaceAll("main ", ""));
      if (box) found.push(box);
    }
    return found;
  }

  async refresh() {
    try {
      await this.count();
    } catch {
      return;
    }
    this.changed = true;
    this.render();
  }
}

export function start() {
  let asked = false;
  window.addEventListener("scroll", () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => { asked = false; for (const one of windows.values()) if (one.columns) one.render(); });
  }, { passive: true });
  begin();
}

// Lists that are long now become windows; those that are follow what changed.
export function begin() {
  for (const list of windows.keys()) if (!list.isConnected) windows.delete(list);
  for (const list of document.querySelectorAll("[data-starts]")) {
    const known = windows.get(list);
    if (known) { known.refresh(); continue; }
    const made = new Window(list);
    windows.set(list, made);
    made.begin().catch(() => windows.delete(list));  // the link to the next page stays
  }
}
