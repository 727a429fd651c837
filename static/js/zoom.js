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
  if (wanted < whole) {
    url.searchParams.set("t0", written(from, wanted));
    url.searchParams.set("t1", written(from + wanted, wanted));
  }
  return visit(url, { push });
}

/** `1.085s`: no more digits than the eye could mean that saw the `length`. */
function written(ns, length) {
  const step = Math.max(1, 10 ** (Math.floor(Math.log10(length)) - 2));
  const round = Math.round(ns / step) * step;
  const [unit, size] = [["s", 1e9], ["ms", 1e6], ["us", 1e3]].find(([, size]) => round >= size) ?? ["ns", 1];
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

// A drag goes over a surface: the overview, which is the whole trace, or the lane, which is the part that is shown.

let drag = null;  // {map, rect, begin, length, from, to (shares of the surface), edge, x, moved}

const surfaceAt = ({ target }) => target.closest?.("[data-map]") ?? target.closest?.("tr.r > .lane")?.firstElementChild;
const shareOf = ({ clientX }, { left, width }) => Math.max(0, Math.min(1, (clientX - left) / width));

document.addEventListener("pointerdown", (event) => {
  const surface = !event.button && waterfall() && surfaceAt(event);
  if (!surface) return;
  const { begin, length, whole } = shown();
  const map = surface.matches("[data-map]") ? surface : null;
  const rect = surface.getBoundingClientRect(), at = shareOf(event, rect), { grip: edge } = event.target.dataset;
  drag = { map, rect, edge, from: at, to: at, x: event.clientX, moved: false, ...(map ? { begin: 0, length: whole } : { begin, length }) };
  if (edge) drag.from = (edge === "t0" ? begin + length : begin) / whole;
  if (map) event.preventDefault();
});

let line;  // across all rows at the pointer, with its time
document.addEventListener("pointermove", (event) => {
  const surface = !drag && waterfall() && surfaceAt(event);
  if (surface && !surface.matches("[data-map]")) {
    const { box } = waterfall(), { begin, length } = shown();
    line ??= Object.assign(document.createElement("div"), { className: "at", innerHTML: "<b></b>" });
    if (line.parentNode !== box) box.append(line);
    line.style.left = `${event.clientX - box.getBoundingClientRect().left}px`;
    line.firstChild.textContent = written(begin + shareOf(event, surface.getBoundingClientRect()) * length, length).replace("u", "µ").replace(/(?=[^\d.])/, " ");
  } else line?.remove();
  if (!drag || (!drag.moved && Math.abs(event.clientX - drag.x) < 5)) return;
  drag.moved = true;
  drag.to = shareOf(event, drag.rect);
  mark();
});

function drop() {
  drag = null;
  document.querySelector(".wf-box .select")?.remove();
  document.querySelector("[data-drawn]")?.setAttribute("width", "0");
}

document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { map, edge, moved, rect, begin, length, from, to } = drag;
  drop();
  if (moved) {
    if (!map) addEventListener("click", (click) => { click.stopPropagation(); click.preventDefault(); }, { capture: true, once: true });
    show(begin + Math.min(from, to) * length, Math.abs(to - from) * length, true);
  } else if (map && !edge) goTo((event.clientY - rect.top) / rect.height);
});
document.addEventListener("pointercancel", drop);
document.addEventListener("keydown", ({ key }) => { if (key === "Escape") drop(); });
document.addEventListener("dblclick", ({ target }) => { if (target.closest("[data-map]")) show(0, Infinity, true); });

let turning;
document.addEventListener("wheel", (event) => {
  const surface = event.ctrlKey && surfaceAt(event);
  if (!surface) return;
  event.preventDefault();
  turning ??= { turned: 0, at: shareOf(event, surface.getBoundingClientRect()), timer: setTimeout(turn, 60) };
  turning.turned += Math.sign(event.deltaY);
}, { passive: false });

function turn() {
  const { turned, at } = turning;
  turning = undefined;
  scale(1.3 ** turned, at);
}

function goTo(part) {
  const fall = waterfall();
  scrollTo(0, fall.placeOf(Math.floor(part * fall.box.dataset.total)) - (innerHeight - fall.sticky) / 2);
}

function mark() {
  const { map, rect, from, to } = drag, first = Math.min(from, to), width = Math.abs(to - from);
  if (map) {
    const drawn = map.querySelector("[data-drawn]");
    drawn.setAttribute("x", `${first * 100}%`);
    drawn.setAttribute("width", `${width * 100}%`);
    return;
  }
  const { box } = waterfall();
  let band = box.querySelector(".select");
  if (!band) {
    band = Object.assign(document.createElement("div"), { className: "select" });
    box.append(band);
    getSelection()?.removeAllRanges();
  }
  band.style.left = `${rect.left - box.getBoundingClientRect().left + first * rect.width}px`;
  band.style.width = `${width * rect.width}px`;
}
