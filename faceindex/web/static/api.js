// Requests to the API, and what can go wrong with them.

export const texts = JSON.parse(document.body.dataset.texts);

export function text(key, values = {}) {
  const form = typeof texts[key] === "string" ? texts[key] : texts[key][values.n === 1 ? "one" : "other"];
  return form.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export class Problem extends Error {
  constructor(problem) {
    super(problem.detail || problem.title);
    this.kind = problem.type.split(":").pop();
  }
}

export async function send(method, path, body) {
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  const headers = { "X-CSRF-Token": csrf };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem({ type: "offline", title: text("offline") });
  }
  if (answer.status === 401 && !path.endsWith("/session")) location.reload();
  if (!answer.ok) throw new Problem(await answer.json());
  return answer.status === 204 ? null : answer.json();
}
