// The view of a trace (toolbar, overview, rows): replaced as a whole when its state changes, and brought to life again.

import { KEPT, wentElsewhere, write } from "./address.js";
import { Waterfall, dressed } from "./waterfall.js";

const TOOLS = 88;        // px of the page's heads above the toolbar, once it sticks
let current = null;      // the Waterfall of the #view in the document
let asking = null;       // AbortController of a view on its way

const toolsOf = (view) => [...view.querySelectorAll(":is(.toolbar, .minimap, th) :is(a, input:not([type=hidden]), button)")];

/** The rows now shown; null in the other views. */
export const waterfall = () => current;

/** `y` is where the window stood, if this view takes the place of one of the same kind. */
export function start(y) {
  const box = document.querySelector("[data-waterfall]");
  const address = document.getElementById("view")?.dataset.url;  // folds may have opened, a time may be no time
  if (address) write(address + location.hash);
  current?.stop();
  current = box ? new Waterfall(box, y) : null;
}

/** Replace the view by that of `url` and keep the place. `focus` is the id of a span whose row gets the focus;
 * `push` makes an entry in the history, `back` says that the address is that of an older entry. */
export async function visit(url, { focus = null, keepRow = true, push = false, back = false } = {}) {
  const target = new URL(url, location.href);
  target.hash = "";
  const now = new URLSearchParams(location.search);  // these may have changed since the link was made
  for (const name of KEPT) now.get(name) ? target.searchParams.set(name, now.get(name)) : target.searchParams.delete(name);
  if (keepRow && !back && current) target.searchParams.set("row", String(current.firstRow()));
  const held = focus ?? document.activeElement?.closest?.("tr.r")?.id.slice(1);
  const asked = new URL(target);
  if (held && !keepRow) asked.searchParams.set("at", held);
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  const view = document.getElementById("view");
  view.setAttribute("aria-busy", "true");
  let answer, text;
  try {
    answer = await fetch(asked, { headers: { "HX-Request": "true" }, signal });
    text = await answer.text();
  } catch (error) {
    if (error.name !== "AbortError") document.dispatchEvent(new CustomEvent("tailrace:lost"));
    return;
  }
  document.dispatchEvent(new CustomEvent("tailrace:found"));
  if (!answer.ok) { location.href = target; return; }
  const y = back || !current ? undefined : scrollY;
  const number = toolsOf(view).indexOf(document.activeElement);
  const made = await dressed(text);
  if (signal.aborted) return;
  const { url: address } = made.getElementById("view").dataset;
  if (!back) current?.keepPlace();
  if (push && address !== location.pathname + location.search) write(address, { push });
  view.replaceWith(made);
  const shown = document.getElementById("view");
  if (!back && (!current || !shown.querySelector("[data-waterfall]"))) scrollTo(0, Math.min(scrollY, shown.offsetTop - TOOLS));
  start(y);
  const tool = toolsOf(shown)[number];
  if (tool?.closest(".menu")) tool.closest(".menu").open = true;
  tool?.focus({ preventScroll: true });
  if (held && keepRow) document.getElementById(`s${held}`)?.focus({ preventScroll: !focus });
}

addEventListener("popstate", () => {
  if (wentElsewhere()) visit(location.href, { back: true });
});

document.addEventListener("click", async (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("#view > :not(.more) a[href]");
  const target = link && new URL(link.getAttribute("href"), location.href);  // links in SVG have no text as href
  if (target?.pathname !== location.pathname) return;
  event.preventDefault();
  const [now, then] = [new URL(location.href), target].map((url) => url.searchParams);
  const moves = ["depth", "alike", "only", "root", "errors"].some((name) => now.get(name) !== then.get(name));
  const row = link.closest("tr.r");
  await visit(target, { keepRow: !moves, focus: row?.id.slice(1), push: !row });
  if (then.get("find") && now.get("find") !== then.get("find")) document.dispatchEvent(new CustomEvent("tailrace:seek", { detail: "find" }));
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("#view form");
  if (!form) return;
  event.preventDefault();
  const target = new URL(form.action);
  target.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
  await visit(target, { push: true });
  if (form.matches(".find")) document.dispatchEvent(new CustomEvent("tailrace:seek", { detail: "find" }));
});

// A checkbox that is a link answers to Space as checkboxes do.
document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches?.("a[role=checkbox]")) {
    event.preventDefault();
    event.target.click();
  }
});
