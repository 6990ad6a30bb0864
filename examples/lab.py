"""Live processes of a script's own: an exchange with a liar, and a process that is made faulty while it runs.

    pip install ./python
    cargo build --release
    python examples/lab.py
"""
from quorate import Cluster

with Cluster(n=4, faulty={"S": "lie:retreat"}) as cluster:
    print(cluster.submit("set x=1"), cluster.read("x"))
    print(cluster.decide("attack"))

# The first cluster has proved S faulty, and bears no second fault. This one has none yet.
with Cluster(n=4) as cluster:
    cluster["P"].fault.set("silent")
    print(cluster.submit("set x=2"), "in view", cluster["Q"].status()["view"])
