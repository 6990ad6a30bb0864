"""A fixture of pytest, which finds it by itself once the package is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Protocol

import pytest

from quorate._cluster import Cluster


class StartCluster(Protocol):
    """What the fixture `quorate_cluster` gives: called as `Cluster`, it gives a running one."""

    def __call__(self, n: int = 4, faulty: Any = None, **options: Any) -> Cluster: ...


@pytest.fixture
def quorate_cluster() -> Iterator[StartCluster]:
    """Starts clusters, which end with the test: `quorate_cluster(n=4, faulty={"S": "lie"})`."""
    with ExitStack() as clusters:

        def start(n: int = 4, faulty: Any = None, **options: Any) -> Cluster:
            return clusters.enter_context(Cluster(n, faulty, **options))

        yield start
