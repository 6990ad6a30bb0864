"""Two liars of four break the agreement. An audit names them, and what it has found convinces somebody who was not there.

    server --faulty P=equivocate,Q=equivocate
    python3 examples/culprits.py [PORT...]

It runs the program `client`, which must be on PATH.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

from endpoints import end, processes

ROUNDS = 40


def client(*arguments):
    """Runs `client`. Returns its exit status and what it printed."""
    try:
        done = subprocess.run(["client", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    except OSError as error:
        end(f"client: {error}. Put it on PATH: export PATH=$PWD/target/release:$PATH")
    return done.returncode, done.stdout


def told(status, text):
    """An exit status, and the last sentence."""
    return f"ends with {status}: {text.splitlines()[-1]}"


def break_it(where):
    """Runs exchanges until the correct processes disagree. P hides its lies from Q, so that Q can vote for both sides of each. R and S
    do not hear from each other, nor from the liars what the other one has: else the first lie would be proved before it does harm, and a
    proved liar counts no more. The liars do not hear that R or S lacks something, because they would send it again as it is."""
    apart = ("P->Q: cut", "S->Q: cut", "R<->S: cut", "P+Q->R+S committed+view-change: cut", "R+S->P+Q standing: cut")
    client("link", *apart, *where)
    for number in range(1, ROUNDS + 1):
        status, text = client(*where, "--format", "table")
        print(f"exchange {number}: client ends with {status}")
        if status == 1:
            return
    end(f"nothing broke in {ROUNDS} exchanges: run it again")


def main():
    found = processes(sys.argv[1:])
    ports = sys.argv[1:] if len(sys.argv) > 2 else [str(one.status()["port"]) for one in found.values()]
    where = ("--endpoint", ",".join(f"127.0.0.1:{port}" for port in ports))
    with tempfile.TemporaryDirectory() as folder:
        audit, changed, keys = (Path(folder, name) for name in ("audit.jsonl", "changed.jsonl", "keys.json"))
        # Whoever judges needs the keys, from before the trouble.
        keys.write_text(client("keys", *where)[1], encoding="utf-8")
        break_it(where)
        print("client audit", told(*client("audit", *where, "--out", str(audit), "--keys", str(keys))))
        print("client verify", told(*client("verify", str(audit), "--keys", str(keys))))
        text = bytearray(audit.read_bytes())
        text[len(text) // 2] ^= 1
        changed.write_bytes(text)
        print("client verify, after one changed byte,", told(*client("verify", str(changed), "--keys", str(keys))))


main()
