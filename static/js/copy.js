// What leaves the page. Copy buttons: [data-copy] holds the text, [data-copy-row] a key whose value the button before it
// copies, [data-copy-text] stands below the text itself, [data-copy-from] names where it is; [data-copy-link] copies the
// address of what is on the screen, with the absolute times that it holds in place of relative ones. And the picture of
// a trace in the state of the page, also as PNG.

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

const root = document.documentElement;
const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "")) === "dark";

// The menu is older than what was folded and zoomed since.
function pictureUrl() {
  const url = new URL(location.href);
  url.pathname += ".svg";
  url.hash = "";
  url.searchParams.set("theme", isDark() ? "dark" : "light");
  return url.href;
}

async function savePng(button) {
  const picture = new Image();
  picture.src = pictureUrl();
  await picture.decode();
  const scale = Math.min(2, 16_000 / picture.naturalHeight);
  const canvas = Object.assign(document.createElement("canvas"), { width: picture.naturalWidth * scale, height: picture.naturalHeight * scale });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done));
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: `trace-${location.pathname.split("/").pop()}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  button.blur();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-row], [data-copy-text], [data-copy-link], [data-copy-from], [data-take-png], [data-take=svg]");
  if (!button) return;
  const { copyFrom, copyLink: link, take, takePng } = button.dataset;
  if (take) { button.href = pictureUrl(); return; }
  event.preventDefault();
  if (takePng !== undefined) savePng(button);
  else if (link !== undefined) copyLink();
  else copy(copyFrom ? await (await fetch(copyFrom)).text() : textOf(button), button);
});
