// Compares what the page's own code says of decisions with what the engine has certificates of: `node why.cjs FILE`. FILE holds runs, each
// with its trace and decisions: the process, the slot, and of the certificate the view, the batch and who has signed it.

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { url } = require("./modules.cjs");

(async () => {
  const traceUrl = url("trace");
  const { Trace } = await import(traceUrl);
  const { voters, why } = await import(url("why", { trace: traceUrl }));
  const runs = JSON.parse(readFileSync(process.argv[2], "utf8"));
  let [compared, proofs, requested] = [0, 0, 0];
  for (const { seed, trace: text, decisions } of runs) {
    const trace = Trace.parse(text);
    for (const decision of decisions) {
      const where = `seed ${seed}: ${decision.process} decides slot ${decision.slot}`;
      // The process may have started again since: the last time counts, from which the certificate is, too.
      const places = trace.processes.get(decision.process).of.execute.filter((at) => trace.events[at].slot === decision.slot);
      assert.ok(places.length > 0, `${where}: it has executed it`);
      const found = why(trace, decision.process, decision.slot, places.at(-1));
      assert.ok(found.known && found.executed === places.at(-1), where);
      assert.equal(found.view, decision.view, `${where}: the view`);
      assert.equal(found.digest, decision.digest, `${where}: the batch`);
      assert.equal(found.commits.needed, decision.voters.length, `${where}: how many are needed`);
      compared++;
      if (found.origin?.request !== undefined) {
        const [asked, request] = [found.origin.at, found.origin.request].map((at) => trace.events[at]);
        assert.ok(request.kind === "send" && request.type === "request" && found.origin.request < (found.proposal ?? found.accepted), `${where}: a REQUEST`);
        assert.ok(asked.p === request.p && asked.t_us <= request.t_us, `${where}: whoever is asked requests it`);
        requested++;
      }
      if (found.proof !== undefined) {
        // Somebody sent it the certificate whole.
        proofs++;
        continue;
      }
      const said = voters(found.commits);
      assert.deepEqual(decision.voters.filter((name) => !said.includes(name)), [], `${where}: those who have signed have voted (${said})`);
      // And whoever has voted had been heard by then, since the process had started the last time.
      const { life } = trace.events[found.committed];
      const heard = trace.events.slice(0, found.committed).filter((event) => event.p === decision.process && event.life === life);
      for (const name of said.filter((one) => one !== decision.process))
        assert.ok(
          heard.some((event) => event.kind === "receive" && event.type === "commit" && event.from.replace("'", "") === name && event.slot === decision.slot
            && event.view === decision.view && event.digest === decision.digest),
          `${where}: ${name}'s COMMIT has come`,
        );
    }
  }
  assert.ok(compared >= 200, `${compared} decisions`);
  assert.ok(proofs < compared / 2, `${proofs} of ${compared} by a proof that somebody sent`);
  assert.ok(requested > compared / 4, `${requested} of ${compared} lead back to a request`);
  console.log(`${compared} decisions of ${runs.length} runs, ${proofs} by a proof that somebody sent, ${requested} led back to their REQUEST: ok`);
})().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
