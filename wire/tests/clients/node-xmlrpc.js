// Node's xmlrpc: all of validator1, introspection, faults and multicall.
const assert = require("assert").strict;
let xmlrpc;
try {
  xmlrpc = require("xmlrpc");
} catch {
  console.log("the package xmlrpc is not installed");
  process.exit(77);
}
const { version } = require("xmlrpc/package.json");

const client = xmlrpc.createClient({ url: process.argv[2] });
const call = (name, ...parameters) =>
  new Promise((resolve, reject) =>
    client.methodCall(name, parameters, (error, answer) => (error ? reject(error) : resolve(answer))));
const validator = (name, ...parameters) => call(`validator1.${name}`, ...parameters);
const same = (answer, expected) => assert.deepEqual(answer, expected);
const fault = (code, promise) => assert.rejects(promise, (error) => error.faultCode === code);

const hard = "<&>\"' ]]> &amp; é Ω 中 \u{1F600}\ttab\nline ";
const stooges = { moe: -7, larry: 2147483647, curly: -2147483640 };
const date = new Date(2026, 1, 28, 23, 59, 58);
const octets = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

async function main() {
  same(await validator("arrayOfStructsTest", [stooges, { moe: 1, larry: 2, curly: 41 }]), -2147483599);
  // It sends texts as CDATA. If a text contains the end of CDATA several times, it escapes only the first.
  same(await validator("countTheEntities", hard),
    { ctLeftAngleBrackets: 1, ctRightAngleBrackets: 2, ctAmpersands: 2, ctApostrophes: 1, ctQuotes: 1 });
  same(await validator("easyStructTest", stooges), 0);
  const everything = {
    [hard]: hard, empty: "", blank: " ", yes: true, no: false, minus: -2147483648, pi: -3.14159265358979, date, octets,
    list: [], nothing: {}, deep: { list: [1, [2, [3, { four: [4.5, false, "five"] }]]] },
  };
  same(await validator("echoStructTest", everything), everything);
  same(await validator("echoStructTest", {}), {});
  same(await validator("manyTypesTest", -42, true, hard, 2.5e-7, date, octets), [-42, true, hard, 2.5e-7, date, octets]);
  same(await validator("moderateSizeArrayCheck", [hard, ...Array(180).fill("x"), "é"]), hard + "é");
  same(await validator("nestedStructTest", { 1999: {}, 2000: { "03": {}, "04": { "01": stooges, "02": {} } } }), 0);
  same(await validator("simpleStructReturnTest", -213), { times10: -2130, times100: -21300, times1000: -213000 });

  const names = await call("system.listMethods");
  assert(["validator1.easyStructTest", "system.multicall"].every((name) => names.includes(name)));
  await fault(-32601, validator("noSuchTest", 1));
  await fault(-32602, validator("easyStructTest", "a string"));

  const answers = await call("system.multicall", [
    { methodName: "validator1.easyStructTest", params: [stooges] },
    { methodName: "validator1.noSuchTest", params: [] },
    { methodName: "validator1.echoStructTest", params: [everything] },
  ]);
  same(answers[0], [0]);
  same(answers[1].faultCode, -32601);
  same(answers[2], [everything]);
  console.log(`Node ${process.versions.node}, xmlrpc ${version}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
