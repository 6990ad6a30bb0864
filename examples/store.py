"""The key-value store: whichever process is asked, a quorum of them has executed what it answers.

    server --faulty none
    python3 examples/store.py [PORT...]
"""
import uuid
from xmlrpc.client import Fault

from endpoints import run


def example(processes):
    P, Q, R, S = list(processes.values())[:4]
    print(P.submit("set x=41")["result"])
    print(Q.submit("cas x 41 42")["result"])
    print("x is", R.read("x"))

    # At one process, one client's request with one timestamp executes once, however often it is submitted.
    client = uuid.uuid4().hex
    once = S.submit("cas x 42 43", client, 1)
    again = S.submit("cas x 42 43", client, 1)
    assert once["sequence_number"] == again["sequence_number"]
    print("x is", Q.read("x"))

    print(P.submit("delete x")["result"])
    try:
        Q.read("x")
    except Fault as fault:
        print(f"fault {fault.faultCode}: {fault.faultString}")


run(example)
