"""A sweep on a Ray cluster.

    pip install ./python ray
    python deploy/ray_sweep.py        # two workers on this machine
    python deploy/ray_sweep.py auto   # the cluster of this machine, whose nodes have the package `quorate` too
"""

import sys
from contextlib import contextmanager

import ray
from quorate import sweep


class Executor:
    """Ray's tasks as `quorate.sweep` calls them."""

    def submit(self, function, *arguments):
        return ray.remote(function).remote(*arguments).future()


@contextmanager
def local(workers, address=None):
    """An executor with workers on this machine, or on the cluster at this address."""
    ray.init(address, num_cpus=None if address else workers, include_dashboard=None if address else False)
    try:
        yield Executor()
    finally:
        ray.shutdown()


if __name__ == "__main__":
    with local(workers=2, address=sys.argv[1] if len(sys.argv) > 1 else None) as executor:
        print(sweep(range(2000), n=[4, 7], executor=executor))
