// What fields offer: names that somebody may be typing, of everybody in the library, and the folders of photos.
let asked = "";

export function start() {
  const list = document.getElementById("names");
  const ask = async (field) => {
    const like = field.value.trim();
    if (like === asked && list.children.length) return;
    asked = like;
    try {
      const answer = await fetch(`/api/v1/names?limit=8&like=${encodeURIComponent(like)}`);
      if (!answer.ok || like !== asked) return;
      list.replaceChildren(...(await answer.json()).map((name) => {
        const option = document.createElement("option");
        option.value = name;
        return option;
      }));
    } catch { /* names are a help and no more */ }
  };
  let waiting = null;
  document.addEventListener("input", (event) => {
    if (!event.target.matches?.('input[list="names"]')) return;
    clearTimeout(waiting);
    waiting = setTimeout(ask, 80, event.target);
  });
  document.addEventListener("focusin", (event) => {
    const field = event.target;
    if (!field.matches?.('input[name="name"], input[data-names]')) return;
    Object.assign(field, { maxLength: 500, dir: "auto", autocomplete: "off", autocapitalize: "words", spellcheck: false });
    field.setAttribute("list", list.id);
    ask(field);
  });
  const filters = document.querySelector("details.filters");
  if (filters?.open) offerFolders(filters);
  else filters?.addEventListener("toggle", () => offerFolders(filters), { once: true });
}

const MOST_FOLDERS = 2000;  // a longer list is no help

async function offerFolders(filters) {
  const list = filters.querySelector("select[data-folders]");
  const answer = await fetch("/api/v1/folders");
  if (!answer.ok) return;
  let folders = await answer.json();
  if (folders.length > MOST_FOLDERS) folders = folders.filter(({ photos }) => photos > 1).slice(0, MOST_FOLDERS);
  for (const { id, path, photos } of folders) {
    const shown = `${path} (${photos.toLocaleString(document.documentElement.lang)})`;
    if (id === list.value) list.selectedOptions[0].text = shown;
    else list.add(new Option(shown, id));
  }
  list.parentElement.hidden = list.length <= 2;
}
