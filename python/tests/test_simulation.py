"""A run step by step, and adversaries written in Python."""

import copy
import json
import subprocess

import pytest

from quorate import Adversary, Simulation

SEED = 1


class Split(Adversary):
    """Tells S of batches without requests, and all others the truth."""

    def on_send(self, message, rng):
        if message.kind in ("pre-prepare", "prepare", "commit"):
            return [message.to("P", "Q", "R"), message.null().to("S")]
        return [message]


def split() -> Simulation:
    liars = Split()
    return Simulation(SEED, n=4, adversaries={"P": liars, "Q": liars})


def replay(simulate, file, *options):
    return subprocess.run([simulate, "replay", str(file), *options], capture_output=True, text=True)


def test_an_adversary_of_a_few_lines_splits_four_processes_and_the_run_replays_and_shrinks_without_python(simulate, tmp_path):
    run = split().play()
    assert run.over and run.verdict == "expected"
    assert run.row["violated_rule"] == "agreement" and run.row["culprits"] == ["P", "Q"]
    assert run.row["faults"] == {"P": "script", "Q": "script"}

    trace = tmp_path / "run.jsonl.gz"
    run.save(trace)
    again = replay(simulate, trace, "--format", "json", "--no-shrink", "--trace", str(tmp_path / "again.jsonl"))
    assert again.returncode == 1, again.stderr
    row = json.loads(again.stdout)
    assert row.pop("trace") and row | {"command": ""} == run.row | {"command": ""}
    header, *events = (tmp_path / "again.jsonl").read_text().splitlines()
    assert json.loads(header)["plan"] == run.plan
    assert [json.loads(event) for event in events] == run.events

    smallest = tmp_path / "smallest.toml"
    smallest.write_text(run.shrink())
    assert smallest.read_text().count("[[scripts.lies]]") < run.plan.count("[[scripts.lies]]")
    assert "agreement" in replay(simulate, smallest, "--no-shrink").stdout
    assert Simulation(plan=smallest.read_text()).play().row["violated_rule"] == "agreement"


def test_a_run_is_played_step_by_step():
    run = Simulation(7, n=4)
    assert (run.steps, run.now_s, run.over) == (0, 0.0, False)
    assert run.step() and run.steps == 1
    seen = len(run.play(until_s=0.2).events)
    assert 0.1 < run.now_s <= 0.2 and run.verdict == "stopped"
    assert run.play().over and not run.step()
    assert run.events_since(seen) == run.events[seen:]
    assert [one["process"] for one in run.processes] == ["P", "Q", "R", "S"]
    assert len({one["executed"] for one in run.processes if one["correct"]}) == 1


def test_a_branch_goes_on_otherwise():
    class Turncoat(Adversary):
        """Honest for a while."""

        def __init__(self):
            self.lies, self.seen = False, 0

        def on_send(self, message, rng):
            self.seen += 1
            return Split.on_send(self, message, rng) if self.lies else [message]

    turncoat = Turncoat()
    run = Simulation(SEED, n=4, adversaries={"P": turncoat, "Q": turncoat}).play(until_s=0.05)
    branch = run.branch()
    evil = copy.copy(turncoat)
    evil.lies = True
    other = run.branch({"P": evil, "Q": evil})
    seen = turncoat.seen
    assert branch.events == run.events == other.events
    assert branch.play().verdict == "good"
    assert turncoat.seen == seen, "the branch asks a copy"
    assert run.play().events == branch.events
    assert other.play().verdict == "expected"
    with pytest.raises(ValueError, match="R has no adversary in this run: P, Q has"):
        run.branch({"R": evil})


def test_chance_is_that_of_the_seed():
    class Drops(Adversary):
        def on_send(self, message, rng):
            return [message] if rng.random() < 0.7 else []

    def run(seed):
        return Simulation(seed, n=4, adversaries={"S": Drops()}).play()

    assert run(3).events == run(3).events
    assert run(3).plan.count("[[scripts.lies]]") > 10
    assert run(3).verdict == run(4).verdict == "good", "one of four may lose what it wants"


def test_what_can_be_changed_in_a_message():
    seen = []

    class Changes(Adversary):
        def on_send(self, message, rng):
            seen.append(message)
            if message.kind == "pre-prepare":
                assert all("of" in request for request in message.requests)
                return [message.keep(*range(len(message.requests) - 1)).to("R").late(0.01)]
            if message.kind == "prepare":
                return [message.change(view=message.view + 1, digest="00" * 32)]
            return [message]

    run = Simulation(SEED, n=4, adversaries={"P": Changes()}).play()
    assert run.verdict == "good"
    assert {"pre-prepare", "commit", "standing"} <= {message.kind for message in seen}
    assert "late_us = 10000" in run.plan
    assert Simulation(plan=run.plan).play().events == run.events


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        (lambda message: 1 / 0, ZeroDivisionError, "division"),
        (lambda message: ["x"], TypeError, "on_send must give messages, and gave 'x'"),
        (lambda message: [message.to()], ValueError, "a message needs a recipient"),
        (lambda message: [message.to("p")], ValueError, "'p'"),
        (lambda message: [message.to("T")], ValueError, "there is no process T"),
        (lambda message: [message.change(digest="x")], ValueError, "'x' is no digest|cannot have another digest"),
    ],
)
def test_an_adversary_that_fails_ends_the_step_with_its_error(answer, error, reason):
    class Fails(Adversary):
        def on_send(self, message, rng):
            return answer(message)

    run = Simulation(SEED, n=4, adversaries={"P": Fails()})
    with pytest.raises(error, match=reason):
        run.play()
    assert not run.over


def test_an_adversary_cannot_play_the_run_that_asks_it():
    class Plays(Adversary):
        def on_send(self, message, rng):
            run.step()
            return [message]

    run = Simulation(SEED, n=4, adversaries={"P": Plays()})
    with pytest.raises(RuntimeError, match="the simulation is being played"):
        run.play()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"adversaries": {"P": Split()}}, "say with n"),
        ({"n": 4, "adversaries": {"X": Split()}}, "there is no process X"),
        ({"n": 4, "faulty": {"P": "lie"}, "adversaries": {"P": Split()}}, "process P has a script"),
        ({"plan": "sing = 1"}, "sing"),
    ],
)
def test_what_makes_no_run_is_refused_with_the_reason(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        Simulation(**arguments)


def test_jupyter_shows_a_picture():
    picture = split().play()._repr_svg_()
    assert picture.startswith("<svg") and "script" in picture
