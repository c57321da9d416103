// Forms and buttons that change something: `data-post` says where, `data-body` and the fields say what.
import { Problem, send, text } from "./api.js";
import { refresh } from "./live.js";
import { ask, failed, toast } from "./messages.js";
import * as selection from "./selection.js";

const list = (value) => String(value).split(",").map(Number);

// The forms of People, of which there are many, say only their album.
const namesAlbum = (form) => form.dataset.album && { album: Number(form.dataset.album), name: form.elements.name.value };

function bodyOf(form) {
  const body = { ...JSON.parse(form.dataset.body ?? "{}"), ...Object.fromEntries(new FormData(form)) };
  for (const name of (form.dataset.numbers ?? "").split(" ").filter(Boolean)) body[name] = Number(body[name]);
  for (const name of (form.dataset.lists ?? "").split(" ").filter(Boolean)) body[name] = list(body[name]);
  return body;
}

// Posts, and asks before two people become one. Returns the decision, or null when the user said no.
export async function decide(path, body) {
  try {
    return await send("POST", path, body);
  } catch (problem) {
    const joins = problem.kind === "name-in-use" || (path.endsWith("/rename") && /called/.test(problem.message));
    if (!joins || body.merge) throw problem;
    const said = await ask(text("somebody", { name: body.name }), { yes: text("same_person") });
    return said ? send("POST", path, { ...body, merge: true }) : null;
  }
}

// Says what was done; several acts, of several people's faces, are undone together.
export function said(element, decided) {
  const all = [decided].flat();
  const key = element.dataset.done ?? "done";
  const person = all[0]?.renamed ?? all[0]?.person ?? "";
  toast(text(key, { person }), key === "undone" ? null : all.map((one) => one.act));
}

async function act(element, path, body, items) {
  const leaving = element.dataset.leaves !== undefined ? items : [];
  for (const item of leaving) item.hidden = true;  // at once; it comes back when the server says no
  try {
    const answer = await decide(path, body);
    if (answer === null) { for (const item of leaving) item.hidden = false; return; }
    if (element.dataset.job === undefined) said(element, answer.decided ?? answer);
    if (element instanceof HTMLFormElement) for (const input of element.querySelectorAll("input:not([type=hidden])")) input.value = input.defaultValue;
    if (element.dataset.then) { location.assign(element.dataset.then); return; }
    for (const menu of document.querySelectorAll("details[open].acts")) menu.open = false;
    selection.clear();
    document.dispatchEvent(new Event("decided"));
    refresh();
  } catch (problem) {
    for (const item of leaving) item.hidden = false;
    failed(problem);
  }
}

async function actOnSelected(button) {
  const faces = selection.values().map(Number);
  const body = { ...JSON.parse(button.dataset.body ?? "{}") };
  if (button.dataset.one === undefined) body.faces = faces;
  if (button.dataset.ask) {
    const name = await ask(text("whose"), { yes: text("save"), field: "name", label: text("name") });
    if (name === null) return;
    body.name = name;
  }
  await act(button, button.dataset.selected.replace("{face}", faces[0]), body, selection.tiles());
}

// Many people and albums become one; how many faces that are is said first.
async function mergeSelected(button) {
  const groups = selection.values().map((value) => {
    const [kind, id] = value.split(":");
    return kind === "album" ? { album: Number(id) } : { person: id };
  });
  const named = groups.some((one) => one.person);
  groups.sort((one, other) => Boolean(other.person) - Boolean(one.person));
  const [path, body] = named ? ["/api/v1/people/merge", { people: groups }] : ["/api/v1/albums/merge", { albums: groups.map((one) => one.album) }];
  try {
    const { price, person } = await send("POST", path, { ...body, dry_run: true });
    const faces = price.joins.reduce((sum, one) => sum + one.faces, 0);
    const photos = price.joins.reduce((sum, one) => sum + one.photos, 0);
    const asked = text(person ? "merge_into" : "merge", { n: groups.length, faces, photos, person });
    if (!(await ask(asked, { yes: text("same_person") }))) return;
  } catch (problem) {
    failed(problem);
    return;
  }
  await act(button, path, body, []);
}

async function forget(button) {
  const path = `/api/v1/people/${button.dataset.forget}/forget`;
  const person = button.dataset.name;
  try {
    const planned = await send("POST", path, {});
    const said = [["erase_faces", planned.faces], ["erase_photos", planned.photos], ["erase_kept", planned.kept_photos]];
    const first = [...said.filter(([, n]) => n).map(([what, n]) => text(what, { person, n })), text("erase_files")].join(" ");
    if (!(await ask(first, { yes: text("continue") }))) return;
    if (!(await ask(text("erase_2", { person }), { yes: text("erase"), danger: true }))) return;
    await send("POST", path, { confirm: planned.confirm });
    location.assign("/people");
  } catch (problem) {
    failed(problem);
  }
}

async function invite() {
  try {
    const { path } = await send("POST", "/api/v1/session/invitation", {});
    await ask(text("invited"), { yes: null, address: location.origin + path });
  } catch (problem) {
    failed(problem);
  }
}

async function signIn(form) {
  try {
    await send("POST", "/api/v1/session", { password: form.elements.password.value });
    location.assign("/people");
  } catch (problem) {
    failed(problem);
    form.elements.password.select();
  }
}

export function start() {
  selection.start();
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.id === "login") { event.preventDefault(); signIn(form); }
    if (form.id === "selection") event.preventDefault();
    if (form.dataset.album) {
      event.preventDefault();
      Object.assign(form.dataset, { done: "named", leaves: "" });
      act(form, "/api/v1/people/name", namesAlbum(form), [form.closest("[data-item]")]);
    }
    if (!form.dataset.post) return;
    event.preventDefault();
    act(form, form.dataset.post, bodyOf(form), [form.closest("[data-item]")].filter(Boolean));
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.post) act(button, button.dataset.post, JSON.parse(button.dataset.body ?? "{}"), [button.closest("[data-item]")].filter(Boolean));
    if (button.dataset.selected) actOnSelected(button);
    if (button.dataset.look) location.assign(button.dataset.look.replace("{face}", selection.values()[0]));
    if (button.dataset.merge !== undefined) mergeSelected(button);
    if (button.dataset.clear !== undefined) selection.clear();
    if (button.dataset.forget) forget(button);
    if (button.dataset.invite !== undefined) invite();
    if (button.dataset.signOut !== undefined) send("DELETE", "/api/v1/session").then(() => location.assign("/login"), failed);
  });
}

export { Problem };
