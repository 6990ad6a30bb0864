"""Live processes of a script's own: a liar, a process that is made faulty, and an exchange.

    pip install ./python
    cargo build --release
    python examples/lab.py
"""
from quorate import Cluster

with Cluster(n=4, faulty={"S": "lie:retreat"}) as cluster:
    print(cluster.submit("set x=1"), cluster.read("x"))
    print(cluster.decide("attack"))
    cluster["S"].fault.clear()
    cluster["P"].fault.set("silent")
    print(cluster.submit("set x=2"), "in view", cluster["Q"].status()["view"])
