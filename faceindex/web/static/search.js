// Search: a photo is dropped, pasted or chosen; each of its faces is searched for, and one is shown.
import { Problem, text } from "./api.js";
import { failed } from "./messages.js";

const NS = "http://www.w3.org/2000/svg";
const MOST = 120;

let photo = null;
let found = null;
let chosen = 0;

async function ask(threshold) {
  const body = new FormData();
  body.append("photo", photo);
  const near = threshold === undefined ? "" : `&threshold=${threshold}`;
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  const answer = await fetch(`/api/v1/search?k=${MOST}${near}`, { method: "POST", headers: { "X-CSRF-Token": csrf }, body });
  if (!answer.ok) throw new Problem(await answer.json());
  return answer.json();
}

export function start() {
  const form = document.getElementById("search");
  if (!form) return;
  const page = document.getElementById("searched");
  const picture = page.querySelector("img");
  const boxes = page.querySelector("svg");
  const said = page.querySelector("[data-said]");
  const near = page.querySelector('[name="near"]');
  const list = document.getElementById("matches");

  async function search(file) {
    photo = file;
    chosen = 0;
    near.value = 1;
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(file);
    boxes.replaceChildren();
    list.replaceChildren();
    page.hidden = false;
    said.textContent = text("searching");
    try {
      found = await ask();
    } catch (problem) {
      if (problem.kind === "no-face-found") said.textContent = text("no_face");
      else { page.hidden = true; failed(problem); }
      return;
    }
    const area = ({ box }) => box[2] * box[3];
    chosen = found.faces.reduce((best, face, number) => (area(face) > area(found.faces[best]) ? number : best), 0);
    show();
  }

  function show() {
    boxes.setAttribute("viewBox", `0 0 ${found.width} ${found.height}`);
    boxes.replaceChildren(...found.faces.map((face, number) => boxOf(face.box, number)));
    const face = found.faces[chosen];
    const matches = face.matches;
    const several = found.faces.length > 1 ? `${text("which", { n: found.faces.length })}. ` : "";
    said.textContent = several + (matches.length ? text("matches", { n: matches.length }) : text("no_match"));
    list.replaceChildren(...matches.map(tile));
  }

  function boxOf([x, y, width, height], number) {
    const link = document.createElementNS(NS, "a");
    link.setAttribute("href", "#matches");
    link.setAttribute("aria-label", text("face", { face: number + 1 }));
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
    const link = document.createElement("a");
    link.href = `/faces/${match.face}`;
    const crop = document.createElement("img");
    const alt = match.person ? text("face_of", match) : text("face", match);
    Object.assign(crop, { className: "crop", src: `/api/v1/faces/${match.face}/crop`, alt, width: 128, height: 128, loading: "lazy" });
    link.append(crop);
    const name = document.createElement("span");
    Object.assign(name, { className: "name", dir: "auto", textContent: match.person ?? list.dataset.person });
    const under = document.createElement("span");
    under.className = "under";
    const sure = match.confidence === null ? "" : ` · ${text("sure", { percent: Math.round(match.confidence * 100) })}`;
    under.textContent = match.distance.toFixed(3) + sure;
    item.append(link, name, under);
    return item;
  }

  near.addEventListener("change", async () => {
    const usual = found?.faces[chosen].usual ?? found?.faces[chosen].threshold;
    if (!usual) return;
    said.textContent = text("searching");
    try {
      const again = await ask(usual * Number(near.value));
      again.faces.forEach((face, number) => { face.usual = found.faces[number].usual ?? found.faces[number].threshold; });
      found = again;
      show();
    } catch (problem) {
      failed(problem);
    }
  });
  form.elements.photo.addEventListener("change", () => { if (form.elements.photo.files[0]) search(form.elements.photo.files[0]); });
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
}
