// Looks at the page of four processes that run, P denies: `node live.cjs URL`.

const assert = require("node:assert/strict");
const net = require("node:net");
const { assertReadable, end, open: openPage, place, run, text } = require("../../../page/tests/chromium.cjs");

const url = process.argv[2];
const { origin, host, port } = new URL(url);
const open = async (browser, options) => {
  const opened = await openPage(browser, url, new RegExp(`^(${origin}/|data:)`), options);
  await says(opened.page, "#connection", /Live/);
  await says(opened.page, "#now-S .is", /./);
  return opened;
};

/** Waits until an element says something, and returns after how many milliseconds it did. */
async function says(page, selector, words) {
  const started = Date.now();
  await page.waitForFunction(
    ([of, pattern, flags]) => new RegExp(pattern, flags).test(document.querySelector(of)?.textContent ?? ""),
    [selector, words.source, words.flags],
  );
  return Date.now() - started;
}
// On an idle machine each is far below a second. How long it takes beside other work is nothing to fail for.
const soon = (milliseconds, what) => console.log(`${what} shows after ${milliseconds} ms`);

/** All connections of the browser to the server lead through here, and can be broken off. */
const wire = { sockets: new Set(), isCut: false };
const relay = net.createServer((near) => {
  if (wire.isCut) return void near.destroy();
  const far = net.connect(Number(port), "127.0.0.1");
  for (const socket of [near, far]) {
    wire.sockets.add(socket);
    socket.on("error", () => {}).on("close", () => (near.destroy(), far.destroy(), wire.sockets.delete(socket)));
  }
  near.pipe(far).pipe(near);
});
function cutWire(isCut) {
  wire.isCut = isCut;
  if (isCut) for (const socket of wire.sockets) socket.destroy();
}

async function mouse(browser) {
  const { page, faults } = await open(browser);
  assert.doesNotMatch(page.url(), /token/);
  await says(page, "#now-P .is", /deny/);
  await page.selectOption("#now-P select", { label: "correct" });
  await page.click("#now-P form button");
  soon(await says(page, "#now-P .is", /correct/), "P is correct: it");
  await page.selectOption("#now-Q select", { label: "equivocate" });
  await page.click("#now-Q form button");
  soon(await says(page, "#now-Q .is", /equivocate/), "Q equivocates: it");
  const before = await place(page);
  await page.click("#next");
  await says(page, "#round", /Round \d+\. .*P, R and S: attack/);
  assert.ok((await place(page)) > before, "the page follows");
  await says(page, "#why", /Why did . decide slot/);
  await page.click("#links [aria-label='Link from R to S is cut']");
  soon(await says(page, "#links [aria-label='Link from R to S is cut']", /✂/), "the cut link");
  await page.click("#heal");
  await says(page, "#links [aria-label='Link from R to S is cut']", /→/);
  await says(page, "#now-Q .is", /correct/);
  // What the server does not take is told.
  await page.fill("#now-Q .words", "lye");
  await page.click("#now-Q form button");
  await says(page, "#said", /Not done: .*lie/);
  assert.deepEqual(faults.filter((fault) => !/status of 422/.test(fault)), []);
  await page.close();
}

async function keys(browser) {
  const { page, faults } = await open(browser);
  const choose = async (name) => {
    for (let step = 0; step < 4 && !(await page.$(`#now-${name}[aria-selected=true]`)); step++) await page.keyboard.press("p");
    await page.waitForSelector(`#now-${name}[aria-selected=true]`);
  };
  await choose("S");
  await page.keyboard.press("c");
  await page.keyboard.type("lie:retreat");
  await page.keyboard.press("Enter");
  soon(await says(page, "#now-S .is", /lie:retreat/), "S lies: it");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("n");
  await says(page, "#round", /Round \d+\. .*P, Q and R: attack/);
  await page.keyboard.press("l");
  await page.keyboard.press("Enter");
  soon(await says(page, "#links [aria-label='Link from S to P is cut']", /✂/), "the cut link");
  await page.keyboard.press("h");
  await says(page, "#now-S .is", /correct/);
  assert.deepEqual(faults, []);
  await page.close();
}

/** The charts go on while the processes do, and say what was wrong. */
async function charts(browser) {
  const { page, faults } = await open(browser);
  await page.waitForFunction(() => document.querySelectorAll("#charts canvas").length === 5);
  const label = await page.getAttribute("#charts .chart", "aria-label");
  assert.match(label, /over measured time/);
  await page.click("#numbers summary");
  const cells = (row) => page.$eval(`#numbers tbody tr:${row}`, (one) => [...one.cells].map((cell) => cell.textContent));
  await page.waitForSelector("#numbers tbody td");
  const [, requests] = await cells("first-child");
  await page.click("#next");
  await page.waitForFunction((before) => Number(document.querySelector("#numbers tbody td").textContent) > Number(before), requests);
  assert.match((await cells("first-child"))[3], /^[\d.]+ ms$/);
  await page.fill("#now-R .words", "silent");
  await page.click("#now-R form button");
  await says(page, "#wrong", /R is faulty: silent from \d+\.\d+ s on/);
  await page.click("#heal");
  await says(page, "#wrong", /R is faulty: silent from \d+\.\d+ s to/);
  // What is sent to a process that is held up waits for it.
  assert.match(await text(page, "#charts figure:last-child"), /Most that waits in queues.*for peers, of all processes/);
  await page.click("[aria-label='pause S']");
  await page.waitForFunction(() => {
    const { cells } = document.querySelector("#numbers tbody tr");
    return Number(cells[cells.length - 3].textContent) > 0;
  });
  await page.click("[aria-label='resume S']");
  await says(page, "#now-S .is", /correct/);
  assert.deepEqual(faults, []);
  await page.close();
}

