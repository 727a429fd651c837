// Keys of the trace page. Rows are walked with roving focus; what needs the whole trace is asked of the server.

import { copyLink } from "./copy.js";
import { register } from "./shortcuts.js";
import { visit, waterfall } from "./view.js";
import { pan, scale } from "./zoom.js";

const focusedRow = () => {
  const fall = waterfall();
  const here = fall?.here();
  return here === null || here === undefined ? null : fall.row(here);
};

function step(by) {
  const fall = waterfall();
  if (!fall) return;
  const here = fall.here();
  fall.focusRow(here === null ? fall.inView()[0] : here + by);
}

function level(fall, row) {
  return Number(fall.row(row)?.getAttribute("aria-level")) || (fall.pane?.depth(row) ?? -1) + 1;
}

function left() {
  const row = focusedRow();
  if (!row) return step(0);
  const fold = row.querySelector(row.ariaExpanded === "true" ? ".caret" : "a.alike");
  if (fold) { fold.click(); return; }
  const fall = waterfall();
  const own = Number(row.getAttribute("aria-level"));
  for (let above = fall.here() - 1; above >= 0; above--) {
    const found = level(fall, above);
    if (found && found < own) { fall.focusRow(above); return; }
  }
}

function right() {
  const row = focusedRow();
  if (!row) return step(0);
  if (row.ariaExpanded === "false") row.querySelector(".caret").click();
  else if (row.ariaExpanded === "true") step(1);
}

function toggle() {
  const active = document.activeElement;
  if (active?.matches("a, button, summary")) return false;  // Enter is theirs
  const row = focusedRow();
  if (!row) return false;
  waterfall().toggle(row);
}

function close() {
  const fall = waterfall();
  const inside = document.activeElement?.closest?.("tr.detail");
  const row = inside?.previousElementSibling ?? focusedRow();
  if (row?.classList.contains("is-open")) {
    row.focus({ preventScroll: true });
    fall.toggle(row);
  } else if (new URL(location.href).searchParams.has("find")) {
    document.querySelector(".find .clear")?.click();
  }
}

/** The next or previous match (what: find), error or span on the path. Opens the folds that hide it. */
async function seek(what, back = false) {
  const fall = waterfall();
  if (!fall) return;
  const url = new URL(fall.box.dataset.find, location.href);
  const row = focusedRow();
  url.searchParams.set("what", what);
  if (row) url.searchParams.set("at", row.id.slice(1));
  if (back) url.searchParams.set("back", "1");
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok) return;
  const found = await answer.json();
  const count = document.querySelector("[data-found]");
  if (!found.total || found.row < 0) return;
  if (found.unfolds || found.row < fall.base || found.row >= fall.base + fall.count) {
    await visit(found.url, { keepRow: false, focus: found.span_id });
    await waterfall().focusRow(found.row - waterfall().base);
  } else {
    await fall.focusRow(found.row - fall.base);
  }
  const shown = what === "find" ? document.querySelector("[data-found]") ?? count : null;
  if (shown) shown.textContent = `${found.number.toLocaleString("en")} of ${found.total.toLocaleString("en")}`;
}
document.addEventListener("tailrace:seek", (event) => seek(event.detail));

async function zoomToSpan() {
  const fall = waterfall();
  const row = focusedRow();
  if (!row) return;
  const url = new URL(fall.box.dataset.find, location.href);
  url.searchParams.set("what", "span");
  url.searchParams.set("at", row.id.slice(1));
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok) visit((await answer.json()).zoom, { push: true });
}

const press = (key) => document.querySelector(`[data-key="${key}"]`)?.click();

/** Another state, in which other rows are shown; "" takes a part of the address away. */
function go(changes, focus) {
  if (!waterfall()) return;
  const url = new URL(location.href);
  for (const [name, value] of Object.entries({ row: "", ...changes })) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  visit(url, { keepRow: false, push: true, focus });
}

register("ArrowDown", "next row", () => step(1));
register("j", "next row", () => step(1));
register("ArrowUp", "previous row", () => step(-1));
register("k", "previous row", () => step(-1));
register("ArrowLeft", "fold, or to the parent", left);
register("ArrowRight", "unfold, or to the first child", right);
register("Enter", "open or close the span", toggle);
register("Escape", "close the span, end the search", close);
register("f", "find in the trace", () => {
  const field = document.querySelector("[data-find-field]");
  field?.focus();
  field?.select();
});
for (const [key, what] of [["n", "find"], ["e", "error"], ["p", "path"]]) {
  register(key, `next ${what}`, () => seek(what));
  register(key.toUpperCase(), `previous ${what}`, () => seek(what, true));
}
register("c", "critical path on or off", () => press("c"));
for (let levels = 0; levels <= 9; levels++) register(String(levels), levels ? `${levels} levels` : "all levels", () => go({ depth: String(levels), fold: "" }));
register("z", "zoom to the span", zoomToSpan);
register("r", "only what is below the span", () => {
  const id = focusedRow()?.id.slice(1);
  if (id) go({ root: id, t0: "", t1: "" }, id);
});
register("R", "the whole trace again", () => press("R"));
register("Z", "whole trace", () => press("Z"));
register("a", "earlier", () => pan(-0.25));
register("d", "later", () => pan(0.25));
register("w", "closer", () => scale(0.5));
register("s", "wider", () => scale(2));
register("[", "previous trace", () => press("["));
register("]", "next trace", () => press("]"));
register("y", "copy the link", copyLink);
