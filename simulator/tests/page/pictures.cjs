// Takes the pictures of the documents: `node pictures.cjs FOLDER RUN STORY`, two pages. Each picture is taken in light and in dark.

const { join } = require("node:path");
const { pathToFileURL } = require("node:url");
const { end, open, run } = require("../../../page/tests/chromium.cjs");

const [folder, runFile, storyFile] = process.argv.slice(2);
const SIZE = { width: 1000, height: 860 };

async function take(browser, name, file, prepare) {
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await open(browser, pathToFileURL(file).href, /./, { colorScheme, viewport: SIZE, deviceScaleFactor: 1 });
    await prepare(page);
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.activeElement?.blur());
    await page.screenshot({ path: join(folder, `${name}-${colorScheme}.png`), animations: "disabled" });
    await page.close();
  }
}

/** The run: why R decided. */
async function pageOfARun(browser) {
  await take(browser, "page", runFile, async (page) => {
    await page.click("button[aria-label^='slot 1 at R']");
    // The moment of the decision, near enough to tell the messages apart.
    await page.click("#why ol > li:first-child button");
    for (let times = 0; times < 6; times++) await page.click("button[aria-label='Zoom in']");
    await page.evaluate(() => scrollTo(0, 0));
  });
}

/** A story, where it asks. */
async function pageOfAStory(browser) {
  await take(browser, "story", storyFile, async (page) => {
    for (const key of ["n", "2"]) await page.keyboard.press(key);
    await page.waitForSelector("#story .came");
    await page.evaluate(() => scrollTo(0, document.querySelector("#story").offsetTop - 10));
  });
}

end(run([pageOfARun, pageOfAStory]));
