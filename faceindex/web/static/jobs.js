// Long work: how far it is, on the page Status; a word when it ends, on every page.
import { send, text } from "./api.js";
import { failed, toast } from "./messages.js";

const running = new Set();

export function onJob(job) {
  const ended = ["done", "failed", "cancelled"].includes(job.state);
  if (ended && running.delete(job.id) && job.state !== "cancelled") {
    toast(job.state === "done" ? text("job_done", { kind: job.kind }) : text("job_failed", { kind: job.kind, detail: job.error ?? "" }));
  }
  if (!ended) running.add(job.id);
  const list = document.getElementById("jobs");
  if (list) show(list, job, ended);
}

function show(list, job, ended) {
  let item = document.getElementById(`job-${job.id}`);
  if (!item) {
    item = document.createElement("li");
    item.id = `job-${job.id}`;
    item.append(document.createElement("span"), document.createElement("div"), document.createElement("span"));
    list.prepend(item);
  }
  const [name, place, end] = item.children;
  name.textContent = job.kind;
  if (ended) {
    place.textContent = job.state === "failed" ? job.error : `${job.state}${job.failed ? `, ${job.failed} failed` : ""}`;
    end.replaceChildren();
    return;
  }
  let bar = place.querySelector("progress");
  if (!bar) { bar = document.createElement("progress"); bar.setAttribute("aria-label", job.kind); place.replaceChildren(bar); }
  if (job.total) { bar.max = job.total; bar.value = job.done; } else bar.removeAttribute("value");
  name.textContent = `${job.kind} ${job.stage}`;
  if (!end.firstChild && list.dataset.cancel) {
    const cancel = document.createElement("button");
    Object.assign(cancel, { className: "quiet", textContent: list.dataset.cancel });
    cancel.addEventListener("click", () => send("DELETE", `/api/v1/jobs/${job.id}`).catch(failed));
    end.append(cancel);
  }
}
