"""This script is the liar. In P's name it tells Q 'attack', but R and S 'retreat'. Q, R and S vote 'attack'. The lie is outvoted.

The real P must not speak for itself. Processes take a vote without a signature on loopback only.

    server --faulty P=silent
    python3 examples/liar.py [PORT PORT PORT PORT]
"""
from endpoints import run

LIES = {"Q": "attack", "R": "retreat", "S": "retreat"}


def example(processes):
    correct = {name: processes[name] for name in "QRS"}
    for name, lie in LIES.items():
        print(correct[name].receive_message("P", lie))
    for name, process in correct.items():
        for other in correct:
            if other != name:
                print(process.send_message(other, "attack"))
    decisions = [process.finalize_decision() for process in correct.values()]

    # Every process puts the votes that it heard into one ballot. The ballot has the value of most of its votes.
    print("\nballot  value   votes")
    for ballot in correct["Q"].round()["ballots"]:
        votes = ", ".join(f"{vote['process']} {vote['decision']}" for vote in ballot["votes"])
        refused = f" (refused: {ballot['refused']})" if ballot["refused"] else ""
        print(f"{ballot['process']}       {ballot['decision']}  {votes}{refused}")
    print(f"\nQ, R and S decided: {', '.join(decisions)}")
    assert decisions == ["attack"] * 3, "the liar has won"


run(example)
