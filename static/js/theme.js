// Theme without a reload, the browser's own time zone, and a quiet bar when the server is gone.

const NEXT = { system: "light", light: "dark", dark: "system" };

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-theme-form]");
  if (!form) return;
  event.preventDefault();
  const chosen = form.elements.theme.value;
  // shown at once; the cookie is for the next page
  fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual", keepalive: true });
  if (chosen === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = chosen;
  form.elements.theme.value = NEXT[chosen];
  const button = form.querySelector("button");
  const words = `Theme: ${chosen}. Change to ${NEXT[chosen]}`;
  button.setAttribute("aria-label", `${words}.`);
  button.title = `${words} (t)`;
  button.replaceChildren(document.getElementById(`theme-${chosen}`).content.cloneNode(true));
  document.dispatchEvent(new CustomEvent("tailrace:theme"));
});

// The zone of the browser, not of the server, is what "local" means to the reader.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const zoneForm = document.querySelector("[data-zone]");
if (zoneForm && zone && zoneForm.elements.zone.value !== "UTC") {
  zoneForm.elements.zone.value = zone;
  const button = zoneForm.querySelector("button");
  if (zone === "UTC") { button.disabled = true; button.title = "Times are shown in UTC, which is your own zone too."; }
  button.title = button.title.replace(/Click for .*/, `Click for ${zone}.`);
}

const bar = document.querySelector(".offline");
const lost = () => { bar.hidden = false; };
const found = () => { bar.hidden = true; };
document.addEventListener("htmx:error", lost);
document.addEventListener("htmx:after:request", found);
document.addEventListener("tailrace:lost", lost);
document.addEventListener("tailrace:found", found);
