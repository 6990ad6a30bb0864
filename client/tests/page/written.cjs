// The pages of exchanges of real processes: `node written.cjs EXCHANGE TRACE`. In EXCHANGE P is silent, in TRACE it denies.

const assert = require("node:assert/strict");
const { pathToFileURL } = require("node:url");
const { end, open, run, text } = require("../../../page/tests/chromium.cjs");

const [exchange, trace] = process.argv.slice(2);
const opened = (browser, file) => open(browser, pathToFileURL(file).href, /^(file|data):/);

async function anExchange(browser) {
  const { page, faults } = await opened(browser, exchange);
  assert.match(await text(page, "#verdict h1"), /Q, R and S (have executed|disagree on nothing).*; P is faulty: silent; 3 of 4 needed/);
  assert.match(await text(page, "#verdict code"), /^client --spawn --faulty 'P=silent' --html \S+$/);
  assert.match(await text(page, "#why"), /Why did Q decide slot \d+\?.*3 of 3 needed/s);
  await page.keyboard.press("Home");
  await page.keyboard.press("d");
  assert.match(await text(page, "#chosen"), /executes slot 1/);
  // Nobody is promised that real processes can be played again.
  await page.keyboard.press("b");
  assert.match(await text(page, "dialog"), /cannot go back/);
  assert.deepEqual(faults, []);
  await page.close();
}

async function aTrace(browser) {
  const { page, faults } = await opened(browser, trace);
  assert.match(await text(page, "#verdict h1"), /P is faulty: deny/);
  assert.match(await text(page, "#verdict code"), /^client trace --html FILE --endpoint \S+$/);
  assert.deepEqual(faults, []);
  await page.close();
}

end(run([anExchange, aTrace]));
