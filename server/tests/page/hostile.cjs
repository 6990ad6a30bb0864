// A page of another origin tries to see and to switch what the page of processes does, and to learn that the processes run:
// `node hostile.cjs URL PORT...`. PORTs are those of the processes.

const assert = require("node:assert/strict");
const http = require("node:http");
const { end, open, run, text } = require("../../../page/tests/chromium.cjs");

const [url, ...ports] = process.argv.slice(2);
const { origin, host, port, hash } = new URL(url);
const token = hash.slice("#token=".length);
const deed = JSON.stringify({ do: "behave", process: "Q", behaviour: "silent" });

/** What is to be had from a server: a page, a script, a stream, and where orders go. */
const PAGE = { page: "/", script: "/trace.js", stream: "/live", orders: "/do", order: deed };
const PROCESS = {
  page: "/",
  script: "/metrics",
  stream: "/metrics",
  orders: "/RPC2",
  order: "<methodCall><methodName>fault.set</methodName><params><param><value>silent</value></param></params></methodCall>",
};

/** What a page may try with an address that is not its own. Each attempt ends in one word. */
const attempts = async ([target, secret, has]) => {
  const told = async (attempt) => {
    try {
      return `${await attempt()}`;
    } catch (error) {
      return error.name;
    }
  };
  const element = (name, set) =>
    new Promise((resolve) => {
      const one = Object.assign(document.createElement(name), set);
      one.onload = () => resolve("loaded");
      one.onerror = () => resolve("failed");
      document.body.append(one);
    });
  const bearer = { authorization: `Bearer ${secret}` };
  const events = () =>
    new Promise((resolve) => {
      const source = new EventSource(`${target}${has.stream}`);
      source.onopen = () => resolve("open");
      source.onerror = () => resolve("failed");
    });
  const socket = () =>
    new Promise((resolve) => {
      const one = new WebSocket(`${target.replace("http", "ws")}${has.stream}`);
      one.onopen = () => resolve("open");
      one.onerror = () => resolve("failed");
    });
  const type = (path, options) => told(async () => (await fetch(`${target}${path}`, options)).type);
  return {
    page: await type(has.page, { mode: "no-cors" }),
    read: await type(has.page),
    module: await type(has.script, { mode: "no-cors" }),
    credentials: await type(has.page, { mode: "no-cors", credentials: "include" }),
    trace: await type(has.stream, { headers: bearer }),
    post: await type(has.orders, { method: "POST", mode: "no-cors", body: has.order }),
    letIn: await type(has.orders, { method: "POST", headers: bearer, body: has.order }),
    script: await element("script", { src: `${target}${has.script}` }),
    image: await element("img", { src: `${target}${has.page}` }),
    style: await element("link", { rel: "stylesheet", href: `${target}${has.script}` }),
    events: await events(),
    socket: await socket(),
  };
};

