"""The exchange: every process sends its decision to every other, and says what was finally decided.

    server
    python3 examples/exchange.py [PORT...]
"""
from endpoints import run


def example(processes):
    for name, process in processes.items():
        for other in processes:
            if other != name:
                print(process.send_message(other, "attack"))
    for name, process in processes.items():
        print(f"{name} finalized decision: {process.finalize_decision()}")


run(example)
