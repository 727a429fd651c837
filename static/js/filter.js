// The filter of an opened span: hides attributes of which neither key nor value holds the text.

document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-filter]")) return;
  const span = target.closest(".span");
  const sought = target.value.trim().toLowerCase();
  const holds = (row) => !sought || `${row.firstChild.title} ${row.cells[1].textContent}`.toLowerCase().includes(sought);
  for (const row of span.querySelectorAll("[data-filtered] .kv tr")) row.hidden = !holds(row);
  for (const branch of span.querySelectorAll(".branch")) branch.hidden = !branch.querySelector("tr:not([hidden])");
  const resource = span.querySelector(".resource");
  if (resource && sought) resource.open = resource.querySelector("tr:not([hidden])") !== null;
  const rest = span.querySelector("[data-filtered] .kv tr:not([hidden])");
  span.querySelector(".nothing").hidden = rest !== null;
});
