// A command for a terminal, with a button that copies it.

import { html, useRef, useState } from "quorate/preact";

const DONE = "copied";
const REFUSED = "The browser does not copy here. The command is selected: copy it with the browser's own keys.";

/** `id`: of the element that has the command alone. */
export function Command({ command, id }) {
  const words = useRef(null);
  const [said, setSaid] = useState({});
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(command);
      setSaid({ command, words: DONE });
    } catch {
      getSelection().selectAllChildren(words.current);
      setSaid({ command, words: REFUSED });
    }
  };
  return html`<code ref=${words} id=${id}>${command}</code> <button type="button" class="copy" onClick=${copy}>copy</button> <span role="status">${said.command === command ? said.words : ""}</span>`;
}
