// The panels: what is said in words and tables about the events up to a place.

import { html, useMemo } from "quorate/preact";
import { Command } from "quorate/command";
import { Lies } from "quorate/lies";
import { Quorums } from "quorate/quorums";
import { PHASES, processOf, upTo } from "quorate/trace";
import { contradicting, voters, why } from "quorate/why";
import { batch, list, sentence, time, verdict } from "quorate/words";

const PHASE_MARKS = ["·", "○", "◔", "◑", "●"];
const PHASE_WORDS = ["nothing", "accepted", "prepared", "committed", "executed"];

/** The most slots that the table has, and of many processes: each row has a cell of each of them. */
const [SLOTS, FEW_SLOTS] = [24, 12];

/** The sentence on top, the seed, and the command that gives this run again. */
export function Verdict({ trace, end, isLive }) {
  const { holds, text } = useMemo(() => verdict(trace, end), [trace, end]);
  const { seed } = trace;
  const { command } = trace.header;
  return html`<section id="verdict" class=${holds ? "holds" : "broken"} aria-label="Verdict">
    <h1><span aria-hidden="true">${holds ? "✓" : "✗"}</span> ${text}</h1>
    <p>
      ${seed === undefined ? "" : `Seed ${seed}. `}${isLive ? "As a file" : "Again"}: <${Command} command=${command} />
    </p>
  </section>`;
}

/** One row per process. A click chooses it. */
export function Processes({ trace, place, chosen, choose }) {
  const row = (name) => {
    const { started, view, wants, executed, fault, accusers } = trace.state(name, place);
    const words = !started ? "not started" : fault === undefined ? "correct" : fault;
    const proved = accusers.length === 0 ? "" : `proved by ${list(accusers)}`;
    return html`<tr key=${name} class=${fault === undefined ? "" : "faulty"} aria-selected=${name === chosen}>
      <th scope="row"><button type="button" onClick=${() => choose(name)}>${name}</button></th>
      <td><span aria-hidden="true">${!started ? "◌" : fault === undefined ? "●" : "▲"}</span> ${words}</td>
      <td>${wants === undefined ? view : `${view}, wants ${wants}`}</td>
      <td>${executed}</td>
      <td>${proved}</td>
    </tr>`;
  };
  return html`<section id="processes" aria-label="Processes">
    <h2>Processes</h2>
    ${trace.n <= 7 && html`<${Ring} trace=${trace} place=${place} chosen=${chosen} choose=${choose} />`}
    <div class="scrolls" tabindex="0" role="group" aria-label="Table of processes">
      <table>
        <thead>
          <tr>${["process", "behaviour", "view", "slots", "evidence"].map((title) => html`<th scope="col" key=${title}>${title}</th>`)}</tr>
        </thead>
        <tbody>${trace.names.map(row)}</tbody>
      </table>
    </div>
  </section>`;
}

/** The processes in a circle, the primary marked. */
function Ring({ trace, place, chosen }) {
  const states = trace.names.map((name) => trace.state(name, place));
  const view = Math.max(...states.map((state) => state.view));
  const primary = trace.primary(view);
  const at = (number) => {
    const angle = (2 * Math.PI * number) / states.length - Math.PI / 2;
    return [100 + 70 * Math.cos(angle), 92 + 70 * Math.sin(angle)];
  };
  const words = `${list(trace.names)} in a ring; the primary of view ${view} is ${primary}`;
  return html`<svg id="ring" viewBox="0 -14 200 216" role="img" aria-label=${words}>
    ${states.map(({ process, started, fault }, number) => {
      const [x, y] = at(number);
      const state = !started ? "not started" : (fault ?? "correct");
      const shape =
        fault === undefined
          ? html`<circle cx=${x} cy=${y} r="17" />`
          : html`<path d="M${x} ${y - 20} L${x + 20} ${y + 15} L${x - 20} ${y + 15} Z" />`;
      return html`<g key=${process} class=${`${fault === undefined ? "correct" : "faulty"} ${process === chosen ? "chosen" : ""}`}>
        ${shape}
        <text x=${x} y=${y + 5}>${process}</text>
        <text class="state" x=${x} y=${y + 30}>${state.length > 18 ? `${state.slice(0, 17)}…` : state}</text>
        ${processOf(process) === primary && html`<text class="primary" x=${x} y=${y - 22}>primary</text>`}
      </g>`;
    })}
  </svg>`;
}

