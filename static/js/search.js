// The query box: colours while typing, suggestions, j and k through the results. Without it the box is a plain input.

import { copyLink } from "./copy.js";
import "./recent.js";
import { register } from "./shortcuts.js";

let timer;
let asked;

const box = () => document.querySelector("[data-query]");
const list = () => document.getElementById("suggestions");
const layer = () => document.querySelector("[data-layer]");

function follow() {
  const input = box();
  if (input) layer().style.transform = `translateX(${-input.scrollLeft}px)`;
}

async function refresh() {
  const input = box();
  const text = input.value;
  asked?.abort();
  asked = new AbortController();
  const url = `/suggest?${new URLSearchParams({ q: text, at: input.selectionStart ?? text.length })}`;
  try {
    const answer = await fetch(url, { signal: asked.signal });
    if (!answer.ok || box()?.value !== text) return;
    const { line, completions, said } = await answer.json();
    layer().innerHTML = line;
    offer(completions, said);
    follow();
  } catch { /* aborted, or the server is gone: the box works without */ }
}

function offer(completions, said) {
  const items = completions.map(({ text, at, words, count }, index) => {
    const item = document.createElement("li");
    item.setAttribute("role", "option");
    item.id = `suggestion-${index}`;
    item.dataset.text = text;
    item.dataset.at = at;
    const name = document.createElement("span");
    name.textContent = words;
    const number = document.createElement("span");
    number.className = "count";
    number.textContent = count;
    item.append(name, number);
    return item;
  });
  list().replaceChildren(...items);
  list().dataset.said = said;
  show(items.length > 0 && document.activeElement === box());
}

function show(visible) {
  list().hidden = !visible;
  box()?.setAttribute("aria-expanded", String(visible));
  if (!visible) box()?.removeAttribute("aria-activedescendant");
}

function move(step) {
  const items = [...list().children];
  const at = items.findIndex((item) => item.ariaSelected === "true");
  const next = items[(at + step + items.length + (at < 0 && step < 0 ? 1 : 0)) % items.length];
  for (const item of items) item.ariaSelected = String(item === next);
  box().setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

function take(item) {
  const input = box();
  input.value = item.dataset.text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
  input.setSelectionRange(Number(item.dataset.at), Number(item.dataset.at));
  input.focus();
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-query]")) return;
  layer().textContent = event.target.value;
  follow();
  clearTimeout(timer);
  timer = setTimeout(refresh, 90);
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("[data-query]")) return;
  const open = !list().hidden && list().childElementCount > 0;
  if (event.key === "ArrowDown" && !open) refresh();
  else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && open) {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if ((event.key === "Enter" || event.key === "Tab") && open) {
    const chosen = list().querySelector('[aria-selected="true"]');
    if (chosen) { event.preventDefault(); take(chosen); } else show(false);
  } else if (event.key === "Escape" && open) {
    event.preventDefault();
    show(false);
  }
}, true);  // before the shortcuts: the first Escape closes the list, the second leaves the field

document.addEventListener("pointerdown", (event) => {
  const item = event.target.closest?.("#suggestions li");
  if (item) { event.preventDefault(); take(item); }
});
document.addEventListener("focusout", (event) => {
  if (!event.target.matches("[data-query]")) return;
  clearTimeout(timer);
  asked?.abort();  // or a late answer would open under whoever comes back, and take the next Escape
  show(false);
});
document.addEventListener("scroll", (event) => { if (event.target === box()) follow(); }, true);
document.addEventListener("selectionchange", () => { if (document.activeElement === box()) follow(); });
document.addEventListener("htmx:after:swap", () => { document.title = document.querySelector("[data-title]")?.dataset.title ?? document.title; });

function row(step) {
  const links = [...document.querySelectorAll("[data-results] .title")];
  const at = links.indexOf(document.activeElement);
  const next = links[Math.min(links.length - 1, Math.max(0, at + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
register("j", () => row(1));
register("k", () => row(-1));
register("y", copyLink);

// "/" on another page leads here
if (location.hash === "#q") box()?.focus();

// An empty field is no part of the address.
document.addEventListener("formdata", (event) => {
  if (!event.target.closest("[data-search], .range")) return;
  for (const [name, value] of [...event.formData]) if (value === "" && name !== "q") event.formData.delete(name);
});

// On a narrow window the filters start closed; without JavaScript they stay open.
const narrow = matchMedia("(max-width: 900px)");
if (narrow.matches) document.querySelector("[data-filters]")?.removeAttribute("open");
