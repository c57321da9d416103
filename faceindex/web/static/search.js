// Search: a photo is dropped, pasted or chosen, or faces of the library are searched with; one face's matches are shown.
import { Problem, send, text } from "./api.js";
import { failed } from "./messages.js";
import { show as showSelection } from "./selection.js";

const NS = "http://www.w3.org/2000/svg";
const MOST = 120;

let photo = null;
let found = null;
let chosen = 0;

// What the photo, or the faces of the library from which the page was opened, resemble.
async function ask(from, threshold) {
  const near = threshold === undefined ? "" : `&threshold=${threshold}`;
  if (from) return { faces: [await send("GET", `${from}?k=${MOST}${near}`)] };
  const body = new FormData();
  body.append("photo", photo);
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  const answer = await fetch(`/api/v1/search?k=${MOST}${near}`, { method: "POST", headers: { "X-CSRF-Token": csrf }, body });
  if (!answer.ok) throw new Problem(await answer.json());
  return answer.json();
}

export function start() {
  const form = document.getElementById("search");
  if (!form) return;
  const page = document.getElementById("searched");
  const picture = page.querySelector("figure img");
  const boxes = page.querySelector("figure svg");
  const said = page.querySelector("[data-said]");
  const near = page.querySelector('[name="near"]');
  const list = document.getElementById("matches");
  let from = page.dataset.from;

  async function search(file) {
    if (file) {
      photo = file;
      from = "";
      page.dataset.from = "";
      URL.revokeObjectURL(picture.src);
      picture.src = URL.createObjectURL(file);
      form.classList.add("small");
    }
    chosen = 0;
    near.value = 1;
    boxes.replaceChildren();
    list.replaceChildren();
    page.hidden = false;
    said.textContent = text("searching");
    try {
      found = await ask(from);
    } catch (problem) {
      if (problem.kind === "no-face-found") said.textContent = text("no_face");
      else if (problem.kind === "not-ready") { said.textContent = text("preparing"); setTimeout(search, 3000, null); }
      else { page.hidden = Boolean(file); said.textContent = ""; failed(problem); }
      return;
    }
    const area = ({ box }) => box[2] * box[3];
    chosen = found.faces.reduce((best, face, number) => (area(face) > area(found.faces[best]) ? number : best), 0);
    show();
  }

  function show() {
    if (!from) {
      boxes.setAttribute("viewBox", `0 0 ${found.width} ${found.height}`);
      boxes.replaceChildren(...found.faces.map((face, number) => boxOf(face.box, number)));
    }
    const face = found.faces[chosen];
    const matches = face.matches;
    const several = found.faces.length > 1 ? `${text("which", { n: found.faces.length })}. ` : "";
    const missing = face.unsearched ? ` ${text("unsearched", { n: face.unsearched })}` : "";
    said.textContent = several + (matches.length ? text("matches", { n: matches.length }) : text("no_match")) + missing;
    said.classList.toggle("warning", Boolean(missing));
    list.replaceChildren(...matches.map(tile));
    showSelection();
  }

  function boxOf([x, y, width, height], number) {
    const link = document.createElementNS(NS, "a");
    link.setAttribute("href", "#matches");
    link.setAttribute("aria-label", text("face", { face: String(number + 1) }));
    if (number === chosen) { link.classList.add("lit"); link.setAttribute("aria-current", "true"); }
    for (const kind of ["halo", "box"]) {
      const rect = document.createElementNS(NS, "rect");
      rect.classList.add(kind);
      for (const [name, value] of Object.entries({ x, y, width, height })) rect.setAttribute(name, value);
      link.append(rect);
    }
    link.addEventListener("click", (event) => { event.preventDefault(); chosen = number; near.value = 1; show(); });
    return link;
  }

  function tile(match) {
    const item = document.createElement("li");
    item.className = "tile";
    item.dataset.item = match.face;
    const link = document.createElement("a");
    link.href = `/faces/${match.face}`;
    const crop = document.createElement("img");
    const face = String(match.face);
    const alt = match.person ? text("face_of", { face, person: match.person }) : text("face", { face });
    Object.assign(crop, { className: "crop", src: `/api/v1/faces/${face}/crop`, alt, width: 128, height: 128, loading: "lazy" });
    link.append(crop);
    item.append(link);
    if (list.dataset.select) {
      const label = document.createElement("label");
      label.className = "pick";
      const box = document.createElement("input");
      Object.assign(box, { type: "checkbox", name: "face", value: face });
      box.setAttribute("aria-label", list.dataset.select.replace("{face}", face));
      label.append(box);
      item.append(label);
    }
    const name = document.createElement("span");
    Object.assign(name, { className: match.person ? "name" : "name nobody", dir: "auto", textContent: match.person ?? list.dataset.person });
    const under = document.createElement("span");
    under.className = "under";
    const sure = match.confidence === null ? "" : `${text("sure", { percent: Math.round(match.confidence * 100) })} · `;
    under.textContent = sure + match.distance.toFixed(2);
    item.append(name, under);
    return item;
  }

  async function again() {
    const usual = found?.faces[chosen].usual ?? found?.faces[chosen].threshold;
    if (!usual) return;
    said.textContent = text("searching");
    try {
      const looked = await ask(from, usual * Number(near.value));
      looked.faces.forEach((face, number) => { face.usual = found.faces[number].usual ?? found.faces[number].threshold; });
      found = looked;
      show();
    } catch (problem) {
      failed(problem);
    }
  }

  near.addEventListener("change", again);
  document.addEventListener("decided", again);
  for (const input of form.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => { if (input.files[0]) search(input.files[0]); });
  }
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
    if (file) search(file);
  });
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => { event.preventDefault(); form.classList.add("over"); });
  }
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    if (event.dataTransfer.files[0]) search(event.dataTransfer.files[0]);
  });
  if (from) search(null);
}
