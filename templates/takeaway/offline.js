"use strict";
// The script of the one-file export. It draws the rows in view from columns of numbers, and the opened span from the
// OTLP JSON in the file. All text of spans goes in as text, never as markup. Nothing is fetched, nothing is stored.
(() => {
const $ = (id) => document.getElementById(id);
const t = JSON.parse($("tailrace-rows").textContent);
const total = t.depth.length, ROW = 30, SPARE = 12, PRINTED = 2000, EAGER = 5000;
const FAILED = 1, CAUSE = 2, UNFINISHED = 4, NAMES_SERVICE = 8;
const KINDS = ["", "internal", "server", "client", "producer", "consumer"];
const parent = new Int32Array(total).fill(-1), after = new Int32Array(total).fill(total);
for (let r = 0, path = []; r < total; r++) {
  while (path.length > t.depth[r]) after[path.pop()] = r;
  if (path.length) parent[r] = path.at(-1);
  path.push(r);
}
const children = new Int32Array(total);
for (const above of parent) if (above >= 0) children[above]++;
const hasChildren = (r) => after[r] > r + 1;

// Numbers and words, as the pages of Tailrace write them.
const count = (n) => n.toLocaleString("en-US");
const plural = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
function duration(ns) {
  if (ns < 0) return "−" + duration(-ns);
  if (ns < 1000) return `${ns} ns`;
  if (ns >= 59_950_000_000) {
    const s = Math.round(ns / 1e9);
    if (s < 3600) return `${Math.floor(s / 60)} m ${String(s % 60).padStart(2, "0")} s`;
    const m = Math.round(ns / 60e9);
    return `${count(Math.floor(m / 60))} h ${String(m % 60).padStart(2, "0")} m`;
  }
  const [size, unit, larger] = ns >= 1e9 ? [1e9, "s"] : ns >= 1e6 ? [1e6, "ms", "s"] : [1e3, "µs", "ms"];
  const digits = (n) => n >= 99.95 ? n.toFixed(0) : n >= 9.995 ? n.toFixed(1) : n.toFixed(2);
  const text = digits(ns / size);
  return text === "1000" && larger ? `1.00 ${larger}` : `${text} ${unit}`;
}
const share = (part, whole) => {
  const p = whole > 0 ? 100 * part / whole : 0;
  return p <= 0 ? "0%" : p < 0.1 ? "<0.1%" : p >= 99.5 && p < 100 ? ">99%" : p >= 9.95 ? `${Math.round(p)}%` : `${p.toFixed(1)}%`;
};

// Elements.
function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== false) made.setAttribute(key, value);
  made.append(...children.filter((one) => one !== undefined && one !== null && one !== ""));
  return made;
}
const SVG = "http://www.w3.org/2000/svg";
function draw(into, name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  into.append(made);
  return made;
}

// The spans, taken apart when they are first needed.
let spans;
function spanOf(r) {
  if (t.span[r] < 0) return null;
  spans ??= JSON.parse($("tailrace-spans").textContent).resourceSpans.flatMap((group) =>
    group.scopeSpans.flatMap((part) => part.spans.map((span) => ({ span, scope: part.scope ?? {}, resource: group.resource ?? {} }))));
  return spans[t.span[r]];
}
function plain(value) {
  if (!value) return null;
  if ("stringValue" in value) return value.stringValue;
  if ("intValue" in value) return value.intValue;
  if ("doubleValue" in value) return value.doubleValue;
  if ("boolValue" in value) return value.boolValue;
  if ("bytesValue" in value) return `base64 ${value.bytesValue}`;
  if ("arrayValue" in value) return (value.arrayValue.values ?? []).map(plain);
  if ("kvlistValue" in value) return (value.kvlistValue.values ?? []).map(({ key, value: inner }) => [key, plain(inner)]);
  return null;
}
function written(value) {
  if ("kvlistValue" in (value ?? {})) return `{${(value.kvlistValue.values ?? []).map((one) => `${one.key}: ${written(one.value)}`).join(", ")}}`;
  if ("arrayValue" in (value ?? {})) return `[${(value.arrayValue.values ?? []).map(written).join(", ")}]`;
  return String(plain(value));
}

