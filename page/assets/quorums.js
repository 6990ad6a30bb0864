// Two quorums, drawn: whom they share, and that one of these is correct.

import { html } from "quorate/preact";
import { list } from "quorate/words";

const [STEP, TOP, BOTTOM] = [40, 34, 26];

/** A quorum, the quorum that differs most from it, and whom both have. */
export function intersection(trace, quorum) {
  const first = quorum.slice(0, trace.quorum);
  const rest = trace.voters.filter((name) => !first.includes(name));
  const second = [...rest, ...first].slice(0, trace.quorum);
  const faulty = trace.faulty();
  const both = first.filter((name) => second.includes(name));
  return {
    first,
    second,
    both,
    correct: both.filter((name) => !faulty.has(name)),
    isFaulty: (name) => faulty.has(name),
  };
}

/** Any other quorum shares a correct process with this one. `quorum`: those whose votes count. */
export function Quorums({ trace, quorum }) {
  if (quorum.length < trace.quorum) return null;
  const { first, second, both, correct, isFaulty } = intersection(trace, quorum);
  return html`<div id="intersection">
    <p>
      Any two quorums of ${trace.quorum} share at least ${2 * trace.quorum - trace.n} processes, one more than the ${trace.f} that may be faulty.
      This quorum is ${list(first)}. The quorum that differs most from it is ${list(second)}: both have ${list(both)}${
        correct.length > 0 ? `, of which ${list(correct)} ${correct.length === 1 ? "is correct and votes" : "are correct and vote"} once.` : "."
      }
    </p>
    <${Drawing} first=${first} second=${second} both=${both} isFaulty=${isFaulty} />
  </div>`;
}

/** Two boxes that overlap. A circle is a correct process, a triangle a faulty one; a double ring is a correct one in both. */
function Drawing({ first, second, both, isFaulty }) {
  const parts = [first.filter((name) => !both.includes(name)), both, second.filter((name) => !both.includes(name))];
  const columns = parts.map((part) => Math.max(Math.ceil(Math.sqrt(part.length)), 1));
  const tall = Math.max(...parts.map((part, number) => Math.ceil(part.length / columns[number])), 1);
  const starts = [0, columns[0], columns[0] + columns[1]].map((before, number) => 10 + number * 14 + before * STEP);
  const end = starts[2] + columns[2] * STEP + 4;
  const height = TOP + tall * STEP + BOTTOM;
  const words = `This quorum is ${list(first)}, another one is ${list(second)}. Both have ${both.map((name) => `${name}, which is ${isFaulty(name) ? "faulty" : "correct"}`).join("; ")}.`;
  const process = (part) => (name, number) => {
    const x = starts[part] + (number % columns[part]) * STEP + STEP / 2;
    const y = TOP + Math.floor(number / columns[part]) * STEP + STEP / 2;
    const faulty = isFaulty(name);
    return html`<g key=${name} class=${faulty ? "faulty" : part === 1 ? "shared" : "correct"}>
      ${faulty ? html`<path d=${`M${x} ${y - 15} L${x + 15} ${y + 11} L${x - 15} ${y + 11} Z`} />` : html`<circle cx=${x} cy=${y} r="14" />`}
      ${!faulty && part === 1 && html`<circle cx=${x} cy=${y} r="17" />`}
      <text x=${x} y=${y + 4}>${name}</text>
    </g>`;
  };
  return html`<svg id="quorums" viewBox=${`0 0 ${end + 6} ${height}`} style=${`max-width: ${((end + 6) / 16).toFixed(1)}rem`} role="img" aria-label=${words}>
    <rect class="first" x="4" y="20" width=${starts[2] - 8} height=${height - 26} rx="10" />
    <rect class="second" x=${starts[1] - 6} y="26" width=${end - starts[1] + 6} height=${height - 38} rx="10" />
    <text class="title" x="6" y="14">this quorum</text>
    <text class="title end" x=${end} y="14">another</text>
    ${parts.map((part, number) => part.map(process(number)))}
  </svg>`;
}
