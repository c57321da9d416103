// Toasts, which say what was done and undo it, and dialogs, which ask.
import { send, text } from "./api.js";
import { refresh } from "./live.js";

const SHOWN_MS = 8000;
const region = document.getElementById("toasts");

export function toast(message, act) {
  const shown = document.createElement("div");
  shown.className = "toast";
  const words = document.createElement("span");
  words.textContent = message;
  shown.append(words);
  if (act) {
    const undo = document.createElement("button");
    undo.textContent = text("undo");
    undo.addEventListener("click", () => { shown.remove(); undoAct(act); });
    shown.append(undo);
  }
  while (region.children.length > 2) region.firstChild.remove();
  region.append(shown);
  let timer = setTimeout(() => shown.remove(), SHOWN_MS);
  const stay = () => clearTimeout(timer);
  const go = () => { stay(); timer = setTimeout(() => shown.remove(), SHOWN_MS); };
  for (const event of ["mouseenter", "focusin"]) shown.addEventListener(event, stay);
  for (const event of ["mouseleave", "focusout"]) shown.addEventListener(event, go);
}

// act: its id, several, or null for the newest one.
export async function undoAct(act) {
  try {
    for (const one of [act].flat().reverse()) await send("POST", "/api/v1/history/undo", one ? { act: one } : {});
    toast(text("undone"));
  } catch (problem) {
    failed(problem);
  }
  refresh();
}

export function failed(problem) {
  toast(text("failed", { detail: problem.message }));
}

// Asks in a dialog. fields: names of text fields. Resolves to their values, or null when it was cancelled.
export function ask(message, { yes, danger = false, field = null, label = "", address = null }) {
  const dialog = document.createElement("dialog");
  const form = document.createElement("form");
  form.method = "dialog";
  const words = document.createElement("p");
  words.textContent = message;
  words.id = "asked-for";
  dialog.setAttribute("aria-labelledby", words.id);
  form.append(words);
  if (address) {
    const shown = document.createElement("p");
    shown.className = "address";
    shown.textContent = address;
    form.append(shown);
  }
  let input = null;
  if (field) {
    const labelled = document.createElement("label");
    input = document.createElement("input");
    Object.assign(input, { name: field, required: true });
    labelled.append(label + " ", input);
    form.append(labelled);
  }
  const row = document.createElement("div");
  row.className = "row";
  if (yes) {
    const cancel = document.createElement("button");
    Object.assign(cancel, { type: "button", className: "quiet", textContent: text("cancel") });
    cancel.addEventListener("click", () => dialog.close(""));
    row.append(cancel);
  }
  const accept = document.createElement("button");
  Object.assign(accept, { value: "yes", textContent: yes || text("close"), className: danger ? "danger" : "" });
  row.append(accept);
  form.append(row);
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  (input || (danger ? row.firstChild : accept)).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes" ? (input ? input.value : true) : null);
    });
  });
}
