// What tests of the page in a real browser share: Chromium of this machine, driven by playwright-core, and axe-core.
// A script that requires this ends with a printed reason where one of them is missing, and with exit status 1 if all tests must run.

const { existsSync } = require("node:fs");
const { delimiter, join } = require("node:path");
const assert = require("node:assert/strict");

function missing(what) {
  if (process.env.QUORATE_ALL_TESTS !== undefined) {
    console.error(`there is no ${what}`);
    process.exit(1);
  }
  console.log(`skipped: ${what} is missing`);
  process.exit(0);
}

function required(name) {
  try {
    return require(name);
  } catch {
    return missing(`${name} for Node`);
  }
}

const axe = required("axe-core");
const { chromium } = required("playwright-core");
const programs = ["chromium", "chromium-browser", "google-chrome"];
const folders = (process.env.PATH ?? "").split(delimiter);
const executablePath =
  programs.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path)) ?? missing("Chromium");

/** Opens a page. What it says, what goes wrong in it and what it asks of other places than `own` are faults. */
async function open(browser, url, own, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  // For a machine that is busy with something else, too.
  page.setDefaultTimeout(120_000);
  const faults = [];
  page.on("console", (message) => faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => {
    if (!own.test(request.url())) faults.push(`it asks for ${request.url()}`);
  });
  await page.goto(url);
  await page.waitForSelector("#verdict");
  return { page, faults };
}

/** Whether everybody can read the page as it is. */
async function assertReadable(page, where) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${where}: ${wide} pixels too wide`);
  // The page lets nothing in; what the test brings is run by the browser itself.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes[0].html} ${nodes[0].failureSummary}`), [], where);
}

/** Runs each part with one browser, and says how long it took. */
async function run(parts, args = []) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", ...args] });
  try {
    for (const part of parts) {
      const started = Date.now();
      await part(browser);
      console.log(`${part.name}: ok, ${Date.now() - started} ms`);
    }
  } finally {
    await browser.close();
  }
}

/** The script's end. */
function end(running) {
  running.catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}

const text = (page, selector) => page.$eval(selector, (element) => element.textContent);
const place = (page) => page.$eval("#slider", (slider) => Number(slider.value));

module.exports = { assertReadable, end, open, place, run, text };
