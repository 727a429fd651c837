// The registry of keys: pages register, this module listens, and "?" lists what there is.
// Single letters can be switched off (WCAG 2.1.4); the choice is kept in localStorage.

const keys = new Map();          // key -> what it does
const OFF = "tailrace.letters-off";

/** Call `run(event)` when one of the `names` (as in event.key, with spaces between) is pressed outside of a text field. */
export function register(names, run) {
  for (const name of names.split(" ")) keys.set(name, run);
}

const lettersOff = () => {
  try { return localStorage.getItem(OFF) === "1"; } catch { return false; }
};

const typing = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select"));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  if (event.key.length === 1 && event.key !== "?" && lettersOff()) return;
  const run = keys.get(event.key);
  if (run && run(event) !== false) event.preventDefault();
});

async function showKeys() {
  const dialog = document.getElementById("keys");
  if (!dialog.firstElementChild) {
    const answer = await fetch("/keys", { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    dialog.innerHTML = await answer.text();
    const box = dialog.querySelector("[data-letters]");
    box.checked = !lettersOff();
    box.closest("label").hidden = false;
    box.addEventListener("change", () => {
      try { localStorage.setItem(OFF, box.checked ? "0" : "1"); } catch { /* private window: only this page */ }
    });
  }
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys]")) {
    event.preventDefault();
    showKeys();
  } else if (event.target.closest("[data-close]") || event.target.matches("dialog")) {
    event.target.closest("dialog")?.close();
  }
});

register("?", showKeys);
register("t", () => document.querySelector("[data-theme-form] button").click());
register("/", () => {
  const box = document.querySelector("[data-query]");
  if (!box) {
    const back = document.querySelector("[data-back]")?.href ?? "/traces";
    location.href = `${back}#q`;
    return;
  }
  box.focus();
  box.select();
});