// Which rows are shown: those that lie in no folded one.
const closed = new Set(t.closed);
const body = $("rows"), drawn = new Map();
let shown = [], here = 0, opened = -1, printing = false;
function relist() {
  shown = [];
  for (let r = 0; r < total;) {
    shown.push(r);
    r = closed.has(r) ? after[r] : r + 1;
  }
  body.style.height = `${shown.length * ROW}px`;
  redraw();
}
function redraw() {
  for (const row of drawn.values()) row.remove();
  drawn.clear();
  place();
}
const position = (r) => {
  let low = 0, high = shown.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (shown[middle] <= r) low = middle; else high = middle - 1;
  }
  return low;
};
function place() {
  const top = body.getBoundingClientRect().top;
  let first = Math.max(0, Math.floor(-top / ROW) - SPARE);
  let last = Math.min(shown.length, Math.ceil((innerHeight - top) / ROW) + SPARE);
  if (printing) [first, last] = [0, Math.min(shown.length, PRINTED)];
  for (const [at, row] of drawn) if (at < first || at >= last) { row.remove(); drawn.delete(at); }
  let next = null;
  for (let at = last - 1; at >= first; at--) {
    let row = drawn.get(at);
    if (!row) {
      row = rowAt(at);
      drawn.set(at, row);
      body.insertBefore(row, next);
    }
    next = row;
  }
}
let waiting = false;
const later = () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; place(); });
};
addEventListener("scroll", later, { passive: true });
addEventListener("resize", later);

