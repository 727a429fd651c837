// Taking a trace away: the picture in the state of the page, also as PNG, and the summary for the clipboard.

import { copy } from "./copy.js";

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
  const button = event.target.closest("[data-take], [data-take-png], [data-copy-from]");
  if (!button) return;
  if (button.dataset.take === "svg") button.href = pictureUrl();
  else if (button.matches("[data-take-png]")) savePng(button);
  else if (button.matches("[data-copy-from]")) copy(await (await fetch(button.dataset.copyFrom)).text(), button);
});
