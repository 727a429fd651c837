// What the bench asks of a page: when its first row was painted, how long a jump takes, how blank a picture is.
(() => {
  const ROW = "[role=treegrid] tbody [role=row], [role=treegrid] tbody tr";
  const BAND = 30; // px, the height of a row
  const nextFrame = () => new Promise(requestAnimationFrame);

  // Heights at which rows should be, from below the sticky heads to the foot.
  const places = () => [0.45, 0.6, 0.75, 0.9].map((share) => innerHeight * share);
  const isRow = (element) => Boolean(element?.closest("tr, [role=row]"));
  const rowAt = (y) => [0, 8].some((below) => isRow(document.elementFromPoint(120, y + below))); // not a gap

  const bench = {
    first_row_ms: null,

    elements: () => document.getElementsByTagName("*").length,

    async jump(place) {
      const frames_ms = [];
      const start = performance.now();
      let last = start;
      scrollTo(0, place * (document.documentElement.scrollHeight - innerHeight));
      while (performance.now() - start < 5000) {
        await nextFrame();
        const now = performance.now();
        frames_ms.push(now - last);
        last = now;
        if (places().every((y) => rowAt(y))) break;
      }
      await nextFrame(); // the frame with the rows has been handed over now
      const rows_ms = performance.now() - start;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { rows_ms, frames_ms };
    },

    // Counts frames, and those in which a place for a row has none, until `stopWatching`.
    async watchRows() {
      const seen = { frames: 0, without_rows: 0, over: false };
      bench.seen = seen;
      while (!seen.over) {
        await nextFrame();
        seen.frames += 1;
        seen.without_rows += places().every((y) => rowAt(y)) ? 0 : 1;
      }
    },

    stopWatching() {
      bench.seen.over = true;
      return bench.seen;
    },

    // Share of the bands below the page's head that show nothing: all pixels of one colour.
    async blankShare(jpeg) {
      const bytes = Uint8Array.from(atob(jpeg), (letter) => letter.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
      const canvas = new OffscreenCanvas(image.width, image.height);
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      const scale = image.width / 1440;
      const band = Math.round(BAND * scale);
      let blank = 0, all = 0;
      for (let top = Math.round(image.height * 0.35); top + band < image.height; top += band) {
        const { data } = context.getImageData(0, top, image.width - Math.round(20 * scale), band);
        all += 1;
        blank += isOneColour(data) ? 1 : 0;
      }
      return all ? blank / all : 0;
    },
  };

  // Hairlines and JPEG noise do not count: at least 1 in 200 pixels must differ clearly.
  function isOneColour(data) {
    let different = 0;
    for (let at = 0; at < data.length; at += 16) {
      const distance = Math.abs(data[at] - data[0]) + Math.abs(data[at + 1] - data[1]) + Math.abs(data[at + 2] - data[2]);
      if (distance > 60) different += 1;
    }
    return different < data.length / 16 / 200;
  }

  async function watchFirstRow() {
    while (!document.querySelector(ROW)) await nextFrame();
    await nextFrame();
    await nextFrame(); // the frame with the row has been handed over now
    bench.first_row_ms = performance.now();
  }

  globalThis.bench = bench;
  watchFirstRow();
})();
