// Long work: how far it is, on the pages Jobs and Status; a word when it ends, on every page.
import { locale, send, text, texts } from "./api.js";
import { failed, toast } from "./messages.js";
import { refresh } from "./live.js";

const QUIET = ["suggestions", "audit"];  // made for a page, which shows them itself
const running = new Set();

const called = (kind) => (texts[`job_${kind}`] ? text(`job_${kind}`) : kind);

export function onJob(job) {
  const ended = ["done", "failed", "cancelled"].includes(job.state);
  if (ended && running.delete(job.id)) {
    if (QUIET.includes(job.kind)) refresh();
    if (job.state === "failed") toast(text("job_failed", { kind: called(job.kind), detail: job.error ?? "" }));
    else if (job.state === "done" && !QUIET.includes(job.kind)) toast(text("job_done", { kind: called(job.kind) }));
  }
  if (!ended) running.add(job.id);
  const list = document.getElementById("jobs");
  if (list) show(list, job, ended);
  document.getElementById("no-jobs")?.toggleAttribute("hidden", true);
}

const left = (seconds) => {
  const [value, unit] = seconds < 90 ? [seconds, "second"] : seconds < 5400 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 }).format(value);
};

function figures(job, ended) {
  const found = [];
  if (job.kind === "ingest" || job.done) found.push(job.total ? text("job_of", { done: job.done, total: job.total }) : text("job_steps", { n: job.done }));
  if (job.faces) found.push(text("job_faces", { n: job.faces }));
  if (job.failed) found.push(text("job_unread", { n: job.failed }));
  if (!ended && job.rate) found.push(text("job_rate", { rate: Math.round(job.rate * 10) / 10 }));
  if (!ended && job.seconds_left) found.push(text("job_left", { time: left(job.seconds_left) }));
  return found.join(" · ");
}

function show(list, job, ended) {
  let item = document.getElementById(`job-${job.id}`);
  if (!item) {
    item = document.createElement("li");
    item.id = `job-${job.id}`;
    for (const name of ["strong", "div", "span"]) item.append(document.createElement(name));
    const [bar, said] = [document.createElement("progress"), document.createElement("span")];
    bar.setAttribute("aria-label", called(job.kind));
    said.className = "under";
    item.children[1].append(bar, said);
    const later = [...list.children].find((one) => Number(one.id.slice(4)) < Number(job.id));
    list.insertBefore(item, later ?? null);
  }
  const [name, place, end] = item.children;
  const [bar, said] = place.children;
  name.textContent = called(job.kind);
  bar.hidden = ended;
  if (job.total) { bar.max = job.total; bar.value = job.done; } else bar.removeAttribute("value");
  const state = ended ? text(`job_state_${job.state}`) : job.stage;
  said.textContent = [job.state === "failed" ? job.error : state, figures(job, ended)].filter(Boolean).join(" · ");
  item.classList.toggle("failed", job.state === "failed");
  if (ended) { end.replaceChildren(); return; }
  if (!end.firstChild && list.dataset.cancel) {
    const cancel = document.createElement("button");
    Object.assign(cancel, { className: "quiet", textContent: list.dataset.cancel });
    cancel.addEventListener("click", () => send("DELETE", `/api/v1/jobs/${job.id}`).catch(failed));
    end.append(cancel);
  }
}
