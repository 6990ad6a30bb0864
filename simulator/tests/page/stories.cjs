// Plays stories as their reader would, in a real browser: `node stories.cjs PAGE...`. Once by keys with right predictions, and once by
// mouse with wrong ones.

const assert = require("node:assert/strict");
const { pathToFileURL } = require("node:url");
const { assertReadable, end, open: openPage, place, run, text } = require("../../../page/tests/chromium.cjs");

const files = process.argv.slice(2);
const open = (browser, file, options, hash = "") => openPage(browser, pathToFileURL(file).href + hash, /^(file|data|blob):/, options);

const told = (page) => page.$eval("#telling", (element) => JSON.parse(element.textContent));
/** Waits until a step is shown. */
const shows = (page, telling, number) =>
  page.waitForFunction(
    ([title, words]) => document.querySelector("#story h2").textContent === title && document.querySelector("#story .quiet").textContent.endsWith(words),
    [telling.steps[number].title, `step ${number + 1} of ${telling.steps.length}`],
  );

/** What each step shows, and what it hides. */
async function assertStep(page, telling, number, reached) {
  await shows(page, telling, number);
  const { place: moment, look, facts, text: sentences } = telling.steps[number];
  assert.equal(await place(page), moment, "the moment");
  const most = await page.$eval("#slider", (slider) => Number(slider.max));
  if (reached < telling.steps.length - 1) assert.equal(most, telling.steps[reached].place, "what comes later is hidden");
  const said = await text(page, "#story");
  for (const sentence of [...sentences, ...facts]) assert.ok(said.includes(sentence), sentence);
  assert.equal(await page.$$eval("[data-pointed]", (all) => all.map(({ id }) => id).join()), look);
}

async function byKeys(browser) {
  for (const file of files) {
    const { page, faults } = await open(browser, file, {});
    const telling = await told(page);
    for (const [number, { question }] of telling.steps.entries()) {
      await assertStep(page, telling, number, number);
      if (question === undefined) {
        await page.keyboard.press("n");
        continue;
      }
      // The run does not go on before the prediction.
      await page.keyboard.press("n");
      await page.keyboard.press("End");
      await page.keyboard.press("v");
      await page.keyboard.press("d");
      await assertStep(page, telling, number, number);
      await page.keyboard.press(String(question.choices.findIndex(({ right }) => right) + 1));
      await shows(page, telling, number + 1);
      assert.match(await text(page, "#story .came"), /You were right/);
      // Whoever listens is led to what is new.
      assert.equal(await page.evaluate(() => document.activeElement.textContent), telling.steps[number + 1].title);
    }
    const last = telling.steps.length - 1;
    await page.keyboard.press("n");
    await shows(page, telling, last);
    await page.keyboard.press("Shift+N");
    await assertStep(page, telling, last - 1, last);
    assert.deepEqual(faults, [], file);
    await page.close();
  }
}

async function byMouse(browser) {
  for (const file of files) {
    const { page, faults } = await open(browser, file, {});
    const telling = await told(page);
    for (const [number, { question }] of telling.steps.entries()) {
      await assertStep(page, telling, number, number);
      if (number === telling.steps.length - 1) break;
      assert.equal(await page.isDisabled("#forward"), question !== undefined);
      if (question === undefined) {
        await page.click("#forward");
        continue;
      }
      const wrong = question.choices.findIndex(({ right }) => !right);
      await page.click(`#story fieldset li:nth-child(${wrong + 1}) button`);
      await shows(page, telling, number + 1);
      const came = await text(page, "#story .came");
      for (const words of ["It came otherwise", question.choices[wrong].because, question.choices.find(({ right }) => right).says])
        assert.ok(came.includes(words), `${words}: ${came}`);
      await page.click("#back");
      await shows(page, telling, number);
      assert.equal(await page.getAttribute(`#story fieldset li:nth-child(${wrong + 1}) button`, "aria-pressed"), "true");
      assert.equal(await page.isDisabled("#story fieldset li:first-child button"), true, "a prediction stays");
      await page.click("#forward");
    }
    // The page as it is now, in another tab. The address follows after a pause.
    await page.waitForFunction((step) => location.hash.includes(`t=${step}&`), telling.steps.length - 1);
    const other = await open(browser, file, {}, new URL(page.url()).hash);
    await shows(other.page, telling, telling.steps.length - 1);
    await other.page.click("#back");
    await shows(other.page, telling, telling.steps.length - 2);
    assert.deepEqual([...faults, ...other.faults], [], file);
    await other.page.close();
    await page.close();
  }
}

/** An address shows nothing for which a prediction is lacking. */
async function addresses(browser) {
  const { page, faults } = await open(browser, files[0], {}, "#t=4&r=4");
  const telling = await told(page);
  await assertStep(page, telling, 1, 1);
  await page.reload();
  await assertStep(page, telling, 1, 1);
  assert.deepEqual(faults, []);
  await page.close();
}

/** All steps of all stories, each story on one of four screens. */
async function readable(browser) {
  const screens = ["light", "dark"].flatMap((colorScheme) => [1280, 390].map((width) => ({ colorScheme, viewport: { width, height: 800 } })));
  for (const [at, file] of files.entries()) {
    const screen = screens[at % screens.length];
    const { page, faults } = await open(browser, file, screen);
    const telling = await told(page);
    for (const [number, { question }] of telling.steps.entries()) {
      await shows(page, telling, number);
      await assertReadable(page, `${telling.title}, step ${number + 1}, ${JSON.stringify(screen)}`);
      await page.keyboard.press(question === undefined ? "n" : "1");
    }
    assert.deepEqual(faults, []);
    await page.close();
  }
}

end(run([byKeys, byMouse, addresses, readable]));