// One row, as the page of the trace has it.
function rowAt(at) {
  const r = shown[at], marks = t.marks[r], folds = hasChildren(r), folded = closed.has(r);
  const service = t.services[t.service[r]], name = t.names[t.name[r]], total = duration(t.took[r]);
  const words = [name, service, total, `starts at ${duration(t.start[r])}`, t.critical[r] ? "on critical path" : "not on critical path", marks & FAILED ? "error" : "no error"].join(", ");
  const found = matches ? matches.has(r) : undefined;
  const row = el("tr", {
    role: "row", class: `r d${Math.min(t.depth[r], 13)}${r === opened ? " is-open" : ""}${found === false ? " is-dim" : ""}${at === here ? " is-here" : ""}`,
    "aria-level": t.depth[r] + 1, "aria-rowindex": at + 2, "aria-expanded": folds ? String(!folded) : undefined,
    "aria-label": words, "data-row": r, tabindex: at === here ? 0 : -1,
  });
  row.style.transform = `translateY(${at * ROW}px)`;
  const hidden = after[r] - r - 1;
  row.append(
    el("td", { role: "gridcell", class: "n" },
      folds ? el("button", { class: "caret", tabindex: -1, "aria-label": folded ? "Unfold" : "Fold" }) : el("i", { class: "leaf" }),
      el("i", { class: `dot s${t.slot[r]}` }),
      marks & FAILED ? el("i", { class: `err ${marks & CAUSE ? "cause" : "passed"}` }) : null,
      el("span", { class: `t${found ? " hit" : ""}` }, ...(marks & NAMES_SERVICE ? [el("b", {}, service), " "] : []), el("span", { class: `op${marks & NAMES_SERVICE ? "" : " own"}` }, name)),
      t.notes[r] ? el("span", { class: "tag", "data-kind": "warn", title: t.notes[r].join(" ") }, "repaired") : null,
      marks & UNFINISHED ? el("span", { class: "tag", "data-kind": "warn" }, "no end") : null,
      folded ? el("span", { class: "k", title: `${count(hidden)} folded` }, `+${count(hidden)}`) : folds ? el("span", { class: "k" }, count(children[r])) : null),
    el("td", { role: "gridcell", class: "num", title: `${count(t.took[r])} ns` }, total),
    el("td", { role: "gridcell", class: "num own" }, duration(t.own[r])),
    el("td", { role: "gridcell", class: "lane" }, lane(r, folded, total + said(r))));
  return row;
}
// Of a span with which a failure began, beside its duration.
function said(r) {
  const words = t.marks[r] & CAUSE && (spans || total <= EAGER) ? spanOf(r)?.span.status?.message?.trim() : "";
  return words ? ` · ${words.length > 56 ? words.slice(0, 55) + "…" : words}` : "";
}
const x = (ns) => Math.min(100, Math.max(0, 100 * ns / t.length));
function lane(r, folded, label) {
  const svg = document.createElementNS(SVG, "svg"), slot = `s${t.slot[r]}`;
  svg.setAttribute("aria-hidden", "true");
  draw(svg, "rect", { class: "g", fill: "url(#grid)" });
  const left = Math.min(x(t.start[r]), 99.75), width = Math.max(x(t.start[r] + t.took[r]) - left, 0.25);
  const extent = { x: `${left}%`, width: `${width}%` };
  draw(svg, "rect", { class: `b ${slot}${t.marks[r] & FAILED ? " e" : ""}${t.span[r] < 0 ? " miss" : ""}`, ...extent });
  for (const [from, to] of t.span[r] < 0 && !folded ? [] : waited(t.bounds[r], t.bounds[folded ? after[r] : r + 1]))
    draw(svg, "rect", { class: `c ${slot}`, x: `${from}%`, width: `${Math.max(to - from, 0.16)}%` });
  if (t.marks[r] & FAILED) draw(svg, "rect", { class: "ring", ...extent });
  for (const at of moments(r)) draw(svg, "circle", { class: "ev", cx: `${at}%` });
  const pixels = label.length * 6.2 + 18, need = pixels / 9, failed = t.marks[r] & FAILED ? " e" : "";
  if (left + width + need <= 100.5) draw(svg, "text", { class: `after${failed}`, x: `${left + width}%` }, label);
  else if (left >= need) draw(svg, "text", { class: `before${failed}`, x: `${left}%` }, label);
  else {
    draw(svg, "rect", { class: `chip ${slot}`, x: `${left + 1.5}%`, width: pixels - 4 });
    draw(svg, "text", { class: `inside${failed}`, x: `${left + 1.5}%` }, label);
  }
  return svg;
}
// Where its events lie; of a large trace only once its spans had to be read for something else.
function moments(r) {
  const found = spans || total <= EAGER ? spanOf(r) : null, begun = BigInt(found?.span.startTimeUnixNano ?? 0);
  return (found?.span.events ?? []).slice(0, 24).map((event) => 100 * (t.start[r] + Number(BigInt(event.timeUnixNano ?? 0) - begun)) / t.length).filter((at) => at >= 0 && at <= 100);
}
// Parts of the critical path, those that touch on the screen joined.
function waited(first, end) {
  let parts = [];
  for (let k = first; k < end; k++) parts.push([x(t.from[k]), x(t.to[k])]);
  parts.sort((a, b) => a[0] - b[0]);
  const joined = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last && part[0] - last[1] <= 0.12) last[1] = Math.max(last[1], part[1]);
    else joined.push(part);
  }
  return joined;
}

// Folding and going from row to row.
function fold(r, close = !closed.has(r)) {
  if (!hasChildren(r)) return;
  if (close) closed.add(r); else closed.delete(r);
  relist();
}
function show(r) {
  for (let above = parent[r]; above >= 0; above = parent[above]) closed.delete(above);
  relist();
  go(position(r), true);
}
function go(at, far = false) {
  here = Math.max(0, Math.min(at, shown.length - 1));
  const top = body.getBoundingClientRect().top + here * ROW, head = 41 + 28, foot = sheet.hidden ? 0 : sheet.offsetHeight;
  if (top < head || top + ROW > innerHeight - foot) scrollBy(0, far ? top - innerHeight / 3 : top < head ? top - head : top + ROW + foot - innerHeight);
  redraw();
  drawn.get(here)?.focus({ preventScroll: true });
}
body.addEventListener("click", (event) => {
  const row = event.target.closest(".r");
  if (!row || getSelection().type === "Range") return;
  const r = Number(row.dataset.row);
  here = position(r);
  if (event.target.closest(".caret")) fold(r); else open(r === opened ? -1 : r);
});

