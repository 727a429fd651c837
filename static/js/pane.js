// What shows while rows are on their way: one canvas that stays on the screen and draws the bars of the rows in view
// from a compact array. Decoration: real rows lie over it. The layout of the array is that of `Preview.bars`.

const CHUNK = 20_000;
const MOST_LOADED = 100_000;       // rows; above, only what is near
const ON_PATH = 1, FAILED = 2, FOLDED = 32;
const WHOLE = 65_535;

export class Pane {
  constructor(waterfall) {
    this.waterfall = waterfall;
    this.chunks = new Map();         // number -> arrays, or a promise
    this.canvas = document.createElement("canvas");
    waterfall.box.querySelector(".pane").replaceChildren(this.canvas);
    this.themed = () => { this.colours = null; this.draw(...waterfall.inView()); };
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", this.themed);
    document.addEventListener("tailrace:theme", this.themed);
    this.measure();
  }

  stop() {
    this.scheme.removeEventListener("change", this.themed);
    document.removeEventListener("tailrace:theme", this.themed);
    this.stopped = true;
  }

  measure() {
    const { waterfall, canvas } = this;
    const lane = waterfall.table.querySelector(".ruler").getBoundingClientRect();
    const box = waterfall.box.getBoundingClientRect();
    this.lane = { left: lane.left - box.left, width: lane.width };
    this.names = waterfall.table.querySelector("th").getBoundingClientRect().width;
    const style = getComputedStyle(waterfall.box);
    [this.pad, this.indent, this.deepest] = ["--pad", "--indent", "--deepest"].map((name) => parseFloat(style.getPropertyValue(name)));
    this.width = box.width;
    this.height = Math.max(0, innerHeight - waterfall.sticky);
    const scale = devicePixelRatio || 1;
    canvas.width = this.width * scale;
    canvas.height = this.height * scale;
    canvas.style.width = `${this.width}px`;
    canvas.style.height = `${this.height}px`;
    this.context = canvas.getContext("2d");
    this.context.scale(scale, scale);
  }

  palette() {
    const probe = document.createElement("i");
    this.waterfall.box.append(probe);
    const read = (value) => { probe.style.color = value; return getComputedStyle(probe).color; };
    const colours = Object.fromEntries(["surface", "line", "line-strong", "error"].map((name) => [name, read(`var(--${name})`)]));
    const slots = [...Array(10).keys()].map((slot) => `var(--svc-${slot})`).concat("var(--control)");
    colours.slots = slots.map(read);
    colours.pale = slots.map((slot) => read(`color-mix(in srgb, ${slot} 24%, var(--surface))`));
    probe.remove();
    return colours;
  }

  /** Load what is near; small traces whole. */
  async rest(first, last) {
    const { count } = this.waterfall;
    this.draw(first, last);
    const chunks = Math.ceil(count / CHUNK);
    const near = [Math.floor(first / CHUNK), Math.floor(last / CHUNK), Math.floor(last / CHUNK) + 1, Math.floor(first / CHUNK) - 1];
    const wanted = count <= MOST_LOADED ? [...near, ...Array(chunks).keys()] : near;
    for (const chunk of wanted) {
      if (this.stopped) return;
      if (chunk >= 0 && chunk < chunks && !this.chunks.has(chunk)) await this.load(chunk);
    }
    if (count > MOST_LOADED) for (const chunk of this.chunks.keys()) if (!near.includes(chunk)) this.chunks.delete(chunk);
    if (!this.stopped) this.draw(...this.waterfall.inView());
  }

  async load(chunk) {
    const rows = Math.min(CHUNK, this.waterfall.count - chunk * CHUNK);
    this.chunks.set(chunk, null);
    try {
      const answer = await fetch(this.waterfall.address(chunk * CHUNK, rows, "bars"), { priority: "low" });
      if (!answer.ok) throw new Error(answer.status);
      this.chunks.set(chunk, decode(await answer.arrayBuffer()));
      if (!this.stopped) this.draw(...this.waterfall.inView());
    } catch {
      this.chunks.delete(chunk);  // asked again at the next rest
    }
  }

  /** Levels of the rows, or null where they are not loaded. */
  depth(row) {
    return this.chunks.get(Math.floor(row / CHUNK))?.depth[row % CHUNK] ?? null;
  }

  draw(first, last) {
    const { context, waterfall } = this;
    this.colours ??= this.palette();
    const { colours } = this;
    const shift = waterfall.top - scrollY;
    const screenTop = Math.max(shift, waterfall.sticky);
    const { begin, length, whole } = waterfall.box.dataset;
    const scale = this.lane.width * (Number(whole) / Number(length)) / WHOLE;
    const zero = this.lane.left - this.lane.width * (Number(begin) / Number(length));
    context.clearRect(0, 0, this.width, this.height);
    // down to its foot, also where that is below the screen: the browser scrolls it into view before it is drawn again
    last = Math.min(waterfall.count - 1, Math.max(last, first + Math.ceil(this.height / 30)));
    for (let row = first; row <= last; row++) {
      const chunk = this.chunks.get(Math.floor(row / CHUNK));
      const y = shift + waterfall.rowTop(row) - screenTop;
      context.fillStyle = colours.surface;
      context.fillRect(0, y, this.width, 30);
      context.fillStyle = colours.line;
      context.fillRect(0, y + 29, this.width, 1);
      if (chunk) this.drawRow(chunk, row % CHUNK, y, zero, scale);
      else this.drawWords(55, y, 90 + (row * 37) % 80);  // where names will be, until it is known how long they are
    }
  }

  /** Strips where the name and the numbers of a row will be. */
  drawWords(left, y, width) {
    const { context, names } = this;
    context.fillStyle = this.colours["line-strong"];
    context.fillRect(left, y + 11, Math.max(12, Math.min(width, names - left - 25)), 8);
    if (this.lane.left <= names + 100) return;
    context.fillRect(names + 24, y + 11, 34, 8);
    context.fillRect(names + 92, y + 11, 34, 8);
  }

  drawRow(chunk, index, y, zero, scale) {
    const { context, colours } = this;
    const slot = chunk.slot[index], flags = chunk.flags[index];
    const indent = this.pad + 20 + this.indent * Math.min(this.deepest, chunk.depth[index]);
    context.fillStyle = colours.slots[slot];
    context.fillRect(indent, y + 11, 8, 8);
    this.drawWords(indent + 15, y, 6 * chunk.text[index]);
    const left = Math.max(this.lane.left, zero + chunk.begin[index] * scale);
    const right = Math.min(this.lane.left + this.lane.width, zero + (chunk.begin[index] + chunk.width[index]) * scale);
    if (right < this.lane.left || left > this.lane.left + this.lane.width) return;
    const width = Math.max(3, right - left);
    context.fillStyle = flags & FAILED ? colours.error : colours.slots[slot];
    context.fillRect(left, y + 8, width, 13);
    if (!(flags & (ON_PATH | FOLDED)) && width > 3) {
      context.fillStyle = colours.pale[slot];
      context.fillRect(left + 1, y + 9, width - 2, 11);
    }
  }
}

function decode(buffer) {
  const count = buffer.byteLength / 8;
  const bytes = (place) => new Uint8Array(buffer, place * count, count);
  const words = (place) => new Uint16Array(buffer.slice(place * count, (place + 2) * count));  // little-endian, as all that run browsers
  const begin = words(4);
  for (let index = 1; index < count; index++) begin[index] += begin[index - 1];  // modulo 65536, as it was written
  return { depth: bytes(0), slot: bytes(1), text: bytes(2), flags: bytes(3), begin, width: words(6) };
}