async function anotherPort(browser) {
  const server = http.createServer((_, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>hostile</title><body></body>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  // Nobody listens on the port of a server that is gone.
  const closed = http.createServer();
  await new Promise((resolve) => closed.listen(0, "127.0.0.1", resolve));
  const nobody = `http://127.0.0.1:${closed.address().port}`;
  await new Promise((resolve) => closed.close(resolve));
  const page = await browser.newPage();
  for (const name of ["127.0.0.1", "localhost"]) {
    await page.goto(`http://${name}:${server.address().port}/`);
    const there = [[origin, PAGE], ...ports.map((one) => [`http://127.0.0.1:${one}`, PROCESS])];
    for (const [target, has] of there) {
      const seen = await page.evaluate(attempts, [target, token, has]);
      assert.deepEqual(seen, await page.evaluate(attempts, [nobody, token, has]), `a page of ${name} sees of ${target} what it sees where nobody listens`);
      for (const [what, result] of Object.entries(seen)) assert.match(result, /TypeError|failed/, `${target}: ${what}`);
    }
    // A link leads away to the same error page as from where nobody listens.
    for (const target of [...there.map(([one]) => one), nobody]) {
      const [popup] = await Promise.all([page.waitForEvent("popup"), page.evaluate((to) => void window.open(to), target)]);
      await popup.waitForLoadState().catch(() => {});
      assert.doesNotMatch(await popup.content(), /Quorate|quorate_|XML-RPC/, target);
      await popup.close();
      await page.evaluate((to) => {
        const frame = document.createElement("iframe");
        frame.src = to;
        document.body.append(frame);
      }, target);
    }
    await page.waitForFunction(() => frames.length > 0);
    for (const frame of page.frames()) assert.doesNotMatch(await frame.content().catch(() => ""), /Quorate|quorate_|XML-RPC/);
  }
  await page.close();
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
}

/**
 * Forms and scripts that send orders from a page of another origin, and from a frame whose origin is `null`. A form of plain text has a "="
 * somewhere: it stands where the server and a process take it. What the same forms send to the hostile page's own server shows that they work.
 */
async function forms(browser) {
  const posted = [];
  const server = http.createServer(async (request, response) => {
    response.setHeader("content-type", "text/html");
    let body = "";
    for await (const piece of request) body += piece;
    if (request.method === "POST") posted.push(body.trim());
    response.end("<!doctype html><title>hostile</title><body></body>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const own = `http://127.0.0.1:${server.address().port}/`;
  const page = await browser.newPage();
  await page.goto(own);
  const order = (text) => text.replace("silent", "silent@after=1ms");
  const there = [[`${origin}/do`, deed], ...ports.map((one) => [`http://127.0.0.1:${one}/RPC2`, PROCESS.order]), [own, deed]];
  const seen = await page.evaluate(async (all) => {
    const loaded = (frame) => new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
    const seen = [];
    for (const [number, [to, body]] of all.entries()) {
      const [name, ...rest] = body.split("=");
      const form = Object.assign(document.createElement("form"), { method: "post", enctype: "text/plain", action: to });
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: rest.join("=") }));
      const frame = Object.assign(document.createElement("iframe"), { name: `frame${number}` });
      document.body.append(frame, form);
      form.target = frame.name;
      const answered = loaded(frame);
      form.submit();
      await answered;
      // A frame without an origin sends the same, by a script and by a form.
      const alone = document.createElement("iframe");
      alone.sandbox = "allow-scripts allow-forms";
      form.target = "_self";
      const text = JSON.stringify([to, body]).replaceAll("<", "\\u003c");
      alone.srcdoc = `${form.outerHTML}<script>
        const [to, body] = ${text};
        fetch(to, { method: "POST", mode: "no-cors", body }).then(({ type }) => type, ({ name }) => name).then((said) => parent.postMessage(said, "*"));
        addEventListener("message", () => document.forms[0].submit());
      </script>`;
      const said = new Promise((resolve) => addEventListener("message", ({ data }) => resolve(data), { once: true }));
      document.body.append(alone);
      seen.push(await said);
      const gone = loaded(alone);
      alone.contentWindow.postMessage("go on", "*");
      await gone;
    }
    return seen;
  }, there.map(([to, text]) => [to, order(text)]));
  assert.deepEqual(seen, [...there.slice(1).map(() => "TypeError"), "opaque"]);
  assert.deepEqual(posted, [1, 2, 3].map(() => order(deed)));
  await page.close();
  await new Promise((resolve) => server.close(resolve).closeAllConnections());
}

/** A name that somebody else gives out leads to this machine. */
async function reboundName(browser) {
  const page = await browser.newPage();
  const there = [...["/", "/trace.js", "/live"].map((path) => [port, path]), ...ports.flatMap((one) => ["/", "/metrics"].map((path) => [one, path]))];
  for (const [one, path] of there)
    await assert.rejects(page.goto(`http://evil.test:${one}${path}`), /ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_SOCKET_NOT_CONNECTED/, `${one}${path}`);
  await page.close();
  // Whoever types an address of a process is answered.
  for (const one of ports) {
    const own = await browser.newPage();
    const typed = await own.goto(`http://127.0.0.1:${one}/metrics`);
    assert.equal(typed.status(), 200);
    await own.close();
  }
}

/** Answers `status`, or what went wrong. */
const ask = (path, { method = "GET", headers = {}, body } = {}) =>
  new Promise((resolve) => {
    const request = http.request({ host: "127.0.0.1", port, path, method, headers: { host, ...headers }, agent: false }, (response) => {
      response.destroy();
      resolve(response.statusCode);
    });
    request.on("error", (error) => resolve(error.code));
    request.end(body);
  });

/** Each of the checks stands alone. */
async function eachCheck() {
  const authorization = `Bearer ${token}`;
  const gone = "ECONNRESET";
  const post = (headers) => ask("/do", { method: "POST", headers, body: deed });
  const cases = [
    [await ask("/"), 200],
    [await ask("/", { headers: { host: `localhost:${port}` } }), 200],
    [await ask("/", { headers: { host: `evil.test:${port}` } }), gone],
    [await ask("/", { headers: { host: "127.0.0.1" } }), gone],
    [await ask("/", { headers: { host: `127.0.0.1.evil.test:${port}` } }), gone],
    [await ask(`http://evil.test:${port}/`), gone],
    [await ask("/", { headers: { origin: "http://127.0.0.1:1" } }), gone],
    [await ask("/", { headers: { origin: "null" } }), gone],
    [await ask("/", { headers: { "sec-fetch-site": "same-site" } }), gone],
    [await ask("/", { headers: { "sec-fetch-site": "cross-site" } }), gone],
    [await ask("/", { headers: { "sec-fetch-site": "none" } }), 200],
    [await ask("/trace.js", { headers: { "sec-fetch-site": "none" } }), gone],
    [await ask("/live"), 401],
    [await ask("/live", { headers: { authorization: "Bearer " } }), 401],
    [await ask("/live", { headers: { authorization: `${authorization}0` } }), 401],
    [await ask("/live", { headers: { authorization: `Bearer ${token.replace(/.$/, "x")}` } }), 401],
    [await ask("/live", { headers: { authorization, host: `evil.test:${port}` } }), gone],
    [await ask("/live", { headers: { authorization } }), 200],
    [await post({ authorization }), 403],
    [await post({ origin }), 401],
    [await post({ origin: `http://evil.test:${port}`, authorization }), gone],
    [await post({ origin, authorization, "sec-fetch-site": "same-site" }), gone],
    [await ask("/elsewhere"), 404],
    [await ask("/do", { method: "PUT", headers: { origin, authorization } }), 404],
  ];
  cases.forEach(([got, wanted], number) => assert.equal(got, wanted, `case ${number}`));
}

/** After all that the processes are as they were, and whoever has the whole address may switch it. */
async function nothingWasSwitched(browser) {
  const { page } = await open(browser, url, /./);
  for (const name of ["Q", "R", "S"]) {
    await page.waitForSelector(`#now-${name} .is`);
    assert.match(await text(page, `#now-${name} .is`), /correct/, name);
  }
  await page.close();
}

end(run([eachCheck, anotherPort, forms, reboundName, nothingWasSwitched], ["--host-resolver-rules=MAP evil.test 127.0.0.1"]));
