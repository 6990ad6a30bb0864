"""Byzantine agreement from Python.

``Cluster`` starts live processes. ``sweep`` plays simulated runs by the thousand, ``Simulation`` plays one step by step,
with adversaries written in Python (``Adversary``).
"""

from quorate._cluster import Cluster, ClusterError
from quorate._simulation import NULL, Adversary, Message, Simulation, Standing
from quorate._sweep import Row, Sweep, sweep

__all__ = [
    "NULL",
    "Adversary",
    "Cluster",
    "ClusterError",
    "Message",
    "Row",
    "Simulation",
    "Standing",
    "Sweep",
    "sweep",
]
