// The view of a trace (toolbar, overview, rows): replaced as a whole when its state changes, and brought to life again.

import { wentElsewhere, write } from "./address.js";
import { Waterfall } from "./waterfall.js";

let current = null;      // the Waterfall of the #view in the document
let asking = null;       // AbortController of a view on its way

/** The rows now shown. */
export const waterfall = () => current;

/** `y` is where the window stood, if this view takes the place of another. */
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
  const opened = new URL(location.href).searchParams.get("span");  // may have changed since the link was made
  if (opened) target.searchParams.set("span", opened);
  else target.searchParams.delete("span");
  if (keepRow && !back && current) target.searchParams.set("row", String(current.firstRow()));
  const held = focus ?? document.activeElement?.closest?.("tr.r")?.id.slice(1);
  const asked = new URL(target);
  if (held && !keepRow) asked.searchParams.set("at", held);
  asking?.abort();
  asking = new AbortController();
  const view = document.getElementById("view");
  view.setAttribute("aria-busy", "true");
  let answer, text;
  try {
    answer = await fetch(asked, { headers: { "HX-Request": "true" }, signal: asking.signal });
    text = await answer.text();
  } catch (error) {
    if (error.name !== "AbortError") document.dispatchEvent(new CustomEvent("tailrace:lost"));
    return;
  }
  document.dispatchEvent(new CustomEvent("tailrace:found"));
  if (!answer.ok) { location.href = target; return; }
  const field = document.activeElement?.matches?.("#view input") ? document.activeElement.name : null;
  const y = back ? undefined : scrollY;
  const made = document.createElement("template");
  made.innerHTML = text;
  const { url: address } = made.content.getElementById("view").dataset;
  if (!back) current?.keepPlace();
  if (push && address !== location.pathname + location.search) write(address, { push });
  view.replaceWith(made.content);
  start(y);
  if (field) document.querySelector(`#view input[name="${field}"]`)?.focus({ preventScroll: true });
  else if (held && keepRow) document.getElementById(`s${held}`)?.focus({ preventScroll: !focus });
}

addEventListener("popstate", () => {
  if (current && wentElsewhere()) visit(location.href, { back: true });
});

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("#view > :not(.more) a[href]");
  if (!link || new URL(link.href).pathname !== location.pathname) return;
  event.preventDefault();
  const [now, then] = [location.href, link.href].map((href) => new URL(href).searchParams);
  const moves = ["depth", "errors"].some((name) => now.get(name) !== then.get(name));
  const row = link.closest("tr.r");
  visit(link.href, { keepRow: !moves, focus: row?.id.slice(1), push: !row });
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
