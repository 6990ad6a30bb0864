// Looks at each panel that shows more than the log does, in a real browser: `node panels.cjs SILENT EQUIVOCATE CUT FORK`. SILENT is the page of a
// run in which P is silent; in EQUIVOCATE P says two things, in CUT S is cut off for a while, and in FORK two twins of four make a disagreement.

const assert = require("node:assert/strict");
const { pathToFileURL } = require("node:url");
const { assertReadable, end, open: openPage, place, run, text } = require("../../../page/tests/chromium.cjs");

const [silent, equivocate, cut, fork] = process.argv.slice(2);
const open = (browser, file, options = {}, hash = "") => openPage(browser, pathToFileURL(file).href + hash, /^(file|data|blob):/, options);

/** The charts are drawn: what is in them, as numbers of colours. */
async function drawn(page) {
  await page.waitForFunction(() => document.querySelectorAll("#charts canvas").length === 4 && document.querySelector("#wrong") !== null);
  const colours = () =>
    page.$$eval("#charts canvas", (all) =>
      all.map((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return new Set(new Uint32Array(data.buffer)).size;
      }),
    );
  // The line of the moment stands in the chart.
  await page.waitForFunction(() => {
    const [line, chart] = ["#charts .moment", "#charts .u-over"].map((one) => document.querySelector(one)?.getBoundingClientRect());
    return line !== undefined && line.left >= chart.left - 1 && line.left <= chart.right + 1;
  });
  return colours();
}

async function charts(browser) {
  const { page, faults } = await open(browser, silent);
  assert.ok((await drawn(page)).every((colours) => colours > 10));
  assert.match(await text(page, "#wrong"), /P is faulty: silent from \d\.\d+ s on/);
  const labels = await page.$$eval("#charts .chart", (all) => all.map((chart) => chart.getAttribute("aria-label")));
  assert.ok(labels.every((label) => /over simulated time/.test(label)), `${labels}`);
  // A click on a chart goes to that moment, and the line goes there.
  const line = () => page.$eval("#charts .moment", (moment) => moment.getBoundingClientRect().left);
  const last = await line();
  const over = page.locator("#charts .u-over").first();
  const { width } = await over.boundingBox();
  await over.click({ position: { x: width / 4, y: 20 } });
  const [events, at] = [await page.$eval("#slider", (slider) => Number(slider.max)), await place(page)];
  assert.ok(at > 0 && at < events, `event ${at} of ${events}`);
  assert.ok((await line()) < last - width / 4, "the line goes back");
  assert.ok(Math.abs((await line()) - (await over.boundingBox()).x - width / 4) < width / 20, "and stands where the click was");
  // The table says the same, without a mouse.
  await page.focus("#numbers summary");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#numbers tbody tr:nth-child(3)");
  const all = await page.$$eval("#numbers tbody tr:first-child td", (cells) => cells.map((cell) => cell.textContent));
  const executed = [...(await text(page, "#log")).matchAll(/\((\d+) requests, \d+ operations\)/g)];
  assert.ok(Number(all[0]) >= 3 && executed.length > 0, `${all}`);
  assert.match(all[2], /^[\d.]+ ms$/);
  const parts = await page.$$eval("#numbers tbody tr:not(:first-child)", (rows) => rows.map((row) => Number(row.cells[1].textContent)));
  assert.equal(parts.reduce((sum, part) => sum + part, 0), Number(all[0]), "the parts are all of it");
  assert.match(await text(page, "#numbers tbody tr:nth-child(2)"), /P is faulty: silent/);
  await page.focus("#numbers tbody tr:nth-child(4) button");
  await page.keyboard.press("Enter");
  assert.notEqual(await place(page), at);
  assert.deepEqual(faults, []);
  await page.close();
}

