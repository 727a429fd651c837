// The address of the page, changed here and nowhere else, so that links made before it changed follow it.

const bare = () => location.href.replace(/#.*$/, "");
let shown = bare();
/** What stays whatever else of the address changes: opened spans, and what would be faster. */
export const KEPT = ["span", "faster", "percent"];

/** `place` is kept with the entry of the history: where the window stood. */
export function write(url, { push = false, place = history.state } = {}) {
  history[push ? "pushState" : "replaceState"](push ? null : place, "", url);
  shown = bare();
  follow();
}

/** Whether the browser has gone to another entry of the history than the one shown, not just to an anchor. */
export function wentElsewhere() {
  const went = bare() !== shown;
  shown = bare();
  return went;
}

/** Links above the rows carry what has changed since; `data-sets` names the parameters that are a link's own. */
export function follow() {
  const now = new URLSearchParams(location.search);
  for (const link of document.querySelectorAll(".tracehead a[data-sets], #view > :not(.wf-box) a[href]:not(svg a)")) {
    const url = new URL(link.href);
    if (!url.pathname.startsWith(location.pathname) || url.pathname.endsWith(".json")) continue;
    const sets = link.dataset.sets?.split(" ");
    for (const name of sets ? [...now.keys(), ...url.searchParams.keys()] : KEPT) {
      if (sets?.includes(name) || name === "row" || name === "page") continue;
      if (now.get(name)) url.searchParams.set(name, now.get(name));
      else url.searchParams.delete(name);
    }
    if (url.href !== link.href) link.href = url;
  }
}

// The answer to "what if" names the address that goes with it.
document.addEventListener("htmx:after:swap", () => {
  const asked = document.querySelector(".whatif[open] [data-url]")?.dataset.url;
  if (asked) write(asked + location.hash);
});
