// The size of all text: as the browser has it, or larger, for a projector.

import { html, useState } from "quorate/preact";

const NAME = "large";

/** What the tab keeps, if the browser lets it. */
function kept() {
  try {
    return sessionStorage.getItem(NAME) === "yes";
  } catch {
    return false;
  }
}

function keep(isLarge) {
  try {
    sessionStorage.setItem(NAME, isLarge ? "yes" : "no");
  } catch {
    // Then it is forgotten with the page.
  }
}

/** Whether the text is large, and what changes that. */
export function useLarge() {
  const [isLarge, setLarge] = useState(() => show(kept()));
  return [isLarge, () => setLarge((now) => show(!now))];
}

/** At once: what is drawn next measures the text. */
function show(isLarge) {
  document.documentElement.classList.toggle(NAME, isLarge);
  keep(isLarge);
  return isLarge;
}

export const Size = ({ isLarge, change }) => html`<button type="button" id="size" aria-pressed=${isLarge} onClick=${change}>larger text</button>`;
