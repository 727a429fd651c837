// On a narrow window the filters start closed, and they stay as they are when the page changes.
let open = !matchMedia("(max-width: 900px)").matches;
const settle = () => document.querySelector("[data-filters]")?.toggleAttribute("open", open);
settle();
document.addEventListener("toggle", ({ target }) => { if (target.matches("[data-filters]")) open = target.open; }, true);
document.addEventListener("htmx:after:swap", settle);

// An empty field is no part of the address.
document.addEventListener("formdata", (event) => {
  if (!event.target.closest(".thresholds")) return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});