async function cuts(browser) {
  const { page, faults } = await open(browser, cut);
  await drawn(page);
  const wrong = await text(page, "#wrong");
  const [, from, to] = /links are cut, .* first from (\d\.\d+) s to (\d\.\d+) s/.exec(wrong) ?? assert.fail(wrong);
  assert.ok(from >= 0.3 && to <= 0.9 && to - from > 0.3, wrong);
  await page.click("#wrong button");
  assert.match(await text(page, "#chosen"), /the link is cut/);
  assert.deepEqual(faults, []);
  await page.close();
}

async function lies(browser) {
  const { page, faults } = await open(browser, equivocate);
  await page.click("button[aria-label^='slot 1 at R']");
  await page.waitForSelector("#why .lie");
  assert.match(await text(page, "#why .lie figcaption"), /P says two things: its PRE-PREPARE in view 0, slot 1/);
  const sides = await page.$$eval("#why .lie:first-of-type li", (all) =>
    all.map((side) => ({ words: side.textContent.replace(/\s+/g, " ").trim(), top: side.getBoundingClientRect().top })),
  );
  assert.equal(sides.length, 2);
  assert.ok(sides.every(({ words }) => /^batch [0-9a-f]{8} to /.test(words)), JSON.stringify(sides));
  assert.notEqual(sides[0].words.slice(0, 14), sides[1].words.slice(0, 14));
  assert.equal(sides[0].top, sides[1].top, "side by side");
  await page.click("#why .lie li:last-child button");
  assert.match(await text(page, "#chosen"), /hears P's PRE-PREPARE/);
  // Before it was heard, nothing is known of it.
  await page.keyboard.press("Home");
  assert.equal(await page.$("#why .lie"), null);
  assert.deepEqual(faults, []);
  await page.close();
}

async function quorums(browser) {
  const { page, faults } = await open(browser, silent);
  await page.click("button[aria-label^='slot 1 at R']");
  const words = await page.getAttribute("#quorums", "aria-label");
  assert.match(words, /^This quorum is Q, R and S, another one is P, Q and R\. Both have Q, which is correct; R, which is correct\.$/);
  const drawn = await page.$$eval("#quorums g", (all) => all.map((one) => `${one.textContent.trim()} ${one.getAttribute("class")}`));
  assert.deepEqual(drawn, ["S correct", "Q shared", "R shared", "P faulty"]);
  // Those that both have stand in both boxes.
  const inside = await page.$$eval("#quorums rect", (boxes) =>
    boxes.map((box) => {
      const { left, right } = box.getBoundingClientRect();
      const all = [...document.querySelectorAll("#quorums g")].filter((one) => one.getBoundingClientRect().left > left && one.getBoundingClientRect().right < right);
      return all.map((one) => one.textContent.trim()).join("");
    }),
  );
  assert.deepEqual(inside, ["SQR", "QRP"]);
  assert.deepEqual(await page.$$eval("#ring .state", (all) => all.map((one) => one.textContent)), ["silent", "correct", "correct", "correct"]);
  assert.deepEqual(faults, []);
  await page.close();
}

async function steps(browser) {
  const { page, faults } = await open(browser, silent);
  await page.selectOption("#step", "view");
  await page.click("[aria-label='One view back']");
  assert.match(await text(page, "#chosen"), /is in view \d/);
  const view = await place(page);
  await page.keyboard.press("Shift+V");
  const earlier = await place(page);
  assert.ok(earlier < view);
  await page.keyboard.press("v");
  assert.equal(await place(page), view);
  await page.selectOption("#step", "slot");
  await page.keyboard.press("Home");
  await page.click("[aria-label='One slot forward']");
  assert.match(await text(page, "#chosen"), /Q executes slot 1/);
  await page.selectOption("#step", "event");
  const slot = await place(page);
  await page.click("[aria-label='One event forward']");
  assert.equal(await place(page), slot + 1);
  // The page that is loaded again is where it was, once the address says so.
  await page.waitForFunction((event) => location.hash.startsWith(`#seed=0&e=${event}&`), slot + 2);
  await page.reload();
  await page.waitForSelector("#verdict");
  assert.equal(await place(page), slot + 1);
  await page.keyboard.press("Shift+D");
  assert.equal(await place(page), slot);
  assert.ok((await page.$$("#marks .execute")).length >= 3, "decisions are marked");
  assert.ok((await page.$$("#marks .fault")).length >= 1);
  assert.deepEqual(faults, []);
  await page.close();
}

async function broken(browser) {
  const { page, faults } = await open(browser, fork);
  assert.match(await text(page, "#verdict"), /✗ expected beyond the bound: agreement: slot \d+: .* executed/);
  const marks = await page.$$eval("#marks .violation title", (all) => all.map((one) => one.textContent));
  assert.ok(marks.some((words) => /^DISAGREEMENT in slot \d+: /.test(words)) && marks.some((words) => /^expected beyond/.test(words)), `${marks}`);
  assert.deepEqual(faults, []);
  await page.close();
}

async function branches(browser) {
  const { page, faults } = await open(browser, silent, {}, "#e=200&p=R");
  await page.keyboard.press("b");
  const [, ms] = /^simulate replay plan\.toml --branch R=lie@after=(\d+)ms --html branch\.html$/.exec(await text(page, "#branch")) ?? assert.fail(await text(page, "#branch"));
  const seconds = Number(/, (\d+\.\d+) s:/.exec(await text(page, "#chosen"))[1]);
  assert.ok(Math.abs(Number(ms) / 1000 - seconds) < 0.002, `${ms} ms is the moment`);
  await page.selectOption("dialog select", "S");
  await page.fill("dialog input", "deny:R+Q");
  assert.match(await text(page, "#branch"), /--branch 'S=deny:R\+Q@after=|--branch S=deny:R\+Q@after=/);
  const offered = await page.$$eval("dialog select option", (all) => all.map((one) => one.value));
  assert.deepEqual(offered, ["Q", "R", "S"], "P is faulty already");
  await assertReadable(page, "the dialog");
  assert.deepEqual(faults, []);
  await page.close();
}

/** For everybody: a projector, the reader's own colours, no motion, 390 pixels, and twice the size. */
async function everybody(browser) {
  const ways = {
    "forced colours": { forcedColors: "active" },
    "reduced motion": { reducedMotion: "reduce" },
    "390 pixels": { viewport: { width: 390, height: 800 } },
    "twice the size": { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
    "dark, 390 pixels": { colorScheme: "dark", viewport: { width: 390, height: 800 } },
  };
  for (const [way, options] of Object.entries(ways)) {
    for (const file of [equivocate, cut]) {
      const { page, faults } = await open(browser, file, options);
      const colours = await drawn(page);
      assert.ok(colours.every((one) => one > 3), `${way}: ${colours} colours`);
      await page.click("button[aria-label^='slot 1 at R']");
      await page.click("#numbers summary");
      await page.waitForSelector("#numbers tbody tr");
      await assertReadable(page, way);
      await page.evaluate(() => document.activeElement.blur());
      const before = await page.evaluate(() => Number.parseFloat(getComputedStyle(document.body).fontSize));
      await page.keyboard.press("t");
      await page.waitForFunction((size) => Number.parseFloat(getComputedStyle(document.body).fontSize) === size * 1.5, before);
      await drawn(page);
      await assertReadable(page, `${way}, larger text`);
      await page.keyboard.press("Home");
      await page.keyboard.press(" ");
      await page.waitForFunction(() => Number(document.querySelector("#slider").value) > 20);
      await page.keyboard.press(" ");
      await page.click("#size");
      await page.waitForFunction((size) => Number.parseFloat(getComputedStyle(document.body).fontSize) === size, before);
      assert.deepEqual(faults, [], way);
      await page.close();
    }
  }
}

end(run([charts, cuts, lies, quorums, steps, broken, branches, everybody]));
