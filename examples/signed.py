"""A client with a key of its own is the same client at every process, and nobody else can ask in its name.

    server --faulty none
    python3 examples/signed.py [PORT...]
"""
import secrets
from xmlrpc.client import Binary, Fault

import ed25519
from endpoints import run


def varint(number):
    """7 bits in each byte, the lowest first. All bytes but the last have the highest bit."""
    low, rest = number & 127, number >> 7
    return bytes([low | 128]) + varint(rest) if rest else bytes([low])


def signed_bytes(cluster, timestamp, after, operation):
    """What the client's key signs."""
    text = operation.encode()
    return b"".join([
        b"quorate client request\0",
        bytes.fromhex(cluster),
        timestamp.to_bytes(8, "big"),
        after.to_bytes(8, "big"),
        b"\x01" + varint(len(text)) + text,
    ])


def example(processes):
    P, Q, R, S = list(processes.values())[:4]
    status = P.status()
    cluster, after = status["cluster"], int(status["low_watermark"])
    secret = secrets.token_bytes(32)
    client = ed25519.public_key(secret).hex()

    def submit(process, operation, timestamp):
        signature = ed25519.sign(secret, signed_bytes(cluster, timestamp, after, operation))
        return process.submit(operation, client, timestamp, Binary(signature), after)

    once = submit(P, "set x=42", 1)
    again = submit(Q, "set x=42", 1)
    assert once["sequence_number"] == again["sequence_number"]
    print("x is", R.read("x"))
    try:
        submit(S, "set x=43", 1)
    except Fault as fault:
        print(f"fault {fault.faultCode}: {fault.faultString}")
    try:
        S.submit("set x=44", client, 2, Binary(bytes(64)))
    except Fault as fault:
        print(f"fault {fault.faultCode}: {fault.faultString}")
    print(submit(S, "set x=45", 2)["result"])


run(example)
