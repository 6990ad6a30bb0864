"""A table: S misbehaves in one way after the other, and the others decide all the same.

    server --faulty none
    python3 examples/table.py [PORT...]
"""
import time

from endpoints import exchange, run

BEHAVIOURS = ["none", "silent", "lie:retreat", "equivocate", "drop:30%", "delay:50ms"]


def example(processes):
    S = processes["S"]
    decisions = dict.fromkeys(processes, "attack")
    print(f"{'S':<12}", *(f"{name:<8}" for name in processes), "seconds")
    try:
        for behaviour in BEHAVIOURS:
            S.fault.set(behaviour) if behaviour != "none" else S.fault.clear()
            started = time.monotonic()
            decided = exchange(processes, decisions)
            seconds = time.monotonic() - started
            print(f"{behaviour:<12}", *(f"{decision:<8}" for decision in decided.values()), f"{seconds:.2f}")
    finally:
        S.fault.clear()


run(example)
