// Windows of 20 rows around what is in view, fetched as they are needed and dropped when far; see pane.js for what
// shows meanwhile. Row numbers count from 0 within the segment of the document. Styles are set through CSSOM only.

import { Pane } from "./pane.js";

export const ROW = 30;
export const WINDOW = 20;
const MOST_ROWS = 800;       // in the document
const NEAR = 50;             // rows kept ready above and below, at rest
const AT_ONCE = 3;           // requests
const FLING = 20;            // px/ms from which nothing new is asked for
const JUMP = 1.5;            // screens in one frame
const REST_MS = 80;
const HEAD = 28;

export class Windows {
  constructor(box) {
    this.box = box;
    this.table = box.querySelector("table");
    const set = box.dataset;
    this.base = Number(set.base);
    this.count = Math.min(Number(set.total) - this.base, Number(set.segment));
    this.windows = new Map();          // number -> {state, body, abort, retryAt, tries, waiters}
    this.extra = new Map();            // number -> pixels that its opened spans add
    this.wanted = [];
    this.arrived = [];                 // numbers of windows that are to be put in
    this.latency = 60;
    this.speed = this.fastFrames = 0;
    this.lastY = scrollY;
    this.lastTime = performance.now();
    this.listening = new AbortController();
    this.sizes = new ResizeObserver((entries) => this.resized(entries));
    this.table.classList.add("is-live");
    for (const body of this.table.tBodies) {
      this.windows.set(Number(body.dataset.k) - this.base / WINDOW, { state: "ready", body });
      this.prepare(body);
    }
    this.measure();
    for (const body of this.table.tBodies) this.reckon(body);
    this.pane = this.count > 300 ? new Pane(this) : null;
    const { signal } = this.listening;
    addEventListener("scroll", () => this.scrolled(), { passive: true, signal });
    addEventListener("resize", () => this.measure(), { passive: true, signal });
    this.sizes.observe(document.querySelector(".tracehead"));
  }

  stop() {
    this.listening.abort();
    this.sizes.disconnect();
    this.pane?.stop();
    clearTimeout(this.resting);
    cancelAnimationFrame(this.frame);
    for (const window of this.windows.values()) window.abort?.abort();
  }

  // Geometry

  measure() {
    this.top = this.box.getBoundingClientRect().top + scrollY;
    this.sticky = Math.max(0, parseFloat(getComputedStyle(this.box.querySelector(".pane")).top) || 0);
    this.pane?.measure();
  }

  layout() {
    for (const [number, { body }] of this.windows) if (body) body.style.top = `${this.rowTop(number * WINDOW)}px`;
    this.table.style.height = `${this.rowTop(this.count + WINDOW) - WINDOW * ROW}px`;
  }

  /** Pixels from the top of the table to a row. */
  rowTop(row) {
    let top = HEAD + row * ROW;
    for (const [number, pixels] of this.extra) if (number < Math.floor(row / WINDOW)) top += pixels;
    return top;
  }

  rowAt(y) {
    let row = Math.floor((y - HEAD) / ROW);
    for (const [number, pixels] of [...this.extra].sort((a, b) => a[0] - b[0])) {
      if (row >= (number + 1) * WINDOW) row = Math.max((number + 1) * WINDOW, row - Math.round(pixels / ROW));
    }
    return Math.max(0, Math.min(this.count - 1, row));
  }

  /** First and last row between the sticky heads and the foot of the screen. */
  inView() {
    const y = scrollY - this.top;
    return [this.rowAt(y + this.sticky), this.rowAt(y + innerHeight)];
  }

  /** The first row in view, of the whole trace; 0 while the head of the page is in sight. */
  firstRow() {
    return scrollY + this.sticky <= this.top + HEAD + ROW ? this.base : this.base + this.inView()[0];
  }

  /** Opened spans, or the head of the page, have another height. */
  resized(entries) {
    if (entries.some(({ target }) => target.matches(".tracehead"))) this.measure();
    const bodies = new Set(entries.map(({ target }) => target.closest("tbody")).filter(Boolean));
    for (const body of bodies) this.reckon(body);
  }

  reckon(body) {
    const number = Number(body.dataset.k) - this.base / WINDOW;
    let pixels = 0;
    for (const detail of body.querySelectorAll(".detail")) pixels += detail.offsetHeight;
    this.extra.set(number, pixels);
    this.layout();
  }

  // Scrolling

  nextFrame() {
    this.frame ??= requestAnimationFrame((now) => this.step(now));
  }

