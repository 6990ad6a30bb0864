// Looks at a page as its reader would, in a real browser: `node browser.cjs PAGE TWINS`. TWINS is the page of a run in which P runs
// twice. Ends with a message and another exit status than 0 if anything is not as it must be.

const assert = require("node:assert/strict");
const { pathToFileURL } = require("node:url");
const { assertReadable, end, open: openPage, place, run, text } = require("../../../page/tests/chromium.cjs");

const [file, twinsFile] = process.argv.slice(2);

/** The page is one file: it asks nobody for anything. */
const open = (browser, options, hash = "", of = file) =>
  openPage(browser, pathToFileURL(of).href + hash, /^(file|data|blob):/, options);

async function keys(browser) {
  const { page, faults } = await open(browser, {});
  assert.match(await text(page, "#verdict"), /Q, R and S have executed \d+ slots alike; P is faulty: silent; 3 of 4 needed/);
  const end = await place(page);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await place(page), end - 1);
  await page.keyboard.press("Home");
  assert.equal(await place(page), 0);
  await page.keyboard.press("d");
  const decision = await place(page);
  assert.match(await text(page, "#chosen"), /executes slot 1/);
  await page.keyboard.press("Shift+ArrowRight");
  assert.ok((await place(page)) > decision, "the next slot comes later");
  await page.keyboard.press("Home");
  await page.keyboard.press("v");
  assert.match(await text(page, "#chosen"), /is in view \d/);
  await page.keyboard.press("?");
  assert.match(await text(page, "dialog"), /play or pause/);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.keyboard.press("/");
  await page.keyboard.type("executes slot 2");
  await page.keyboard.press("Enter");
  assert.match(await text(page, "#chosen"), /executes slot 2/);
  await page.$eval("#search", (search) => search.blur());
  await page.keyboard.press("Home");
  await page.keyboard.press(" ");
  await page.waitForFunction(() => Number(document.querySelector("#slider").value) > 5);
  await page.keyboard.press(" ");
  assert.deepEqual(faults, []);
  await page.close();
}

async function decisions(browser) {
  const { page, faults } = await open(browser, {});
  await page.click("button[aria-label^='slot 1 at R']");
  const why = await text(page, "#why");
  assert.match(why, /Why did R decide slot 1\?/);
  assert.match(why, /3 of 3 needed/);
  assert.match(why, /Any two quorums of 3 share at least 2 processes/);
  // P has kept silent about what this slot has, until the view changed. A later request is proposed at once.
  assert.match(why, /Requested: earlier\. It is proposed when Q hears [RS]'s VIEW-CHANGE in view 1 at/);
  await page.click("button[aria-label^='slot 3 at R']");
  await page.click("#why ol > li:last-child > button:last-of-type");
  assert.match(await text(page, "#chosen"), /somebody asks [QR]: /);
  await page.keyboard.press("End");
  await page.click("button[aria-label^='slot 1 at R']");
  await page.click("#why ol > li:nth-child(4) > button");
  assert.match(await text(page, "#chosen"), /PRE-PREPARE/);
  await page.waitForFunction((place) => location.hash.startsWith(`#seed=0&e=${place}&p=R`), (await place(page)) + 1);
  const address = new URL(page.url()).hash;
  // What the address says is what another reader sees.
  const other = await open(browser, {}, address);
  assert.equal(await place(other.page), await place(page));
  assert.match(await text(other.page, "#why"), /R/);
  // Written into the bar of a tab that shows the page already, it leads there too. Of another run's moment it says so.
  await other.page.evaluate((hash) => (location.hash = hash), address.replace(/e=\d+/, "e=3"));
  await other.page.waitForFunction(() => document.querySelector("#slider")?.value === "2");
  await other.page.evaluate((hash) => (location.hash = hash), address.replace("seed=0", "seed=18446744073709551615"));
  await other.page.waitForSelector("#foreign");
  assert.match(await text(other.page, "#foreign"), /about seed 18446744073709551615\. This is another run\./);
  assert.equal(await place(other.page), Number(await page.$eval("#slider", (slider) => slider.max)));
  const drawn = await page.$eval("canvas", (canvas) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });
  assert.ok(drawn > 5, `the picture has ${drawn} colours`);
  assert.deepEqual([...faults, ...other.faults], []);
  await other.page.close();
  await page.close();
}

/** A button that cannot copy says so, and leaves the words selected. */
async function copies(browser) {
  const { page, faults } = await open(browser, {});
  for (const [works, said] of [[true, /copied/], [false, /does not copy here/]]) {
    await page.evaluate((is) => {
      const writeText = (words) => (is ? ((globalThis.copied = words), Promise.resolve()) : Promise.reject(new Error("no")));
      Object.defineProperty(navigator, "clipboard", { configurable: true, value: { writeText } });
    }, works);
    for (const [key, of] of [[undefined, "#verdict"], ["b", "dialog"]]) {
      if (key !== undefined) await page.keyboard.press(key);
      await page.click(`${of} .copy`);
      await page.waitForFunction(([where, words]) => new RegExp(words).test(document.querySelector(`${where} [role=status]`).textContent), [of, said.source]);
      const command = await text(page, `${of} code`);
      assert.equal(await page.evaluate((is) => (is ? globalThis.copied : String(getSelection())), works), command);
    }
    await assertReadable(page, "what the buttons say");
    await page.keyboard.press("Escape");
    await page.waitForSelector("dialog", { state: "detached" });
  }
  assert.deepEqual(faults, []);
  await page.close();
}

/** Two processes under one key are one voter, and neither is correct. */
async function twins(browser) {
  const { page, faults } = await open(browser, {}, "", twinsFile);
  assert.match(await text(page, "#verdict"), /; P is a twin; P' is a twin; 3 of 4 needed/);
  assert.doesNotMatch(await text(page, "#verdict"), /DISAGREEMENT/);
  await page.click("button[aria-label^='slot 1 at R']");
  const voters = await page.$$eval("#why .votes li", (boxes) => boxes.map((box) => box.textContent.trim().split(" ")[0]));
  assert.deepEqual([...new Set(voters)], ["P", "Q", "R", "S"]);
  assert.deepEqual(faults, []);
  await page.close();
}

async function readable(browser) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      const { page, faults } = await open(browser, { colorScheme, viewport: { width, height: 800 } });
      await assertReadable(page, `${width} pixels, ${colorScheme}`);
      assert.deepEqual(faults, []);
      await page.close();
    }
  }
}

/** A script that somebody has put into the page does not run. */
async function policy(browser) {
  const { page, faults } = await open(browser, {});
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "document.title = 'stranger'";
    document.body.append(script);
  });
  assert.notEqual(await page.title(), "stranger");
  assert.equal(faults.length, 1, "the browser tells that it has refused it");
  await page.close();
}

end(run([keys, decisions, copies, twins, readable, policy]));
