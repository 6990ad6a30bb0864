// The page's own modules for tests without a browser.

const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const assets = join(__dirname, "../../../page/assets");

/** A module of the page, as its browser would load it. `others`: those that it imports. */
exports.url = (name, others = {}) => {
  const text = readFileSync(join(assets, `${name}.js`), "utf8").replace(/from "quorate\/(\w+)"/g, (_, other) => `from "${others[other]}"`);
  return `data:text/javascript;base64,${Buffer.from(text).toString("base64")}`;
};
