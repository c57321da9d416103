// Review: one key answers, and the next question is there at once.
import { send } from "./api.js";
import { refresh } from "./live.js";
import { failed, toast, undoAct } from "./messages.js";
import { text } from "./api.js";

let busy = false;

function skipped(key) {
  const address = new URL(location.href);
  address.searchParams.append("skip", key);
  while (address.searchParams.getAll("skip").length > 150) {
    const kept = address.searchParams.getAll("skip").slice(1);
    address.searchParams.delete("skip");
    for (const one of kept) address.searchParams.append("skip", one);
  }
  history.replaceState(null, "", address);
}

async function answer(button) {
  const question = document.querySelector("[data-question]");
  if (!question || busy) return;
  busy = true;
  try {
    if (button.dataset.skip !== undefined) {
      skipped(question.dataset.question);
    } else {
      const decided = await send("POST", "/api/v1/review/answer", { ...JSON.parse(question.dataset.asked), answer: button.dataset.answer });
      toast(text("done"), decided.act);
    }
  } catch (problem) {
    failed(problem);
  }
  await refresh();
  busy = false;
}

export function start() {
  if (location.pathname !== "/review") return;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-answer], [data-skip]");
    if (button) answer(button);
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-undo-last]")) undoAct(null); });
}
