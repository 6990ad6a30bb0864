"""This script is the liar. In P's name it tells Q 'attack', but R and S 'retreat'. Q, R and S vote 'attack'. The lie is outvoted.

The real P must not speak for itself. Processes take a vote without a signature on loopback only.

    server --faulty P=silent
    python3 examples/liar.py [PORT PORT PORT PORT]
"""
from quorate import run

LIES = {"Q": "attack", "R": "retreat", "S": "retreat"}


def example(processes):
    correct = {name: processes[name] for name in "QRS"}
    heard = {name: {"P": lie, name: "attack"} for name, lie in LIES.items()}
    for name, lie in LIES.items():
        print(correct[name].receive_message("P", lie))
    for name, process in correct.items():
        for other in correct:
            if other != name:
                print(process.send_message(other, "attack"))
                heard[other][name] = "attack"
    decisions = [process.finalize_decision() for process in correct.values()]

    # Every process turns the votes that it heard into one ballot: the value that most of them have.
    print("\nballot  votes that it counts")
    ballots = correct["Q"].status()["round"]["ballots"]
    for ballot in ballots:
        votes = ", ".join(f"{sender} {vote}" for sender, vote in sorted(heard[ballot["process"]].items()))
        print(f"{ballot['process']}       {votes}: {ballot['decision']}")
    print(f"\nQ, R and S decided: {', '.join(decisions)}")
    assert decisions == ["attack"] * 3, "the liar has won"


run(example)
