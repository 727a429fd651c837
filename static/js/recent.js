// The last queries, kept in this browser and offered as links below the box while it is empty and has the focus.

const KEPT = "tailrace.recent";
const MOST = 10;
const LONGEST = 500;  // characters of a query worth keeping

const box = () => document.querySelector("[data-query]");
const panel = () => document.querySelector("[data-recent]");

function recent() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT));
    return kept.filter((text) => typeof text === "string").slice(0, MOST);
  } catch { return []; }  // none yet, or a private window
}

function keep(texts) {
  try { localStorage.setItem(KEPT, JSON.stringify(texts)); } catch { /* they last as long as the page */ }
}

/** The query of the page in front, once; one that could not be read is not worth coming back to. */
function remember() {
  const text = box()?.getAttribute("value");
  if (!text || text.length > LONGEST || box().ariaInvalid === "true") return;
  keep([text, ...recent().filter((other) => other !== text)].slice(0, MOST));
}

function link(text) {
  const url = new URL("/traces", location.href);
  for (const [name, value] of new URLSearchParams(location.search)) if (name !== "page") url.searchParams.set(name, value);
  url.searchParams.set("q", text);
  const made = document.createElement("a");
  made.href = url.href;
  made.textContent = made.title = text;
  return made;
}

function show() {
  const texts = recent();
  if (!panel() || !texts.length || box().value) return hide();
  const title = document.createElement("h3");
  title.textContent = "Recent";
  const forget = document.createElement("button");
  forget.type = "button";
  forget.className = "link";
  forget.textContent = "Forget these";
  forget.addEventListener("click", () => { keep([]); box().focus(); hide(); });
  panel().replaceChildren(title, ...texts.map(link), forget);
  panel().hidden = false;
}

function hide() {
  if (panel()) panel().hidden = true;
}

const inside = (element) => Boolean(element && (element === box() || panel()?.contains(element)));

document.addEventListener("focusin", (event) => { if (event.target === box()) show(); });
document.addEventListener("focusout", (event) => { if (inside(event.target) && !inside(event.relatedTarget)) hide(); });
document.addEventListener("input", (event) => { if (event.target === box()) show(); });
document.addEventListener("pointerdown", (event) => { if (panel()?.contains(event.target)) event.preventDefault(); });  // the box keeps the focus

// Before the suggestions, which would open on the same arrow.
document.addEventListener("keydown", (event) => {
  if (!panel() || panel().hidden || !inside(event.target)) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const stops = [box(), ...panel().querySelectorAll("a, button")];
    stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(event.target) + step))].focus();
  } else if (event.key === "Escape" && event.target !== box()) {
    box().focus();
    hide();
  } else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

function arrived() {
  remember();
  if (document.activeElement === box()) show();
}

document.addEventListener("htmx:after:swap", arrived);
arrived();
