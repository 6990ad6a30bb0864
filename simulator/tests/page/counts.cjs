// Compares what the charts of the page count with what the simulator has counted of the same runs: `node counts.cjs FILE`. FILE holds runs,
// each with its trace and figures.

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { url } = require("./modules.cjs");

(async () => {
  const traceUrl = url("trace");
  const { Trace } = await import(traceUrl);
  const { Counts } = await import(url("counts", { trace: traceUrl }));
  const runs = JSON.parse(readFileSync(process.argv[2], "utf8"));
  const sums = { operations: 0, waits: 0, answers: 0, messages: 0, lost: 0 };
  for (const { seed, trace: text, figures } of runs) {
    const trace = Trace.parse(text);
    const counts = new Counts(trace);
    assert.equal(counts.take(), false);
    const found = counts.totals();
    const where = `seed ${seed}`;
    if (figures.executed !== null) assert.equal(found.operations, figures.executed, `${where}: operations executed`);
    assert.deepEqual(found.operationsBy, figures.executed_by, `${where}: operations by process`);
    const { damaged: _, ...sent } = found.sent;
    if (figures.sent !== null) assert.deepEqual(sent, figures.sent, `${where}: messages by kind`);
    assert.equal(found.lost, figures.lost, `${where}: messages lost`);
    assert.equal(found.waits, figures.waits, `${where}: slots executed after their proposal`);
    if (figures.answers !== null) assert.equal(found.answers, figures.answers, `${where}: answers`);
    for (const name of ["wait_median_ms", "wait_p99_ms", ...(figures.answers === null ? [] : ["answer_median_ms", "answer_p99_ms"])])
      assert.ok(figures[name] === null ? found[name] === undefined : Math.abs(found[name] - figures[name]) < 1e-6, `${where}: ${name} ${found[name]} ${figures[name]}`);
    // The spans have all of it, and no more than there is room for.
    const sum = (all) => all.reduce((before, one) => before + one, 0);
    const seconds = counts.width / 1e6;
    assert.ok(counts.spans <= 240);
    assert.ok(Math.abs(sum(counts.perSecond(counts.operations)) * seconds - found.operations) < 1e-6, where);
    assert.equal(sum(counts.sentOf([...counts.sent.keys()])), sum(Object.values(found.sent)), where);
    // A trace that grows gives the same, however it comes.
    const grown = new Trace(trace.header, [], trace.names);
    const growing = new Counts(grown);
    for (let at = 0, piece = 1; at < trace.events.length; at += piece, piece = (piece * 7) % 997) {
      grown.add(trace.events.slice(at, at + piece));
      while (growing.take(100));
    }
    assert.deepEqual(growing.totals(), found, `${where}: piece by piece`);
    assert.deepEqual(growing.wrong(), counts.wrong(), `${where}: what was wrong, piece by piece`);
    for (const { from, to, words } of counts.wrong()) assert.ok(from <= to && words.length > 0, `${where}: ${words}`);
    sums.operations += found.operations;
    sums.waits += found.waits;
    sums.answers += figures.answers ?? 0;
    sums.messages += sum(Object.values(found.sent));
    sums.lost += found.lost;
  }
  assert.ok(Object.values(sums).every((one) => one > 100), JSON.stringify(sums));
  console.log(`${runs.length} runs, ${JSON.stringify(sums)}: ok`);
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
