// Keys: buttons and links say theirs by `data-key`; `?` shows all that the page has.
import { texts, text } from "./api.js";

let going = false;  // G was pressed: the next key says where to

const isVisible = (one) => one.checkVisibility?.() ?? one.offsetParent !== null;
const keyed = () => [...document.querySelectorAll("[data-key]")].filter((one) => isVisible(one) && !one.disabled);

export function start() {
  document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector("dialog[open]") || event.target.matches("input:not([type=checkbox], [type=range]), select, textarea")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const place = going && document.querySelector(`nav [data-go="${CSS.escape(key)}"]`);
    going = key === "g" && !going;
    if (place) { place.click(); return; }
    if (going) return;
    if (key === "?") { event.preventDefault(); help(); return; }
    const one = keyed().find((candidate) => candidate.dataset.key === key);
    if (one) { event.preventDefault(); one.click(); }
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-help]")) help(); });
}

function help() {
  const rows = [];
  const grid = document.querySelector("[data-grid]");
  if (grid) {
    rows.push([["←", "↑", "→", "↓"], text("key_move")], [["Enter"], text("key_open")]);
    if (document.querySelector('main input[name="face"], main input[name="group"]')) rows.push([["Space"], text("key_select")], [["Shift", "→"], text("key_range")]);
  }
  for (const name of Object.keys(texts).filter((one) => one.startsWith(`keys_${document.body.dataset.page}_`))) {
    const [key, ...words] = text(name).split(" ");
    rows.push([key.split("+"), words.join(" ")]);
  }
  for (const one of document.querySelectorAll("main [data-key]")) {
    if (one.disabled || !(isVisible(one) || one.closest("#selection"))) continue;
    const shown = one.dataset.key === "Escape" ? "Esc" : one.dataset.key.replace("Arrow", "").toUpperCase();
    rows.push([[{ LEFT: "←", RIGHT: "→" }[shown] ?? shown], one.dataset.keyName ?? one.textContent.replace(one.querySelector("kbd")?.textContent ?? "", "").trim()]);
  }
  for (const one of document.querySelectorAll("nav [data-go]")) rows.push([["G", one.dataset.go.toUpperCase()], one.textContent.trim()]);
  rows.push([["?"], text("key_help")]);
  show(rows);
}

function show(rows) {
  const dialog = document.createElement("dialog");
  dialog.className = "help";
  const title = document.createElement("h2");
  title.id = "help-title";
  title.textContent = text("keys");
  dialog.setAttribute("aria-labelledby", title.id);
  const table = document.createElement("dl");
  for (const [keys, words] of rows) {
    const [row, term, said] = ["div", "dt", "dd"].map((name) => document.createElement(name));
    for (const key of keys) { const shown = document.createElement("kbd"); shown.textContent = key; term.append(shown, " "); }
    said.textContent = words;
    row.append(term, said);
    table.append(row);
  }
  const close = document.createElement("button");
  close.textContent = text("close");
  close.addEventListener("click", () => dialog.close());
  dialog.append(title, table, close);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  close.focus();
}
