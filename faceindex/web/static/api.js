// Requests to the API, and what can go wrong with them.

const language = document.documentElement.lang;

// How the browser's user writes dates and numbers, where that is a kind of the language of the page.
export const locale = navigator.languages.find((one) => one.split("-")[0] === language) ?? language;

export const { texts } = await import(`./texts.${language}.js`);

const plurals = new Intl.PluralRules(locale);
const numbers = new Intl.NumberFormat(locale);

// The text of a key, in the form that its number `n` asks for; numbers are written as the language does.
export function text(key, values = {}) {
  const forms = texts[key];
  const form = typeof forms === "string" ? forms : forms[plurals.select(values.n)] ?? forms.other;
  const shown = (value) => (typeof value === "number" ? numbers.format(value) : value);
  return form.replace(/\{(\w+)\}/g, (whole, name) => shown(values[name]) ?? whole);
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
