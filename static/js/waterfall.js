// The rows as one walks them: focus by number, opened spans, the place in words and in the address. What fetches
// them is windows.js.

import { write } from "./address.js";
import { ROW, WINDOW, Windows } from "./windows.js";

const DETAILS = 280;  // px below its row in which the first facts of an opened span are seen

/** A sheet that only some parts of the page need is loaded before such a part is shown, and once. */
function dress(sheet) {
  sheet.remove();
  if (document.querySelector(`link[href="${sheet.getAttribute("href")}"]`)) return null;
  return new Promise((done) => {
    sheet.onload = sheet.onerror = done;
    document.head.append(sheet);
  });
}

export async function dressed(html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  await Promise.all([...made.content.querySelectorAll("link")].map(dress));
  return made.content;
}

export class Waterfall extends Windows {
  constructor(box, y) {
    super(box);
    const { signal } = this.listening;
    this.table.addEventListener("click", (event) => this.clicked(event), { signal });
    this.table.addEventListener("focusin", (event) => this.focused(event), { signal });
    this.goToStart(y);
    this.rest();
  }

  rest() {
    const [first, last] = super.rest();
    this.tell(first, last);
  }

  // Opened spans

  clicked(event) {
    const row = event.target.closest("tr.r");
    if (!row || event.defaultPrevented || event.target.closest(".caret, a.alike") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (String(getSelection())) return;
    event.preventDefault();
    row.focus({ preventScroll: true });
    this.toggle(row);
  }

  /** Open or close the span of a row, in the document and in the URL. */
  async toggle(row) {
    if (row.matches(".is-alike")) { row.querySelector(".caret").click(); return; }
    if (row.matches("[aria-busy]")) return;
    const id = row.id.slice(1);
    const url = new URL(location.href);
    const opened = (url.searchParams.get("span") ?? "").split(".").filter((other) => other && other !== id);
    const shown = document.getElementById(`d${id}`);
    const body = row.closest("tbody");
    row.classList.toggle("is-open", !shown);
    if (shown) {
      shown.remove();
      row.removeAttribute("aria-selected");
    } else {
      row.setAttribute("aria-busy", "true");
      const answer = await fetch(`${location.pathname}/span/${id}${location.search}`, { headers: { "HX-Request": "true" } }).catch(() => null);
      if (!answer?.ok) { row.removeAttribute("aria-busy"); row.classList.remove("is-open"); document.dispatchEvent(new CustomEvent("tailrace:lost")); return; }
      row.after(await dressed(`<tr role="row" class="detail" id="d${id}"><td role="gridcell" colspan="${this.table.ariaColCount}">${await answer.text()}</td></tr>`));
      row.removeAttribute("aria-busy");
      row.setAttribute("aria-selected", "true");
      this.sizes.observe(row.nextSibling);
      opened.push(id);
    }
    if (opened.length) url.searchParams.set("span", opened.join("."));
    else url.searchParams.delete("span");
    write(url);
    this.reckon(body);
  }

  // Rows by number

  row(number) {
    return this.windows.get(Math.floor(number / WINDOW))?.body?.querySelector(`.r[aria-rowindex="${this.base + number + 2}"]`) ?? null;
  }

  /** Bring a row into view, with `below` px under it, and give it the focus, fetching it if need be. */
  async focusRow(number, below = 0) {
    const wanted = Math.max(0, Math.min(this.count - 1, number));
    const y = this.top + this.rowTop(wanted);
    if (below && y + ROW + below > scrollY + innerHeight) scrollTo(0, y - this.sticky - (innerHeight - this.sticky) / 4);
    else if (y < scrollY + this.sticky || y + ROW > scrollY + innerHeight) {
      const far = Math.abs(y - scrollY) > innerHeight * 1.5;
      const space = far ? (innerHeight - this.sticky) / 3 : ROW;
      scrollTo(0, far || y < scrollY + this.sticky ? y - this.sticky - space : y + ROW + space - innerHeight);
    }
    const found = this.row(wanted) ?? (await this.arrival(wanted));
    found?.focus({ preventScroll: true });
    return found;
  }

  arrival(number) {
    const window = Math.floor(number / WINDOW);
    return new Promise((resolve) => {
      const done = () => resolve(this.row(number));
      this.wanted.unshift(window);
      this.pump();
      const state = this.windows.get(window);
      if (!state || state.state === "ready") done();
      else state.waiters.push(done);
    });
  }

  /** The number of the row that has the focus, else of the first in view less one, so that a step lands on it. */
  here() {
    const focused = document.activeElement?.closest?.("tr.r, tr.detail");
    const row = focused?.matches(".detail") ? focused.previousElementSibling : focused;
    return row ? Number(row.getAttribute("aria-rowindex")) - 2 - this.base : null;
  }

  focused(event) {
    const row = event.target.closest("tr.r");
    if (!row || row.tabIndex === 0) return;
    for (const other of this.table.querySelectorAll('.r[tabindex="0"]')) other.tabIndex = -1;
    row.tabIndex = 0;
  }

  /** Where the window stood (`y`, or as the history has it), else where the address points; then the row to focus. */
  goToStart(y) {
    const anchored = /^#s[0-9a-f_]+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
    const { go, focus } = this.box.dataset;
    const place = history.state;
    if (y !== undefined) scrollTo(0, y);
    else if (place) scrollTo(0, this.placeOf(place.row) + place.shift);
    else if (anchored) this.focusRow(Number(anchored.getAttribute("aria-rowindex")) - 2 - this.base, DETAILS);
    else if (go && !focus) scrollTo(0, this.placeOf(Number(go)));
    if (focus && !(place && y === undefined)) this.focusRow(Number(focus) - this.base, DETAILS);
  }

  /** Where the window stands when a row of the trace is the first below the sticky heads. */
  placeOf(row) {
    return this.top + this.rowTop(Math.max(0, row - this.base)) - this.sticky;
  }

  keepPlace() {
    const url = new URL(location.href);
    url.hash = "";  // has done its work
    const row = this.firstRow();
    if (row) url.searchParams.set("row", String(row));
    else url.searchParams.delete("row");
    write(url, { place: { row, shift: scrollY - this.placeOf(row) } });
  }

  /** Say which rows are in view: in words, in the overview, in the address. */
  tell(first, last) {
    const total = Number(this.box.dataset.total);
    const place = document.querySelector("[data-place]");
    const rest = place?.textContent.match(/ · .*$/)?.[0] ?? "";
    const text = `Rows ${(this.base + first + 1).toLocaleString("en")} to ${(this.base + last + 1).toLocaleString("en")} of ${total.toLocaleString("en")}${rest}`;
    if (place && total && place.textContent !== text) place.textContent = text;
    const seen = total ? document.querySelector("[data-seen]") : null;
    seen?.setAttribute("y", `${(100 * (this.base + first)) / total}%`);
    seen?.setAttribute("height", `${Math.max(1, (100 * (last - first + 1)) / total)}%`);
    seen?.classList.toggle("is-all", last - first + 1 >= total);
    this.keepPlace();
  }
}
