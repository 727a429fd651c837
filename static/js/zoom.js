// Zoom by hand: drag over the overview or the lane, pull the grips, turn the wheel with Ctrl. Typed fields and
// links do the same without it. Times are nanoseconds from the start of the trace.

import { visit, waterfall } from "./view.js";

const LEAST_NS = 100;

function shown() {
  const { begin, length, whole } = waterfall().box.dataset;
  return { begin: Number(begin), length: Number(length), whole: Number(whole) };
}

/** Show from `begin` on for `length`; what covers the whole trace ends the zoom. */
function show(begin, length, push = false) {
  const { whole } = shown();
  const wanted = Math.min(whole, Math.max(LEAST_NS, length));
  const from = Math.max(0, Math.min(whole - wanted, begin));
  const url = new URL(location.href);
  url.searchParams.delete("t0");
  url.searchParams.delete("t1");
  if (from > 0 || wanted < whole) {
    const step = Math.max(1, 10 ** (Math.floor(Math.log10(wanted)) - 2));
    url.searchParams.set("t0", written(from, step));
    url.searchParams.set("t1", written(from + wanted, step));
  }
  return visit(url, { push });
}

/** `1.085s`: no more digits than the eye that dragged could mean. */
function written(ns, step) {
  const round = Math.round(ns / step) * step;
  const [unit, size] = round >= 1e9 ? ["s", 1e9] : round >= 1e6 ? ["ms", 1e6] : round >= 1e3 ? ["us", 1e3] : ["ns", 1];
  return `${Number((round / size).toFixed(9))}${unit}`;
}

export function pan(share) {
  if (!waterfall()) return;
  const { begin, length } = shown();
  show(begin + share * length, length);
}

export function scale(factor, at = 0.5) {
  if (!waterfall()) return;
  const { begin, length, whole } = shown();
  const wanted = Math.min(whole, length * factor);
  show(begin + at * (length - wanted), wanted);
}

let drag = null;  // {kind, rect, from, to, edge, mark}

const share = (event) => Math.max(0, Math.min(1, (event.clientX - drag.rect.left) / drag.rect.width));

document.addEventListener("pointerdown", (event) => {
  if (event.button || !waterfall()) return;
  const map = event.target.closest("[data-map]");
  const lane = event.target.closest("tr.r > .lane");
  if (!map && !lane) return;
  const surface = map ?? lane.querySelector("svg");
  drag = { map, rect: surface.getBoundingClientRect(), edge: event.target.dataset?.grip, startX: event.clientX, startY: event.clientY, moved: false };
  drag.from = share(event);
  drag.to = drag.from;
  if (drag.edge) {
    const { begin, length, whole } = shown();
    drag.from = drag.edge === "t0" ? (begin + length) / whole : begin / whole;
  }
  if (map) event.preventDefault();
});

let line;  // across all rows at the pointer, with its time
document.addEventListener("pointermove", (event) => {
  const svg = waterfall() && event.target.closest?.("tr.r > .lane")?.firstChild;
  if (svg && !drag) {
    const { box } = waterfall(), { begin, length } = shown(), { left, width } = svg.getBoundingClientRect();
    line ??= Object.assign(document.createElement("div"), { className: "at", innerHTML: "<b></b>" });
    if (line.parentNode !== box) box.append(line);
    line.style.left = `${event.clientX - box.getBoundingClientRect().left}px`;
    line.firstChild.textContent = written(begin + ((event.clientX - left) / width) * length, 10 ** (Math.floor(Math.log10(length)) - 2));
  } else line?.remove();
  if (!drag) return;
  if (!drag.moved && Math.abs(event.clientX - drag.startX) < 5) return;
  drag.moved = true;
  drag.to = share(event);
  mark();
});

document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const done = drag;
  drag = null;
  erase();
  if (!done.moved) {
    if (done.map && !done.edge) goTo((event.clientY - done.rect.top) / done.rect.height);
    return;
  }
  if (!done.map) addEventListener("click", (click) => { click.stopPropagation(); click.preventDefault(); }, { capture: true, once: true });
  const [first, last] = [Math.min(done.from, done.to), Math.max(done.from, done.to)];
  const { begin, length, whole } = shown();
  if (done.map) show(first * whole, (last - first) * whole, true);
  else show(begin + first * length, (last - first) * length, true);
});
document.addEventListener("pointercancel", () => { drag = null; erase(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && drag) { drag = null; erase(); } });

document.addEventListener("dblclick", (event) => {
  if (!event.target.closest("[data-map]")) return;
  const { whole } = shown();
  show(0, whole, true);
});

let turning;
document.addEventListener("wheel", (event) => {
  const lane = event.ctrlKey && event.target.closest("tr.r > .lane, [data-map]");
  if (!lane) return;
  event.preventDefault();
  const rect = (lane.querySelector("svg") ?? lane).getBoundingClientRect();
  turning ??= { turned: 0, at: (event.clientX - rect.left) / rect.width, timer: setTimeout(turn, 60) };
  turning.turned += Math.sign(event.deltaY);
}, { passive: false });

function turn() {
  const { turned, at } = turning;
  turning = undefined;
  scale(1.3 ** turned, at);
}

function goTo(part) {
  const fall = waterfall();
  const row = Math.floor(part * Number(fall.box.dataset.total)) - fall.base;
  scrollTo(0, fall.top + fall.rowTop(Math.max(0, Math.min(fall.count - 1, row))) - (innerHeight + fall.sticky) / 2);
}

function mark() {
  const [first, last] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
  if (drag.map) {
    const rect = drag.map.querySelector("[data-drawn]");
    rect.setAttribute("x", `${first * 100}%`);
    rect.setAttribute("width", `${(last - first) * 100}%`);
    return;
  }
  const { box, top } = waterfall();
  let band = box.querySelector(".select");
  if (!band) {
    band = document.createElement("div");
    band.className = "select";
    box.append(band);
    getSelection()?.removeAllRanges();
  }
  band.style.left = `${drag.rect.left - box.getBoundingClientRect().left + first * drag.rect.width}px`;
  band.style.width = `${(last - first) * drag.rect.width}px`;
  band.style.top = `${Math.max(0, scrollY - top)}px`;
  band.style.height = `${Math.min(innerHeight, box.offsetHeight - Math.max(0, scrollY - top))}px`;
}

function erase() {
  document.querySelector(".wf-box .select")?.remove();
  const rect = document.querySelector("[data-drawn]");
  rect?.setAttribute("width", "0");
}
