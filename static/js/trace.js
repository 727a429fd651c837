// The trace page: its parts, and its keys. Imported by no other module, so that each runs once. What
// needs the whole trace is asked of the server.

import { copyLink } from "./copy.js";
import "./filter.js";
import { register } from "./shortcuts.js";
import { start, visit, waterfall } from "./view.js";
import { pan, scale } from "./zoom.js";

history.scrollRestoration = "manual";  // the address and the state of the history say where to begin
start();

// What came since is shown where one is: the history has the place.
addEventListener("click", (event) => {
  if (!event.target.closest("[data-reload]")) return;
  event.preventDefault();
  location.reload();
});

const focusedRow = () => {
  const here = waterfall()?.here() ?? null;
  return here === null ? null : waterfall().row(here);
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
  if (!found.total || found.row < 0) return;
  if (found.unfolds || found.row < fall.base || found.row >= fall.base + fall.count) {
    await visit(found.url, { keepRow: false, focus: found.span_id });
    await waterfall().focusRow(found.row - waterfall().base);
  } else {
    await fall.focusRow(found.row - fall.base);
  }
  const shown = what === "find" && document.querySelector("[data-found]");
  if (shown) shown.textContent = `${found.number.toLocaleString("en")} of ${found.total.toLocaleString("en")}`;
}
document.addEventListener("tailrace:seek", (event) => seek(event.detail));

/** Another state, for the row that has the focus if `ofRow` makes the changes from its id; "" takes a part away. */
function go(ofRow, options) {
  const id = focusedRow()?.id.slice(1);
  if (!waterfall() || (ofRow.length && !id)) return;
  const url = new URL(location.href);
  for (const [name, value] of Object.entries(ofRow(id))) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  visit(url, { push: true, ...options });
}

register("ArrowDown j", () => step(1));
register("ArrowUp k", () => step(-1));
register("ArrowLeft", left);
register("ArrowRight", right);
register("Enter", toggle);
register("Escape", close);
register("f", () => {
  const field = document.querySelector("[data-find-field]");
  field?.focus();
  field?.select();
});
register("n N e E p P", ({ key }) => seek({ n: "find", e: "error", p: "path" }[key.toLowerCase()], key < "a"));
register("0 1 2 3 4 5 6 7 8 9", ({ key }) => go(() => ({ depth: key, fold: "", row: "" }), { keepRow: false }));
register("z", () => go((zoom) => ({ zoom })));
register("r", () => go((root) => ({ root, t0: "", t1: "", row: "" }), { keepRow: false }));
register("c R Z [ ]", ({ key }) => document.querySelector(`[data-key="${key}"]`)?.click());
register("a", () => pan(-0.25));
register("d", () => pan(0.25));
register("w", () => scale(0.5));
register("s", () => scale(2));
register("y", copyLink);
