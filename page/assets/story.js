// A story about a run. A step shows the run up to its moment. Where it asks, the run goes on once the reader has predicted how.

import { html, useCallback, useLayoutEffect, useMemo, useRef, useState } from "quorate/preact";
import { Trace } from "quorate/trace";

/**
 * What page/src/telling.rs says.
 * @typedef {{says: string, because: string, right: boolean}} Choice
 * @typedef {{title: string, text: string[], place: number, from?: number, look: string, process?: string, slot?: number, facts: string[],
 *   question?: {asks: string, choices: Choice[]}, commands: string[]}} Step
 * @typedef {{title: string, about: string, steps: Step[]}} Telling
 */

/** The keys of a story. */
export const KEYS = [
  ["N", "the next step of the story; with Shift, the one before"],
  ["1, 2, 3", "your prediction"],
];

const PANELS = {
  space: "the picture",
  processes: "the table of processes",
  why: "why a process decided",
  slots: "the table of slots",
  log: "what happened, in words",
};

/** The last step that may be shown: one that asks and has no answer yet. */
function furthest(steps, answers) {
  const asks = steps.findIndex((step, number) => step.question !== undefined && answers[number] === undefined);
  return asks < 0 ? steps.length - 1 : asks;
}

/** What the address says after '#': `t=2` is the step, `r=3` the last one that was shown, `a=1.0` the answers so far. */
function fromAddress(steps) {
  const said = new URLSearchParams(location.hash.slice(1));
  const given = (said.get("a") ?? "").split(".").filter((word) => /^\d+$/.test(word)).map(Number);
  const answers = {};
  steps.forEach(({ question }, number) => {
    const answer = question === undefined ? undefined : given.shift();
    if (answer !== undefined && answer < question.choices.length) answers[number] = answer;
  });
  const number = (name, most) => Math.min(/^\d+$/.test(said.get(name) ?? "") ? Number(said.get(name)) : 0, most);
  const reached = number("r", furthest(steps, answers));
  return { answers, reached, number: number("t", reached) };
}

/**
 * The page of a run with a story. `App` shows a run.
 * @param {{App: Function, whole: Trace, telling: Telling}} properties
 */
export function Storied({ App, whole, telling }) {
  const { steps } = telling;
  const [{ answers, reached, number }, set] = useState(() => fromAddress(steps));
  const step = steps[number];
  // At the end all of the run can be seen.
  const last = reached === steps.length - 1 ? whole.events.length - 1 : steps[reached].place;
  const trace = useMemo(() => new Trace(whole.header, whole.events.slice(0, last + 1), whole.names), [whole, last]);

  const go = useCallback((by) => {
    set((now) => {
      const to = Math.min(Math.max(now.number + by, 0), furthest(steps, now.answers));
      return { ...now, number: to, reached: Math.max(now.reached, to) };
    });
  }, [steps]);
  const predict = useCallback((choice) => {
    set((now) => {
      const { question } = steps[now.number];
      if (question?.choices[choice] === undefined || now.answers[now.number] !== undefined) return now;
      const to = now.number + 1;
      return { answers: { ...now.answers, [now.number]: choice }, number: to, reached: Math.max(now.reached, to) };
    });
  }, [steps]);

  // With the step itself: what is asked next finds the page whole.
  useLayoutEffect(() => {
    const panel = document.getElementById(step.look);
    panel?.setAttribute("data-pointed", "");
    return () => panel?.removeAttribute("data-pointed");
  }, [step]);

  const given = steps.map((_, at) => answers[at]).filter((answer) => answer !== undefined);
  const story = useMemo(() => ({
    number,
    place: step.place,
    process: step.process,
    slot: step.slot,
    span: span(trace, steps, number),
    address: { t: String(number), r: String(reached), a: given.join(".") },
    keys: {
      n: (shift) => go(shift ? -1 : 1),
      ...Object.fromEntries((step.question?.choices ?? []).map((_, choice) => [String(choice + 1), () => predict(choice)])),
    },
    help: KEYS,
    panel: html`<${Panel} telling=${telling} number=${number} answers=${answers} go=${go} predict=${predict} />`,
  }), [telling, trace, number, reached, answers, go, predict]);
  return html`<${App} trace=${trace} story=${story} />`;
}

/** The times that the picture shows, up to those of the step's moment. */
function span(trace, steps, number) {
  const { place, from: begins } = steps[number];
  const before = begins ?? steps.findLast((step, at) => at < number && step.place < place)?.place;
  const [from, to] = [before === undefined ? trace.first : trace.times[before], trace.times[place]];
  const margin = Math.max((to - from) / 12, 1000);
  return { from: Math.max(from - margin, trace.first), to: to + margin };
}

function Panel({ telling, number, answers, go, predict }) {
  const { steps } = telling;
  const step = steps[number];
  const title = useRef(null);
  const shown = useRef(number);
  // Whoever listens to the page, or uses keys, is led to the step.
  useLayoutEffect(() => {
    if (shown.current === number) return;
    shown.current = number;
    title.current.focus();
  }, [number]);
  const waits = step.question !== undefined && answers[number] === undefined;
  return html`<section id="story" aria-label="Story">
    <p class="quiet">${telling.title}: step ${number + 1} of ${steps.length}</p>
    <h2 tabindex="-1" ref=${title}>${step.title}</h2>
    ${number === 0 && html`<p>${telling.about}</p>`}
    ${number > 0 && html`<${Came} question=${steps[number - 1].question} answer=${answers[number - 1]} />`}
    <p>${step.text.join(" ")}</p>
    ${step.facts.length > 0 && html`<ul class="facts" aria-label="Checked in this run">
      ${step.facts.map((fact) => html`<li key=${fact}><span aria-hidden="true">✓</span> ${fact}</li>`)}
    </ul>`}
    ${step.commands.length > 0 && html`<p>Try it yourself:</p>
      <ul>${step.commands.map((command) => html`<li key=${command}><code>${command}</code></li>`)}</ul>`}
    ${step.question !== undefined && html`<fieldset>
      <legend>${step.question.asks}</legend>
      <ol>
        ${step.question.choices.map(({ says }, choice) => html`<li key=${choice}>
          <button type="button" disabled=${!waits} aria-pressed=${answers[number] === choice} onClick=${() => predict(choice)}>${says}</button>
        </li>`)}
      </ol>
    </fieldset>`}
    <div class="tools">
      <button type="button" id="back" disabled=${number === 0} onClick=${() => go(-1)}>Back</button>
      <button type="button" id="forward" disabled=${waits || number === steps.length - 1} onClick=${() => go(1)}>Next</button>
      <button type="button" onClick=${() => lead(step.look)}>Look at ${PANELS[step.look]}</button>
      ${waits && html`<span>Choose one: then the run goes on.</span>`}
    </div>
  </section>`;
}

/** What became of the prediction before. */
function Came({ question, answer }) {
  if (question === undefined || answer === undefined) return null;
  const chosen = question.choices[answer];
  const right = question.choices.find((choice) => choice.right);
  return html`<div class=${`came ${chosen.right ? "right" : "wrong"}`}>
    <p><strong>${chosen.right ? "✓ You were right:" : "✗ It came otherwise. You said:"}</strong> ${chosen.says} ${chosen.because}</p>
    ${!chosen.right && html`<p><strong>What came true:</strong> ${right.says} ${right.because}</p>`}
  </div>`;
}

/** Leads the reader to a panel. */
function lead(id) {
  const panel = document.getElementById(id);
  panel.tabIndex = -1;
  panel.focus({ preventScroll: true });
  panel.scrollIntoView({ block: "start" });
}
