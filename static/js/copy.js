// Copy buttons: [data-copy] holds the text, [data-copy-row] a key whose value the button before it copies, and
// [data-copy-text] stands below the text itself; [data-copy-link] copies the address of what is on the screen, with the
// absolute times that it holds in place of relative ones.

export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // no clipboard over plain http to another host: the old way
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  if (!button) return;
  button.classList.add("is-copied");
  const words = button.querySelector("span");
  if (words) { button.dataset.words ??= words.textContent; words.textContent = "Copied"; }
  setTimeout(() => {
    button.classList.remove("is-copied");
    if (words) words.textContent = button.dataset.words;
  }, 1200);
}

export function copyLink() {
  const button = document.querySelector("[data-copy-link]");
  const pinned = button?.dataset.copyLink;
  const url = new URL(location.href);
  for (const [name, time] of new URLSearchParams(pinned)) url.searchParams.set(name, time);
  return copy(pinned ? url.href : location.href, button);
}

function textOf(button) {
  const { copy: text, copyRow: key, json } = button.dataset;
  if (key === undefined) return text ?? button.closest("details").querySelector(".pre").textContent;
  const value = button.parentElement.querySelector("[data-copy]").dataset.copy;
  return json ? `{${JSON.stringify(key)}: ${json === "text" ? JSON.stringify(value) : value}}` : `${key}=${value}`;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-row], [data-copy-text], [data-copy-link]");
  if (!button) return;
  event.preventDefault();
  if (button.matches("[data-copy-link]")) copyLink();
  else copy(textOf(button), button);
});
