// What a reader of `client --spawn --page` does: `node shown.cjs URL`. P denies.

const assert = require("node:assert/strict");
const { end, open, run } = require("../../../page/tests/chromium.cjs");

const url = process.argv[2];
const says = (page, selector, words) =>
  page.waitForFunction(([of, pattern]) => new RegExp(pattern).test(document.querySelector(of)?.textContent ?? ""), [selector, words.source]);

async function firstExchange(browser) {
  const { page, faults } = await open(browser, url, new RegExp(`^(${new URL(url).origin}/|data:)`));
  await says(page, "#round", /^Round 1\. P: faulty; Q, R and S: attack\.$/);
  await says(page, "#now-P .is", /deny/);
  // By the mouse: P is correct.
  await page.selectOption("#now-P select", { label: "correct" });
  await page.click("#now-P form button");
  await says(page, "#now-P .is", /correct/);
  // By the keys: Q equivocates.
  await page.evaluate(() => document.activeElement.blur());
  for (let step = 0; step < 4 && !(await page.$("#now-Q[aria-selected=true]")); step++) await page.keyboard.press("p");
  await page.keyboard.press("c");
  await page.keyboard.type("equivocate");
  await page.keyboard.press("Enter");
  await says(page, "#now-Q .is", /equivocate/);
  await page.click("#next");
  await says(page, "#round", /^Round 2\. .*P, R and S: attack/);
  assert.deepEqual(faults, []);
  await page.close();
}

end(run([firstExchange]));
