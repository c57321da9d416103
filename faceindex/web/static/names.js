// Names that somebody may be typing, of everybody in the library, for the fields that name people.
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
    if (!field.matches?.('input[name="name"]')) return;
    Object.assign(field, { maxLength: 500, dir: "auto", autocomplete: "off", autocapitalize: "words", spellcheck: false });
    field.setAttribute("list", list.id);
    ask(field);
  });
}
