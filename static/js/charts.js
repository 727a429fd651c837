// Draws [data-chart] elements with Plotly, loaded only when there is one, and turns drags and clicks into links.

const source = document.querySelector("script[data-plotly]")?.dataset.plotly;
let loading;

function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.addEventListener("load", () => resolve(globalThis.Plotly));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
  return loading;
}

const theme = () => {
  const chosen = document.documentElement.dataset.theme;
  if (chosen) return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
};

async function draw(box) {
  const address = new URL(box.dataset.chart, location.href);
  address.searchParams.set("theme", theme());
  if (box.drawn === address.href) return;
  box.drawn = address.href;
  box.ariaBusy = "true";
  try {
    const [library, answer] = await Promise.all([plotly(), fetch(address)]);
    if (!answer.ok || box.drawn !== address.href) return;
    const figure = await answer.json();
    await library.react(box, figure.data, figure.layout, { responsive: true, displayModeBar: false });
    box.slowest = figure.slowest ?? null;
    box.values = figure.values ?? "";
    listen(box);
  } catch {
    box.drawn = "";
    document.dispatchEvent(new CustomEvent("tailrace:lost"));
  } finally {
    box.ariaBusy = "false";
  }
}

function listen(box) {
  if (box.listening) return;
  box.listening = true;
  box.on("plotly_selected", (event) => event?.range && narrow(box, event.range));
  box.on("plotly_click", (event) => open(box, event.points[0]));
}

// Plotly answers in its own terms: "2025-11-20 09:34:05.123" (UTC) and nanoseconds, or the numbers of a field.
function narrow(box, range) {
  const url = new URL(box.dataset.narrow, location.href);
  if (box.values !== "x") {
    const [from, to] = range.x.map((text) => Date.parse(`${text.replace(" ", "T").slice(0, 23)}Z`)).sort((a, b) => a - b);
    const step = to - from > 60_000 ? 1_000 : 1;  // whole seconds, outward, unless the drag was short
    const moment = (ms) => new Date(ms).toISOString().replace(".000Z", "Z");
    url.searchParams.set("t0", moment(Math.floor(from / step) * step));
    url.searchParams.set("t1", moment(Math.ceil(to / step) * step));
  }
  const ends = [...(box.values === "x" ? range.x : range.y)].sort((a, b) => a - b);
  const whole = box.dataset.key.endsWith("duration") || !box.values;
  url.searchParams.set("low", whole ? Math.max(0, Math.floor(ends[0])) : ends[0]);
  url.searchParams.set("high", whole ? Math.ceil(ends[1]) : ends[1]);
  url.searchParams.set("key", box.dataset.key);
  location.href = url.href;
}

function open(box, point) {
  const id = point.customdata ?? box.slowest?.[point.pointIndex?.join?.(",") ?? ""];
  if (!id) return;
  if (id.startsWith("/")) {
    location.href = id;
    return;
  }
  const url = new URL(box.dataset.trace, location.href);
  url.pathname += id;
  location.href = url.href;
}

const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);

document.addEventListener("htmx:after:swap", drawAll);
document.addEventListener("tailrace:theme", drawAll);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
drawAll();
