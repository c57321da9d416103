// The photo: boxes and names belong together, and a missed face is drawn.
import { decide, said } from "./acts.js";
import { refresh } from "./live.js";
import { failed } from "./messages.js";

const LEAST = 8;

function light(face) {
  for (const one of document.querySelectorAll(".photo a, .who > li")) {
    one.classList.toggle("lit", face !== null && (one.dataset.box === face || one.dataset.item === face));
  }
}

export function start() {
  const figure = document.getElementById("photo");
  if (!figure) return;
  const wanted = new URLSearchParams(location.search).get("face");
  if (wanted) light(wanted);
  for (const event of ["mouseover", "focusin"]) {
    document.addEventListener(event, (one) => {
      const face = one.target.closest?.("[data-box]")?.dataset.box ?? one.target.closest?.(".who > li")?.dataset.item;
      if (face) light(face);
    });
  }
  document.addEventListener("click", (event) => {
    const box = event.target.closest("[data-box]");
    if (!box) return;
    event.preventDefault();
    const item = document.getElementById(`face-${box.dataset.box}`);
    (item.querySelector('input[name="name"]') ?? item).focus();
    item.scrollIntoView({ block: "nearest" });
  });
  if (document.getElementById("draw")) drawing(figure);
}

function drawing(figure) {
  const svg = figure.querySelector("svg");
  const button = document.getElementById("draw");
  const form = document.getElementById("drawing");
  const shape = svg.querySelector(".drawing");
  let from = null;

  const stop = () => {
    figure.classList.remove("draws");
    form.hidden = true;
    shape.setAttribute("hidden", "");
    button.setAttribute("aria-expanded", "false");
    form.reset();
  };
  const show = ([x, y, width, height]) => {
    shape.removeAttribute("hidden");
    for (const [name, value] of Object.entries({ x, y, width, height })) shape.setAttribute(name, value);
  };
  const at = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [Math.min(Math.max(point.x, 0), figure.dataset.width), Math.min(Math.max(point.y, 0), figure.dataset.height)];
  };
  const box = (to) => [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(from[0] - to[0]), Math.abs(from[1] - to[1])].map(Math.round);

  button.addEventListener("click", () => {
    if (!form.hidden) { stop(); return; }
    figure.classList.add("draws");
    form.hidden = false;
    button.setAttribute("aria-expanded", "true");
    form.elements.box.focus();
    figure.scrollIntoView({ block: "nearest" });
  });
  form.querySelector("[data-stop]").addEventListener("click", () => { stop(); button.focus(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !form.hidden) { stop(); button.focus(); } });
  svg.addEventListener("pointerdown", (event) => {
    if (form.hidden) return;
    from = at(event);
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointermove", (event) => { if (from) show(box(at(event))); });
  svg.addEventListener("pointerup", (event) => {
    if (!from) return;
    const drawn = box(at(event));
    from = null;
    if (Math.min(drawn[2], drawn[3]) < LEAST) return;
    form.elements.box.value = drawn.join(", ");
    form.elements.name.focus();
  });
  form.elements.box.addEventListener("input", () => {
    const typed = form.elements.box.value.split(",").map(Number);
    if (typed.length === 4 && typed.every(Number.isFinite)) show(typed);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { box: form.elements.box.value.split(",").map(Number) };
    if (form.elements.name.value.trim()) body.name = form.elements.name.value;
    const add = form.querySelector("button");
    add.disabled = true;
    try {
      const drawn = await decide(`/api/v1/photos/${figure.dataset.photo}/faces`, body);
      if (drawn) { said(form, drawn.decided); stop(); refresh(); }
    } catch (problem) {
      failed(problem);
    }
    add.disabled = false;
  });
}