/** Lets the first event come alone, and what follows it once the page shows that one: as if there were so many that they come in pieces. */
function inPieces() {
  const { fetch } = globalThis;
  globalThis.fetch = async (...wanted) => {
    const response = await fetch(...wanted);
    if (wanted[0] !== "/live") return response;
    let [text, isSplit] = ["", false];
    const split = new TransformStream({
      async transform(piece, to) {
        if (isSplit) return to.enqueue(piece);
        text += piece;
        const found = /\ndata: (\[.*\])\nid: (\d+)\n\n/.exec(text);
        if (found === null) return undefined;
        isSplit = true;
        const [first, ...rest] = JSON.parse(found[1]);
        to.enqueue(`${text.slice(0, found.index)}\ndata: ${JSON.stringify([first])}\nid: 1\n\n`);
        while (document.querySelector("#slider") === null) await new Promise((resolve) => requestAnimationFrame(resolve));
        to.enqueue(`data: ${JSON.stringify(rest)}\nid: ${found[2]}\n\n${text.slice(found.index + found[0].length)}`);
        return undefined;
      },
    });
    const body = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(split).pipeThrough(new TextEncoderStream());
    return new Response(body, response);
  };
}

async function back(browser) {
  const { page, faults } = await open(browser);
  await page.keyboard.press("ArrowLeft");
  const at = await place(page);
  // What comes now does not move the reader.
  const end = await page.$eval("#slider", (slider) => Number(slider.max));
  await page.waitForFunction((before) => Number(document.querySelector("#slider").max) > before, end);
  assert.equal(await place(page), at);
  const event = await text(page, "#chosen");
  await page.waitForFunction((place) => location.hash.includes(`e=${place}&`), at + 1);
  await page.addInitScript(inPieces);
  await page.reload();
  await says(page, "#connection", /Live/);
  await page.waitForFunction((before) => Number(document.querySelector("#slider")?.max) > before, end);
  assert.equal(await place(page), at);
  assert.equal((await text(page, "#chosen")).split(": ")[1], event.split(": ")[1]);
  await page.keyboard.press("End");
  await page.waitForFunction((before) => Number(document.querySelector("#slider").value) > before, end);
  assert.deepEqual(faults, []);
  await page.close();
}

async function death(browser) {
  const { page, faults } = await open(browser);
  await page.click("[aria-label='kill R']");
  soon(await says(page, "#now-R .is", /gone: killed by signal 9/), "R's end");
  await page.click("#next");
  await says(page, "#round", /Round \d+\. /);
  await page.click("[aria-label='restart R']");
  await says(page, "#now-R .is", /correct/);
  // What the reader has typed stays while a process does not answer.
  await page.fill("#now-S .words", "lie:retreat");
  await page.click("[aria-label='pause S']");
  await says(page, "#now-S .is", /paused/);
  await page.click("[aria-label='resume S']");
  await says(page, "#now-S .is", /correct/);
  assert.equal(await page.inputValue("#now-S .words"), "lie:retreat");
  assert.deepEqual(faults, []);
  await page.close();
}

/** A stream that breaks goes on where it was: no event comes twice, and none is left out. */
async function broken(browser) {
  const { page } = await open(browser);
  const end = await page.$eval("#slider", (slider) => Number(slider.max));
  assert.ok(wire.sockets.size > 0, "the browser goes through the relay");
  cutWire(true);
  await says(page, "#connection", /does not answer/);
  cutWire(false);
  await says(page, "#connection", /Live/);
  await page.waitForFunction((before) => Number(document.querySelector("#slider").max) > before, end);
  const read = (last) =>
    page.evaluate(async (id) => {
      const headers = { authorization: `Bearer ${sessionStorage.getItem("token")}`, "last-event-id": `${id}` };
      const reader = (await fetch("/live", { headers })).body.pipeThrough(new TextDecoderStream()).getReader();
      for (let all = ""; ; ) {
        all += (await reader.read()).value;
        const found = /\ndata: (\[.*\])\nid: (\d+)\n\n/.exec(all);
        if (found === null) continue;
        await reader.cancel();
        return { events: JSON.parse(found[1]).map((event) => JSON.stringify(event)), id: Number(found[2]) };
      }
    }, last);
  const whole = await read(0);
  assert.equal(whole.events.length, whole.id);
  assert.equal(new Set(whole.events).size, whole.id, "no event twice");
  const rest = await read(whole.id - 10);
  assert.deepEqual(rest.events.slice(0, 10), whole.events.slice(-10));
  await page.close();
}

async function readable(browser) {
  for (const colorScheme of ["light", "dark"]) {
    const { page, faults } = await open(browser, { colorScheme, viewport: { width: 390, height: 800 } });
    await assertReadable(page, `390 pixels, ${colorScheme}`);
    assert.deepEqual(faults, []);
    // A script that somebody has put into the page does not run.
    await page.evaluate(() => {
      for (const make of [(script) => (script.textContent = "document.title = 'stranger'"), (script) => (script.src = "data:text/javascript,document.title='stranger'")]) {
        const script = document.createElement("script");
        make(script);
        document.body.append(script);
      }
    });
    assert.notEqual(await page.title(), "stranger");
    assert.ok(faults.length >= 2 && faults.every((fault) => /Content Security Policy/.test(fault)), `${faults}`);
    await page.close();
  }
}

relay.listen(0, "127.0.0.1", () => {
  const through = `--host-resolver-rules=MAP ${host} 127.0.0.1:${relay.address().port}`;
  end(run([mouse, keys, charts, back, death, broken, readable], [through]).finally(() => (relay.close(), cutWire(true))));
});
