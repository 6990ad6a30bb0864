// How to play the run again from a moment on with another fault.

import { html, useState } from "quorate/preact";
import { Command } from "quorate/command";

/** Some behaviours, in the words of `--faulty`. */
export const EXAMPLES = ["silent", "lie", "equivocate", "delay:200ms", "corrupt", "skip", "crash"];

/** What a shell takes as one word. */
const quoted = (words) => (/^[\w=:@+.,-]+$/.test(words) ? words : `'${words.replaceAll("'", "'\\''")}'`);

/**
 * The command that plays the run of a trace again, and makes a process faulty from a time on, in microseconds from its beginning.
 * `needsPlan`: the run's plan must be in `plan.toml`.
 */
export function branch(header, process, behaviour, t_us) {
  const fault = `${process}=${behaviour}@after=${Math.max(Math.ceil(t_us / 1000), 1)}ms`;
  const known = header.command.replace(/ --(trace|html) FILE/, "");
  const needsPlan = !/^simulate (run|replay [^-])/.test(known);
  const [command, before] = needsPlan ? ["simulate replay plan.toml", undefined] : apart(known);
  const faults = before === undefined ? fault : `${before},${fault}`;
  return { command: `${command} --branch ${quoted(faults)} --html branch.html`, needsPlan };
}

/** A command without its `--branch`, and what stood there. */
function apart(command) {
  const [whole, words] = / --branch ('[^']*'|\S+)/.exec(command) ?? [];
  if (whole === undefined) return [command, undefined];
  return [command.replace(whole, ""), words.replace(/^'|'$/g, "")];
}

/** Chooses the process and the behaviour, and tells the command. */
export function Branch({ trace, place, process }) {
  const faulty = trace.faulty();
  const free = trace.names.filter((name) => !faulty.has(name));
  const [who, setWho] = useState(free.includes(process) ? process : free[0]);
  const [behaviour, setBehaviour] = useState(EXAMPLES[1]);
  if (who === undefined) return html`<h2>Branch here</h2><p>All processes are faulty already.</p>`;
  const { command, needsPlan } = branch(trace.header, who, behaviour.trim(), trace.times[place]);
  return html`<h2>Branch here</h2>
    <p>The same run up to this moment, but for clients outside that call this process, and then with another fault:</p>
    <p class="tools">
      <label>process <select value=${who} onChange=${(event) => setWho(event.target.value)}>
        ${free.map((name) => html`<option key=${name} value=${name} selected=${name === who}>${name}</option>`)}
      </select></label>
      <label>behaviour <input type="text" list="behaviours" value=${behaviour} onInput=${(event) => setBehaviour(event.target.value)} /></label>
      <datalist id="behaviours">${EXAMPLES.map((one) => html`<option key=${one} value=${one} />`)}</datalist>
    </p>
    <p><${Command} id="branch" command=${command} /></p>
    ${needsPlan && html`<p>with this plan in <code>plan.toml</code>:</p><pre class="scrolls" tabindex="0">${trace.header.plan}</pre>`}
    <p>The behaviour is written as for <code>--faulty</code>: <code>lie</code>, <code>delay:200ms</code>, <code>deny:R</code>.</p>`;
}
