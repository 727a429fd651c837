// Files and folders that are dropped on the page, or chosen in its form, are sent at once, with how much of them is.

import { register } from "./shortcuts.js";

const root = document.documentElement;
const form = () => document.querySelector("[data-drop]");
root.classList.add("drops");

const carriesFiles = (event) => form() && event.dataTransfer?.types.includes("Files");

document.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  root.classList.add("is-dropping");
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) root.classList.remove("is-dropping"); });
document.addEventListener("drop", async (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  root.classList.remove("is-dropping");
  const files = [...event.dataTransfer.files].map((file) => [file, file.name]);
  const entries = [...event.dataTransfer.items].map((each) => each.webkitGetAsEntry()).filter(Boolean);
  send(entries.length ? (await Promise.all(entries.map(filesBelow))).flat() : files);
});

// An entry is a file, or a folder that gives its entries a hundred at a time.
async function filesBelow(entry) {
  if (entry.isFile) {
    const file = await new Promise((found, failed) => entry.file(found, failed)).catch(() => null);
    return file ? [[file, entry.fullPath.slice(1)]] : [];
  }
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((given, failed) => reader.readEntries(given, failed)).catch(() => []);
    if (!some.length) return found;
    found.push(...(await Promise.all(some.map(filesBelow))).flat());
  }
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-drop] input[type=file]")) {
    send([...target.files].map((file) => [file, file.webkitRelativePath || file.name]));
  }
});

register("o", () => form()?.querySelector("[name=files]").click());

const written = (bytes) => bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;

function send(files) {
  const most = Number(form().dataset.drop);
  const size = files.reduce((sum, [file]) => sum + file.size, 0);
  if (!files.length) return say("There is no file in it.");
  if (size > most) return say(`${written(size)} are more than ${written(most)}: start Tailrace with the path of the files.`);
  const body = new FormData();
  for (const [file, path] of files) body.append("files", file, path);
  const request = new XMLHttpRequest();
  request.open("POST", form().action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.onprogress = ({ loaded, total }) => say(`${written(loaded)} of ${written(total)} sent`, loaded / total, request);
  request.onload = () => {
    const { url, error } = request.response ?? {};
    if (url) location.assign(url);
    else say(error ? `${error.message} ${error.hint}` : `The server answers ${request.status}.`);
  };
  request.onerror = () => say("Sending failed: the server is gone, or a file changed meanwhile.");
  request.onabort = () => say("Cancelled; nothing was loaded.");
  say("Sending …", 0, request);
  request.send(body);
}

// What `share` of it is done, while a request is under way.
function say(words, share, request) {
  const line = form().querySelector("[data-sending]");
  const [bar, text, button] = line.children;
  line.hidden = false;
  text.textContent = words;
  bar.hidden = button.hidden = !request;
  bar.value = share ?? 0;
  button.onclick = () => request.abort();
  if (!request) form().reset();
}
