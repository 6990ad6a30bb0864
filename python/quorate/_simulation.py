"""One simulated run, step by step, with adversaries written in Python."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

from quorate import _sim
from quorate._sweep import Row
from quorate._words import Faulty, faulty_words

#: The digest of the batch without requests.
NULL = "null"


@dataclass(frozen=True)
class Message:
    """A message that a faulty process is about to send, signed with its own key whatever is changed in it."""

    #: Who sends it.
    sender: str
    #: `pre-prepare`, `prepare`, `commit`, `checkpoint`, `view-change`, `standing`, ...
    kind: str
    #: The view and the slot that it is about, if it is about one.
    view: int | None
    slot: int | None
    #: The digest of its batch or state, as hexadecimal text; `null` for the batch without requests. None where there is
    #: none, and of the batch that `keep` makes.
    digest: str | None
    #: What the requests ask for that it proposes.
    requests: tuple[str, ...]
    #: To whom it goes. The sender is among them if its own replica hears the message too.
    recipients: tuple[str, ...]
    #: Which of the sender's messages of this kind, view and slot it is, from 1 on.
    number: int
    #: The simulated time in seconds, by the sender's clock.
    now_s: float
    _changes: tuple[tuple[str, Any], ...] = ()

    def to(self, *names: str) -> Message:
        """The message, to these processes: `message.to("R", "S")`."""
        return replace(self, recipients=names)

    def null(self) -> Message:
        """The same about the batch without requests: a vote for it, or a proposal of it."""
        if self.kind == "pre-prepare":
            return self.keep()
        return self.change(digest=NULL)

    def keep(self, *places: int) -> Message:
        """A proposal of these of its requests, by their places from 0 on, in this order."""
        kept = tuple(self.requests[place] for place in places)
        digest = None if kept else NULL
        return replace(self, requests=kept, digest=digest)._changed(requests=list(places))

    def change(self, *, view: int | None = None, slot: int | None = None, digest: str | None = None) -> Message:
        """The same with another view, slot or digest."""
        changes: dict[str, Any] = {"view": view, "slot": slot, "digest": digest}
        changes = {name: value for name, value in changes.items() if value is not None}
        return replace(self, **changes)._changed(**changes)

    def late(self, seconds: float) -> Message:
        """The same, held back for so long."""
        return self._changed(late_us=round(seconds * 1_000_000))

    def _changed(self, **changes: Any) -> Message:
        return replace(self, _changes=tuple({**dict(self._changes), **changes}.items()))

    def _sending(self) -> dict[str, Any]:
        return {"to": list(self.recipients), **dict(self._changes)}


class Adversary:
    """Decides what faulty processes send. Derive from it, and give one object to all processes that are to conspire.

    >>> class Silent(Adversary):
    ...     def on_send(self, message, rng):
    ...         return []
    """

    def on_send(self, message: Message, rng: random.Random) -> Iterable[Message]:
        """What is sent in the place of a message: nothing, the message, or others made of it.

        The process's own replica believes that the message was sent. `rng` is seeded by the run's seed; other
        chance, and a clock, would make the run another one each time. What is answered is written into the
        run's plan, which gives the same run without Python.
        """
        return [message]


class Standing(TypedDict):
    """How far a process is."""

    process: str
    view: int
    executed: int
    correct: bool


class Simulation:
    """A simulated run, of which some steps have been played.

    >>> run = Simulation(seed=7, n=4)
    >>> run.step()
    True
    >>> run.play().verdict
    'good'

    Args:
        seed: The seed from which the run is drawn.
        n: How many processes there are; without it the seed decides.
        faulty: Who misbehaves and how, as for `sweep`. Needs `n`.
        twins: The processes that run twice under one key. Needs `n`.
        gathering: Whether the processes gather.
        adversaries: The processes whose messages an `Adversary` decides on: `{"P": liar, "Q": liar}`. Without
            `faulty` nobody else is faulty. Needs `n`, or `plan`.
        plan: The text of a plan (docs/plans.md) in place of all before but `adversaries`.

    Raises:
        ValueError: What is chosen makes no run; the text says why.
    """

    def __init__(
        self,
        seed: int = 0,
        n: int | None = None,
        faulty: Faulty | None = None,
        *,
        twins: Sequence[str] | None = None,
        gathering: bool = False,
        adversaries: Mapping[str, Adversary] | None = None,
        plan: str | None = None,
    ) -> None:
        names_needed = faulty is not None or twins is not None or (adversaries and plan is None)
        if n is None and names_needed:
            raise ValueError("faulty, twins and adversaries name processes: say with n how many processes there are")
        if adversaries and faulty is None and twins is None:
            faulty = "none"
        words = None if faulty is None else faulty_words(faulty)
        names = None if twins is None else list(twins)
        self._adversaries = dict(adversaries or {})
        chosen = (n, words, names, gathering)
        self._text = _sim.plan(plan, seed, chosen, list(self._adversaries))
        self._run = _sim.Simulation(self._text)
        self._rngs: dict[str, random.Random] = {
            name: random.Random(f"{seed} {name}") for name in self._adversaries
        }
        self._ask()

    def _ask(self) -> None:
        for name, adversary in self._adversaries.items():
            self._run.ask(name, _author(adversary, self._rngs[name]))

    def step(self) -> bool:
        """Plays the next event: an arrival, a timer, a request. False if there is none any more."""
        return self._run.step(1, None) == 1

    def play(self, until_s: float | None = None) -> Simulation:
        """Plays to the end or until a rule is broken; or the events up to this simulated time in seconds."""
        self._run.step(1 << 62, None if until_s is None else round(until_s * 1_000_000))
        return self

    def branch(self, adversaries: Mapping[str, Adversary] | None = None) -> Simulation:
        """The same run after the same steps, to go on otherwise.

        Its adversaries are copies of those here, as they are now; or these, for processes that have one here.
        """
        branch = copy.copy(self)
        branch._run = self._run.branch()
        branch._adversaries, branch._rngs = copy.deepcopy((self._adversaries, self._rngs))
        for name, adversary in (adversaries or {}).items():
            if name not in branch._adversaries:
                known = ", ".join(branch._adversaries) or "no process"
                raise ValueError(f"{name} has no adversary in this run: {known} has")
            branch._adversaries[name] = adversary
        branch._ask()
        return branch

    @property
    def steps(self) -> int:
        """How many events have been played."""
        return self._run.state()[0]

    @property
    def now_s(self) -> float:
        """The simulated time in seconds."""
        return self._run.state()[1] / 1_000_000

    @property
    def over(self) -> bool:
        """Whether nothing more happens."""
        return self._run.state()[2]

    @property
    def row(self) -> Row:
        """What came of it so far, as a row of `sweep`. Until it is over its verdict is `stopped`."""
        row: Row = json.loads(self._run.row("simulate replay FILE"))
        return row

    @property
    def verdict(self) -> str:
        """`good`; `violation`; `expected`: broken with more faulty processes than are survived; `stopped`: not over yet."""
        return self.row["verdict"]

    @property
    def events(self) -> list[dict[str, Any]]:
        """What happened so far, in the form of a trace (docs/trace.md)."""
        return self.events_since(0)

    def events_since(self, count: int) -> list[dict[str, Any]]:
        """The events behind the first `count` ones."""
        return [json.loads(event) for event in self._run.events(count)]

    @property
    def processes(self) -> list[Standing]:
        """How far each process is."""
        return [
            {"process": name, "view": view, "executed": executed, "correct": correct}
            for name, view, executed, correct in self._run.standings()
        ]

    @property
    def plan(self) -> str:
        """The plan that gives this run again without Python, with all that adversaries have answered so far."""
        return self._run.plan()

    def shrink(self) -> str:
        """The smallest plan found that breaks the same rule; it is played without Python."""
        return self._run.shrink()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the trace so far. `simulate replay FILE` plays the run again from it; `.gz` is compressed."""
        self._run.save(Path(path), f"simulate replay {Path(path).name}")

    def svg(self, caption: str = "") -> str:
        """Who sent what to whom so far, as an SVG picture."""
        return self._run.svg(caption or repr(self))

    def __repr__(self) -> str:
        row = self.row
        rule = f": {row['violated_rule']}" if row["violated_rule"] else ""
        return (
            f"simulated run, seed {row['seed']}, {row['n']} processes, {self.now_s:.3f} s, "
            f"{self.steps} events, {row['verdict']}{rule}"
        )

    def _repr_svg_(self) -> str:
        """What Jupyter shows."""
        return self.svg()


def _author(adversary: Adversary, rng: random.Random) -> Callable[[str], str | None]:
    """What `_sim` calls: a message as JSON, and what is sent instead as JSON, or None if it leaves as it is."""

    def write(text: str) -> str | None:
        shown = json.loads(text)
        message = Message(
            sender=shown["sender"],
            kind=shown["kind"],
            view=shown["view"],
            slot=shown["slot"],
            digest=shown["digest"],
            requests=tuple(shown["requests"]),
            recipients=tuple(shown["to"]),
            number=shown["number"],
            now_s=shown["now_us"] / 1_000_000,
        )
        answer = list(adversary.on_send(message, rng))
        if answer == [message]:
            return None
        for one in answer:
            _check(one, message)
        return json.dumps([one._sending() for one in answer])

    return write


def _check(one: object, message: Message) -> None:
    if not isinstance(one, Message):
        raise TypeError(f"on_send must give messages, and gave {one!r}: use those that message.to() and the like make")
    if (one.sender, one.kind, one.number) != (message.sender, message.kind, message.number):
        raise ValueError("on_send must give messages made of the one that it got: another one cannot be written down")
    if not one.recipients:
        raise ValueError("a message needs a recipient: leave it out, or name one with message.to()")
