"""Two liars of four split the other two, and the run is kept as a trace.

    pip install ./python
    python examples/split.py
    simulate replay split.jsonl
"""
from quorate import Adversary, Simulation


class Split(Adversary):
    """Tells S of batches without requests, and all others the truth."""

    def on_send(self, message, rng):
        if message.kind in ("pre-prepare", "prepare", "commit"):
            return [message.to("P", "Q", "R"), message.null().to("S")]
        return [message]


liars = Split()
run = Simulation(seed=1, n=4, adversaries={"P": liars, "Q": liars}).play()
print(run)
print(run.row["violation"])
run.save("split.jsonl")
print(run.shrink().count("[[scripts.lies]]"), "lies are enough")