// The opened span.
const sheet = $("detail");
function table(attributes = []) {
  if (!attributes.length) return el("p", { class: "muted" }, "None.");
  return el("table", { class: "kv", role: "presentation" }, ...attributes.map(({ key, value }) =>
    el("tr", {}, el("th", { scope: "row", title: key }, key), el("td", {}, el("span", { class: "wrap" }, written(value))))));
}
function heading(words, number) {
  return el("h3", {}, `${words} `, el("span", { class: "count" }, count(number)));
}
function timing(r) {
  const made = el("dl", { class: "timing" });
  const lines = [["Starts", t.start[r], "into the trace"], ["Duration", t.took[r], `${share(t.took[r], t.response)} of trace`],
    ["Self time", t.own[r], `${share(t.own[r], t.took[r])} of span`], ["On critical path", t.critical[r], `${share(t.critical[r], t.response)} of trace`]];
  for (const [words, ns, of] of lines) made.append(el("dt", {}, words), el("dd", { title: `${count(ns)} ns` }, duration(ns)), el("dd", { class: "of" }, of));
  return made;
}
function eventsOf(span) {
  const begun = BigInt(span.startTimeUnixNano ?? 0);
  return el("ul", { class: "events" }, ...span.events.map((event) => {
    const since = Number(BigInt(event.timeUnixNano ?? 0) - begun);
    return el("li", {}, el("time", {}, since < 0 ? duration(since) : `+${duration(since)}`), el("span", {}, event.name ?? ""), event.attributes?.length ? table(event.attributes) : null);
  }));
}
function detail(r) {
  const found = spanOf(r), repairs = [...(t.notes[r] ?? [])];
  if (t.shift[r]) repairs.push(`The clock of its host disagrees: its times are shifted by ${duration(t.shift[r])}.`);
  const { span, scope, resource } = found ?? { span: {}, scope: {}, resource: {} };
  const failed = span.status?.code === 2;
  const tags = [KINDS[span.kind] && el("span", { class: "tag" }, KINDS[span.kind]), scope.name && el("span", { class: "tag", title: "Instrumentation scope" }, `${scope.name} ${scope.version ?? ""}`)];
  return el("div", { class: "span" },
    el("section", {}, el("h3", {}, "Timing"), timing(r),
      failed || span.status?.message ? el("p", { class: failed ? "failed" : "told" }, el("span", {}, span.status.message || "Failed, and says nothing more.")) : null,
      el("div", { class: "chips" }, ...tags.filter(Boolean)), ...repairs.map((words) => el("p", { class: "repair" }, el("span", {}, words))),
      found ? el("p", { class: "muted mono" }, `span ${span.spanId}`, span.startTimeUnixNano ? ` · from ${span.startTimeUnixNano}` : "", span.endTimeUnixNano ? ` to ${span.endTimeUnixNano} ns` : "")
        : el("p", { class: "repair" }, el("span", {}, "This span was not received; others name it as their parent."))),
    el("section", {}, heading("Attributes", span.attributes?.length ?? 0), table(span.attributes)),
    el("section", {}, heading("Events", span.events?.length ?? 0), span.events?.length ? eventsOf(span) : el("p", { class: "muted" }, "None."),
      ...(span.links?.length ? [heading("Links", span.links.length), ...span.links.map((link) => el("div", {}, el("p", { class: "mono" }, `trace ${link.traceId} span ${link.spanId}`), link.attributes?.length ? table(link.attributes) : null))] : []),
      heading("Resource", resource.attributes?.length ?? 0), table(resource.attributes)));
}
function open(r) {
  opened = r;
  sheet.hidden = r < 0;
  if (r >= 0) {
    const close = el("button", { class: "btn", title: "Close (Esc)" }, "Close");
    close.addEventListener("click", () => open(-1));
    sheet.replaceChildren(el("header", {}, el("i", { class: `dot s${t.slot[r]}` }), el("b", {}, t.services[t.service[r]]), el("span", { class: "cut" }, t.names[t.name[r]]), el("span", { class: "push" }), close), detail(r));
    sheet.scrollTop = 0;
  }
  go(position(r < 0 ? shown[here] : r));
}

