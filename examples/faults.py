"""Faults are switched while the processes run: P denies everyone, then it is correct again.

    server --faulty none
    python3 examples/faults.py [PORT...]
"""
from xmlrpc.client import Fault

from endpoints import exchange, run


def example(processes):
    P = processes["P"]
    decisions = dict.fromkeys(processes, "attack")
    print("P is", P.fault.set("deny"))
    print(exchange(processes, decisions))
    print("P is", P.fault.clear())
    print(exchange(processes, decisions))
    try:
        P.fault.set("sing")
    except Fault as fault:
        print(f"fault {fault.faultCode}: {fault.faultString}")


run(example)
