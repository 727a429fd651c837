// The address of the page, changed here and nowhere else, so that links made before it changed follow it.

const bare = () => location.href.replace(/#.*$/, "");
let shown = bare();

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
    for (const name of sets ? ["span", "depth", "fold", "alike", "find", "errors", "path", "t0", "t1"] : ["span"]) {
      if (sets?.includes(name)) continue;
      if (now.get(name)) url.searchParams.set(name, now.get(name));
      else url.searchParams.delete(name);
    }
    if (url.href !== link.href) link.href = url;
  }
}
