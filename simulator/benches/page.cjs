// Measures pages in Chromium: `node page.cjs FILE...`. Prints how long it takes until a page shows its run, and how long a frame takes
// while somebody scrubs through it. The first file is held to limits, in the median of some tries.

const { statSync } = require("node:fs");
const { pathToFileURL } = require("node:url");
const { end, run } = require("../../page/tests/chromium.cjs");

const [FIRST_PAINT_MS, FRAME_MS] = [1000, 50];
const TRIES = 5;
const [file, ...larger] = process.argv.slice(2);

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];

async function paint(browser, path) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (document.querySelector("#verdict") === null) return;
      observer.disconnect();
      // The words are painted in the next frame, and the picture in the one after it.
      requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => (globalThis.shownAt = performance.now()))));
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(pathToFileURL(path).href);
  // The browser's clock starts when it is told to go to the page.
  const shown = await page.waitForFunction(() => globalThis.shownAt);
  return { page, ms: await shown.jsonValue() };
}

async function scrub(page) {
  return page.evaluate(async () => {
    const slider = document.querySelector("#slider");
    const times = [];
    for (let step = 0; step < 100; step++) {
      slider.value = `${Math.round((Number(slider.max) * ((step * 37) % 100)) / 100)}`;
      const before = performance.now();
      slider.dispatchEvent(new Event("input", { bubbles: true }));
      await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      times.push(performance.now() - before);
    }
    return times.sort((a, b) => a - b);
  });
}

async function measured(browser, path) {
  const paints = [];
  let frames;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const { page, ms } = await paint(browser, path);
    paints.push(ms);
    frames ??= await scrub(page);
    await page.close();
  }
  const events = /-(\d+)\.html$/.exec(path)[1];
  const [shown, frame, slow] = [median(paints), frames[50], frames[95]];
  console.log(
    `${events} events, ${(statSync(path).size / 1e6).toFixed(1)} MB: first paint ${shown.toFixed(0)} ms (${Math.min(...paints).toFixed(0)} to ` +
      `${Math.max(...paints).toFixed(0)}); a frame of scrubbing ${frame.toFixed(1)} ms in the median, ${slow.toFixed(1)} ms in 95 of 100`,
  );
  return { shown, frame };
}

async function speed(browser) {
  const { shown, frame } = await measured(browser, file);
  for (const path of larger) await measured(browser, path);
  if (shown >= FIRST_PAINT_MS) throw new Error(`the first paint takes ${FIRST_PAINT_MS} ms or more`);
  if (frame >= FRAME_MS) throw new Error(`a frame takes ${FRAME_MS} ms or more`);
}

end(run([speed]));