/** How far each slot has come at each process. A click on a cell asks why. */
export function Slots({ trace, place, slot, process, ask }) {
  const all = trace.slotsUpTo(place);
  const shown = all.slice(-(trace.names.length > 13 ? FEW_SLOTS : SLOTS)).reverse();
  return html`<section id="slots" aria-label="Slots">
    <h2>Slots</h2>
    <p class="legend">${PHASE_MARKS.map((mark, phase) => `${mark} ${PHASE_WORDS[phase]}`).join("  ")}</p>
    ${shown.length < all.length && html`<p>The last ${shown.length} of ${all.length} slots, newest first.</p>`}
    <div class="scrolls" tabindex="0" role="group" aria-label="Table of slots">
      <table class="matrix">
        <thead>
          <tr><th scope="col">slot</th>${trace.names.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr>
        </thead>
        <tbody>
          ${shown.map(
            (number) => html`<tr key=${number}>
              <th scope="row">${number}</th>
              ${trace.names.map((name) => {
                const { phase } = trace.phase(number, name, place);
                const chosen = number === slot && name === process;
                return html`<td key=${name} class=${chosen ? "chosen" : ""}>
                  <button type="button" class=${`phase${phase}`} aria-label=${`slot ${number} at ${name}: ${PHASE_WORDS[phase]}. Why?`}
                    onClick=${() => ask(name, number)}>${PHASE_MARKS[phase]}</button>
                </td>`;
              })}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** From a decision back to the request. */
export function Why({ trace, place, slot, process, go }) {
  const title = html`<h2>Why did ${process} decide slot ${slot}?</h2>`;
  const found = slot === undefined ? undefined : why(trace, process, slot, place);
  if (found === undefined || !found.known)
    return html`<section id="why" aria-label="Why">
      ${slot === undefined ? html`<h2>Why?</h2>` : title}
      <p>${slot === undefined ? "No slot has begun yet." : `${process} knows no batch for slot ${slot} yet: no PRE-PREPARE has reached it.`}</p>
    </section>`;
  // Whoever has the COMMITs of a quorum needs nothing that comes before them.
  const lacks = (words) => (words !== "executed" && found.committed !== undefined ? "not here: the COMMITs of a quorum are enough" : "not yet");
  const step = (at, words) =>
    at === undefined
      ? html`<span class="quiet">${lacks(words)}</span>`
      : html`<button type="button" onClick=${() => go(at)}>${words} at ${time(trace, trace.times[at])}</button>`;
  return html`<section id="why" aria-label="Why">
    ${found.phase === PHASES.length - 1 ? title : html`<h2>Why has ${process} not decided slot ${slot} yet?</h2>`}
    <p>It is about ${batch(found.digest)}, proposed in view ${found.view}, whose primary is ${found.primary}.</p>
    <ol>
      <li>Executed: ${step(found.executed, "executed")}</li>
      <li>
        Committed: ${step(found.committed, "committed")}
        <${Votes} trace=${trace} votes=${found.commits} go=${go} />
        ${found.proof !== undefined && html`<p>${trace.events[found.proof].from} sent it the COMMITs of a quorum: ${step(found.proof, "the proof")}.</p>`}
      </li>
      <li>Prepared: ${step(found.prepared, "prepared")}<${Votes} trace=${trace} votes=${found.prepares} go=${go} except=${found.primary} /></li>
      <li>Proposed: ${found.proposal !== undefined || found.accepted === undefined
        ? step(found.proposal, `${found.primary}'s PRE-PREPARE`)
        : step(found.accepted, "accepted without a PRE-PREPARE of its own")}</li>
      <li>Requested: <${Origin} trace=${trace} found=${found} step=${step} /></li>
    </ol>
    <${Lies} trace=${trace} slot=${slot} place=${place} go=${go} />
    <${Quorums} trace=${trace} quorum=${voters(found.commits)} />
  </section>`;
}

/** Who has asked for it, or why the primary proposed it then. */
function Origin({ trace, found, step }) {
  if (found.origin === undefined) return step(undefined, "requested");
  const { at, request } = found.origin;
  const words = sentence(trace.events[at]);
  if (request === undefined) return html`earlier. It is proposed when ${step(at, words)}`;
  return html`${step(request, `${trace.events[request].p}'s REQUEST`)}${at !== request && html`, because ${step(at, words)}`}`;
}

/** Who has voted, who has not, and who has said two things. */
function Votes({ trace, votes, go, except }) {
  const count = voters(votes).length;
  const lacking = Math.max(votes.needed - count, 0);
  const lies = contradicting(votes);
  const box = (name) => {
    const said = votes.votes.get(name);
    const counted = said.find((one) => one.counts);
    const others = said.filter((one) => !one.counts);
    const words = counted !== undefined ? `${name} ✓` : others.length > 0 ? `${name} ✗ ${others.map((one) => one.digest).join(", ")}` : `${name} –`;
    const kind = counted !== undefined ? "counts" : others.length > 0 ? "differs" : "missing";
    const place = (counted ?? others[0])?.place;
    return html`<li key=${name} class=${kind}>
      ${place === undefined ? words : html`<button type="button" onClick=${() => go(place)}>${words}</button>`}
    </li>`;
  };
  return html`<div>
    <ul class="votes" aria-label=${`${votes.kind.toUpperCase()}s`}>${trace.voters.filter((name) => name !== except).map(box)}</ul>
    <p>
      ${count} of ${votes.needed} needed
      ${lacking > 0 ? `: ${lacking} ${lacking === 1 ? "is" : "are"} lacking` : ""}
      ${lies.length > 0 ? `. ${list(lies)} said two things.` : "."}
    </p>
  </div>`;
}

/** How many messages have gone from whom to whom. */
export function Talk({ trace, place }) {
  const counts = new Map([...trace.talk].map(([pair, places]) => [pair, upTo(places, place)]));
  const most = Math.max(1, ...counts.values());
  return html`<section id="talk" aria-label="Who talks to whom">
    <h2>Who talks to whom</h2>
    <p class="legend">Messages that have arrived: from the row to the column.</p>
    <div class="scrolls" tabindex="0" role="group" aria-label="Table of messages">
      <table class="heat">
        <thead>
          <tr><th scope="col">from</th>${trace.names.map((name) => html`<th scope="col" key=${name}>${name}</th>`)}</tr>
        </thead>
        <tbody>
          ${trace.names.map(
            (from) => html`<tr key=${from}>
              <th scope="row">${from}</th>
              ${trace.names.map((to) => {
                const count = counts.get(`${from} ${to}`) ?? 0;
                return html`<td key=${to} class=${`heat${Math.ceil((count * 5) / most)}`}>${from === to ? "" : count}</td>`;
              })}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

/** The last events in words. It says what the picture shows. */
export function Log({ trace, place, go }) {
  const length = 60;
  const first = Math.max(place - length + 1, 0);
  const shown = trace.events.slice(first, place + 1).map((event, number) => ({ event, at: first + number }));
  return html`<section id="log" aria-label="Log">
    <h2>What happened</h2>
    <ol class="scrolls" tabindex="0" reversed start=${place + 1}>
      ${shown.reverse().map(
        ({ event, at }) => html`<li key=${at} aria-current=${at === place}>
          <button type="button" onClick=${() => go(at)}><span class="quiet">${time(trace, trace.times[at])}</span> ${sentence(event)}</button>
        </li>`,
      )}
    </ol>
  </section>`;
}

/** What the chosen event is, and what it follows from. */
export function Chosen({ trace, place, go }) {
  const event = trace.events[place];
  if (event === undefined) return null;
  const cause = event.kind === "receive" ? trace.sentBy(event) : trace.byName.get(event.cause);
  return html`<p id="chosen" aria-live="polite">
    <strong>${place + 1} of ${trace.events.length}</strong>, ${time(trace, trace.times[place])}: ${sentence(event)}.
    ${cause !== undefined && html` <button type="button" onClick=${() => go(cause)}>because ${sentence(trace.events[cause])}</button>`}
  </p>`;
}
