// What is selected: faces, or people and albums. It outlasts its tiles, which come and go in long grids.
import { text } from "./api.js";

export const BOXES = 'main input[name="face"], main input[name="group"]';

const chosen = new Map();  // value of a checkbox: how many faces it stands for

export const values = () => [...chosen.keys()];
export const tiles = () => [...document.querySelectorAll(BOXES)].filter((box) => box.checked).map((box) => box.closest("[data-item]"));

export function choose(box, checked) {
  box.checked = checked;
  if (checked) chosen.set(box.value, Number(box.dataset.faces ?? 1)); else chosen.delete(box.value);
}

export function clear() {
  chosen.clear();
  show();
}

// Boxes as they are selected, and the bar that says how many are.
export function show() {
  for (const box of document.querySelectorAll(BOXES)) box.checked = chosen.has(box.value);
  const bar = document.getElementById("selection");
  if (!bar) return;
  bar.hidden = chosen.size === 0;
  document.body.classList.toggle("selecting", chosen.size > 0);
  const faces = [...chosen.values()].reduce((sum, one) => sum + one, 0);
  bar.querySelector("output").textContent = text(bar.dataset.count ?? "selected", { n: chosen.size, faces });
  for (const button of bar.querySelectorAll("[data-one]")) button.disabled = chosen.size !== 1;
  for (const button of bar.querySelectorAll("[data-several]")) button.disabled = chosen.size < 2;
}

export function start() {
  document.addEventListener("change", (event) => {
    if (!event.target.matches(BOXES)) return;
    choose(event.target, event.target.checked);
    show();
  });
}