  scrolled() {
    this.nextFrame();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), REST_MS);
  }

  step(now) {
    this.frame = undefined;
    const moved = scrollY - this.lastY;
    const speed = Math.abs(moved) / Math.max(1, now - this.lastTime);
    this.speed = 0.6 * speed + 0.4 * this.speed;
    this.fastFrames = this.speed > FLING ? this.fastFrames + 1 : 0;
    this.lastY = scrollY;
    this.lastTime = now;
    const [first, last] = this.inView();
    if (Math.abs(moved) > JUMP * innerHeight) this.want(first, last, true);
    else if (this.fastFrames >= 2) this.want(0, -1, true);
    else {
      const ahead = WINDOW * (1 + Math.ceil((this.speed * (this.latency + 60)) / (WINDOW * ROW)));
      this.want(first - (moved < 0 ? ahead : 0), last + (moved > 0 ? ahead : 0), false);
    }
    this.pane?.draw(first, last);
    this.putIn(first, last);
  }

  rest() {
    this.speed = this.fastFrames = 0;
    const [first, last] = this.inView();
    this.want(first - NEAR, last + NEAR, true);
    this.evict(first - NEAR, last + NEAR);
    this.pane?.rest(first, last);
    return [first, last];
  }

  /** Windows of these rows, those in view first. `only`: stop asking for others. */
  want(first, last, only) {
    const from = Math.max(0, Math.floor(first / WINDOW));
    const to = Math.min(Math.ceil(this.count / WINDOW) - 1, Math.floor(last / WINDOW));
    const [seen] = this.inView();
    const middle = seen / WINDOW;
    this.wanted = Array.from({ length: Math.max(0, to - from + 1) }, (_, place) => from + place);
    this.wanted.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    if (only) for (const [number, window] of this.windows) if (!this.wanted.includes(number)) window.abort?.abort();
    this.pump();
  }

  pump() {
    let loading = [...this.windows.values()].filter(({ state }) => state === "loading").length;
    for (const number of this.wanted) {
      const window = this.windows.get(number);
      if (loading >= AT_ONCE || this.grown) return;
      if (window && (window.state !== "waiting" || window.retryAt > performance.now())) continue;
      this.load(number, window?.tries ?? 0);
      loading += 1;
    }
  }

  address(row, count, part = "rows") {
    const url = new URL(this.box.dataset[part], location.href);
    const opened = new URL(location.href).searchParams.get("span");
    if (opened && part === "rows") url.searchParams.set("span", opened);
    url.searchParams.set("v", this.box.dataset.version);
    url.searchParams.set("row", String(this.base + row));
    url.searchParams.set("n", String(count));
    return url;
  }

  async load(number, tries) {
    const window = { state: "loading", abort: new AbortController(), tries, waiters: this.windows.get(number)?.waiters ?? [] };
    this.windows.set(number, window);
    const began = performance.now();
    try {
      const count = Math.min(WINDOW, this.count - number * WINDOW);
      const answer = await fetch(this.address(number * WINDOW, count), { headers: { "HX-Request": "true" }, signal: window.abort.signal });
      if (answer.status === 409) { this.hasGrown(); throw new Error("grown"); }
      if (!answer.ok) throw new Error(answer.status);
      window.html = await answer.text();
      this.latency = 0.7 * this.latency + 0.3 * (performance.now() - began);
      window.state = "arrived";
      if (tries) document.dispatchEvent(new CustomEvent("tailrace:found"));
      this.arrived.push(number);
      this.nextFrame();
    } catch (error) {
      if (error.name === "AbortError") this.windows.delete(number);
      else this.retry(number, window);
    }
    this.pump();
  }

  retry(number, window) {
    const wait = 1000 * 2 ** Math.min(5, window.tries);
    window.state = "waiting";
    window.tries += 1;
    window.retryAt = performance.now() + wait;
    if (window.tries > 1) document.dispatchEvent(new CustomEvent("tailrace:lost"));
    setTimeout(() => { if (!this.listening.signal.aborted) this.pump(); }, wait + 5);
  }

  /** One a frame, which it takes most of; first what is in view. */
  putIn(first, last) {
    const seen = this.arrived.findIndex((number) => (number + 1) * WINDOW > first && number * WINDOW <= last);
    const [number] = this.arrived.splice(Math.max(0, seen), 1);
    if (this.windows.get(number)?.state === "arrived") this.insert(number);
    if (this.arrived.length) this.nextFrame();
  }

  insert(number) {
    const window = this.windows.get(number);
    const body = Object.assign(document.createElement("tbody"), { className: "win", role: "rowgroup", innerHTML: window.html });
    body.dataset.k = number + this.base / WINDOW;
    Object.assign(window, { state: "ready", body, html: undefined });
    body.style.top = `${this.rowTop(number * WINDOW)}px`;
    const later = [...this.table.tBodies].find((other) => Number(other.dataset.k) > Number(body.dataset.k));
    this.table.insertBefore(body, later ?? null);
    this.prepare(body);
    for (const waiter of window.waiters) waiter();
    const kept = this.speed ? MOST_ROWS / 2 : NEAR;  // what was still on its way when scrolling ended may be far
    if (this.table.tBodies.length * WINDOW > 2 * kept) {
      const [first, last] = this.inView();
      this.evict(first - kept, last + kept);
    }
  }

  /** Links leave the tab order, since rows are walked by arrow keys; opened spans are watched for their height. */
  prepare(body) {
    for (const link of body.querySelectorAll(".r a")) link.tabIndex = -1;
    for (const detail of body.querySelectorAll(".detail")) this.sizes.observe(detail);
    if (!this.table.querySelector('.r[tabindex="0"]')) body.querySelector(".r")?.setAttribute("tabindex", "0");
  }

  evict(first, last) {
    for (const [number, window] of this.windows) {
      const far = (number + 1) * WINDOW <= first || number * WINDOW > last;
      const held = window.body && (window.body.contains(document.activeElement) || window.body.querySelector(".detail"));
      if (!far || held || window.state !== "ready") continue;
      window.body.remove();
      this.windows.delete(number);
    }
  }

  hasGrown() {
    if (this.grown) return;
    this.grown = true;
    document.getElementById("grown").dispatchEvent(new Event("look"));
  }
}
