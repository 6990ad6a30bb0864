"""A script that plays a process, and lies: in P's name it tells Q one thing, and R and S another. They decide alike all the same.

The real P must not speak for itself, and processes take unsigned votes on loopback only:

    cargo run --release --bin server -- --faulty P=silent
    python3 examples/liar.py [PORT PORT PORT PORT]
"""
import sys
from xmlrpc.client import ServerProxy

ports = sys.argv[1:] or range(8000, 8004)
_, Q, R, S = (ServerProxy(f"http://localhost:{port}/") for port in ports)

print(Q.receive_message("P", "attack"))
print(R.receive_message("P", "retreat"))
print(S.receive_message("P", "retreat"))
for process, decision, others in (Q, "attack", "RS"), (R, "attack", "QS"), (S, "retreat", "QR"):
    for other in others:
        print(process.send_message(other, decision))

decisions = [process.finalize_decision() for process in (Q, R, S)]
print(f"Q, R and S decided: {', '.join(decisions)}")
assert len(set(decisions)) == 1, "they disagree"