// Finding. What a span says is gathered when it is first sought.
let matches = null, order = [], texts, asked = 0;
const field = $("find").querySelector("input"), status = $("find").querySelector(".count");
function says(r) {
  const said = [t.services[t.service[r]], t.names[t.name[r]]], found = spanOf(r);
  const add = (attributes = []) => { for (const { key, value } of attributes) said.push(`${key}=${written(value)}`); };
  if (found) {
    said.push(found.span.spanId, found.span.status?.message ?? "");
    add(found.span.attributes);
    add(found.resource.attributes);
    for (const event of found.span.events ?? []) { said.push(event.name ?? ""); add(event.attributes); }
  }
  return said.join("\n").toLowerCase();
}
const pause = () => new Promise((done) => setTimeout(done));
async function find() {
  const words = field.value.trim().toLowerCase(), turn = ++asked;
  if (!words) {
    matches = null; order = [];
    status.textContent = "";
    return redraw();
  }
  texts ??= new Array(total);
  const found = [];
  for (let r = 0; r < total; r++) {
    if (r % 4000 === 3999) {
      status.textContent = `${Math.round(100 * r / total)}%`;
      await pause();
      if (turn !== asked) return;
    }
    if ((texts[r] ??= says(r)).includes(words)) found.push(r);
  }
  matches = new Set(found);
  order = found;
  status.textContent = `${count(found.length)} found`;
  redraw();
}
// To the next or previous of some rows, round the end.
function step(rows, back) {
  if (!rows.length) return;
  const r = shown[here] ?? -1;
  const next = back ? rows.findLast((one) => one < r) ?? rows.at(-1) : rows.find((one) => one > r) ?? rows[0];
  show(next);
}
const errors = [];
for (let r = 0; r < total; r++) if (t.marks[r] & FAILED) errors.push(r);
let soon;
field.addEventListener("input", () => { clearTimeout(soon); soon = setTimeout(find, 180); });
$("find").addEventListener("submit", async (event) => {
  event.preventDefault();
  clearTimeout(soon);
  if (matches === null || !order.length) await find();
  step(order);
});
$("next").addEventListener("click", () => step(order));
$("error").addEventListener("click", () => step(errors));
$("error").hidden = !errors.length;
$("fold").addEventListener("click", () => { for (let r = 0; r < total; r++) if (hasChildren(r)) closed.add(r); closed.delete(0); here = 0; relist(); });
$("unfold").addEventListener("click", () => { closed.clear(); relist(); });
$("theme").addEventListener("click", () => {
  const root = document.documentElement, themes = ["", "light", "dark"];
  root.dataset.theme = themes[(themes.indexOf(root.dataset.theme ?? "") + 1) % 3];
});
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target === field) { if (event.key === "Escape") field.blur(); return; }
  const r = shown[here], at = {
    ArrowDown: () => go(here + 1), ArrowUp: () => go(here - 1), j: () => go(here + 1), k: () => go(here - 1),
    Home: () => go(0, true), End: () => go(shown.length - 1, true),
    ArrowRight: () => closed.has(r) ? fold(r, false) : hasChildren(r) && go(here + 1),
    ArrowLeft: () => hasChildren(r) && !closed.has(r) ? fold(r, true) : parent[r] >= 0 && go(position(parent[r])),
    Enter: () => event.target.closest("button") ? false : open(r === opened ? -1 : r), Escape: () => open(-1),
    f: () => { field.focus(); field.select(); }, n: () => step(order), N: () => step(order, true), e: () => step(errors), E: () => step(errors, true),
  }[event.key];
  if (at && at() !== false) event.preventDefault();
});

// On paper there is no scrolling: all rows that are shown, up to a number that is said.
addEventListener("beforeprint", () => {
  printing = true;
  $("printed").hidden = shown.length <= PRINTED;
  $("printed").textContent = `The first ${count(PRINTED)} of ${plural(shown.length, "row")}.`;
  redraw();
});
addEventListener("afterprint", () => { printing = false; $("printed").hidden = true; redraw(); });

$("scriptless").hidden = true;
$("tools").hidden = false;
body.replaceChildren();
body.classList.add("placed");
relist();
})();
