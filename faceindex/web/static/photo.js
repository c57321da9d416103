// The photo: boxes and names belong together, and a missed face is drawn, by pointer or by keys.
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

// The box after a key: arrows move it, with Shift they change its size; null for other keys.
function keyed([x, y, width, height], event, step, most) {
  const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
  if (!by) return null;
  const within = (value, low, high) => Math.round(Math.min(Math.max(value, low), high));
  if (event.shiftKey) return [x, y, within(width + by[0], LEAST, most[0] - x), within(height + by[1], LEAST, most[1] - y)];
  return [within(x + by[0], 0, most[0] - width), within(y + by[1], 0, most[1] - height), width, height];
}

function drawing(figure) {
  const svg = figure.querySelector("svg");
  const button = document.getElementById("draw");
  const form = document.getElementById("drawing");
  const shape = svg.querySelector(".drawing");
  const most = [Number(figure.dataset.width), Number(figure.dataset.height)];
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
  const written = () => {
    const typed = form.elements.box.value.split(",").map(Number);
    return form.elements.box.value.trim() && typed.length === 4 && typed.every(Number.isFinite) ? typed : null;
  };
  const put = (box) => { form.elements.box.value = box.join(", "); show(box); };
  const at = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [Math.min(Math.max(point.x, 0), most[0]), Math.min(Math.max(point.y, 0), most[1])];
  };
  const box = (to) => [Math.min(from[0], to[0]), Math.min(from[1], to[1]), Math.abs(from[0] - to[0]), Math.abs(from[1] - to[1])].map(Math.round);

  button.addEventListener("click", () => {
    if (!form.hidden) { stop(); return; }
    figure.classList.add("draws");
    form.hidden = false;
    button.setAttribute("aria-expanded", "true");
    svg.focus();
    figure.scrollIntoView({ block: "nearest" });
  });
  form.querySelector("[data-stop]").addEventListener("click", () => { stop(); button.focus(); });
  document.addEventListener("keydown", (event) => {
    if (form.hidden) return;
    if (event.key === "Escape") { stop(); button.focus(); return; }
    if (event.target !== svg) return;
    const side = Math.round(Math.min(...most) / 4);
    const now = written() ?? [Math.round((most[0] - side) / 2), Math.round((most[1] - side) / 2), side, side];
    const next = keyed(now, event, Math.max(1, Math.round(Math.min(...most) / (event.repeat ? 40 : 100))), most);
    if (next) { put(next); event.preventDefault(); }
    if (event.key === "Enter" && written()) { form.elements.name.focus(); event.preventDefault(); }
  });
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
    put(drawn);
    form.elements.name.focus();
  });
  form.elements.box.addEventListener("input", () => { if (written()) show(written()); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { box: written() };
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
