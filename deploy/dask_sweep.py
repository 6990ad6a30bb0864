"""A sweep on a Dask cluster.

    pip install ./python 'dask[distributed]'
    python deploy/dask_sweep.py                        # two workers on this machine
    python deploy/dask_sweep.py tcp://scheduler:8786   # a cluster, whose workers have the package `quorate` too
"""

import sys
from contextlib import contextmanager

from distributed import Client, LocalCluster
from quorate import sweep


@contextmanager
def local(workers):
    """An executor with workers on this machine."""
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        yield client.get_executor()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(sweep(range(2000), n=[4, 7], executor=Client(sys.argv[1]).get_executor()))
    else:
        with local(workers=2) as executor:
            print(sweep(range(2000), n=[4, 7], executor=executor))
