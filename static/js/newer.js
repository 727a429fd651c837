// While traces come in, a page of results says how many more there are. It never moves rows: a link leads to them.

const EVERY_MS = 3_000;

async function look(note) {
  const answer = await fetch(note.dataset.newer);
  if (!answer.ok) return;
  const { newer, words, active } = await answer.json();
  note.querySelector("a").textContent = words;
  note.hidden = !newer;
  if (!active) delete note.dataset.newer;  // until the page is asked for again
}

async function watch() {
  const note = document.querySelector("[data-newer]");
  if (note && !document.hidden) await look(note).catch(() => {});  // the server is away: ask again
  setTimeout(watch, EVERY_MS);
}

setTimeout(watch, EVERY_MS);
