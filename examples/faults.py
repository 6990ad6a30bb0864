"""Faults are switched while the processes run: P denies everyone, then it is correct again.

    cargo run --release --bin server -- --faulty none
    python3 examples/faults.py [PORT PORT PORT PORT]
"""
import sys
from xmlrpc.client import Fault, ServerProxy

ports = sys.argv[1:] or range(8000, 8004)
processes = {name: ServerProxy(f"http://localhost:{port}/") for name, port in zip("PQRS", ports)}
P = processes["P"]


def exchange():
    for name, process in processes.items():
        for other in processes:
            if other != name:
                process.send_message(other, "attack")
    return {name: process.finalize_decision() for name, process in processes.items()}


print("P is", P.fault.set("deny"))
print(exchange())
print("P is", P.fault.clear())
print(exchange())
try:
    P.fault.set("sing")
except Fault as fault:
    print(f"fault {fault.faultCode}: {fault.faultString}")
