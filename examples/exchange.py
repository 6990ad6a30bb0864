"""The exchange: every process sends its decision to every other, and says what was finally decided.

    cargo run --release --bin server
    python3 examples/exchange.py [PORT PORT PORT PORT]
"""
import sys
from xmlrpc.client import ServerProxy

ports = sys.argv[1:] or range(8000, 8004)
processes = {name: ServerProxy(f"http://localhost:{port}/") for name, port in zip("PQRS", ports)}

for name, process in processes.items():
    for other in processes:
        if other != name:
            print(process.send_message(other, "attack"))
for name, process in processes.items():
    print(f"{name} finalized decision: {process.finalize_decision()}")
