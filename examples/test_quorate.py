"""Tests with pytest, each with processes of its own on free ports.

    pip install pytest
    pytest examples/test_quorate.py

The command `server` must be on PATH.
"""
import json
import os
import shutil
import signal
import subprocess
import time
from xmlrpc.client import Fault

import pytest

from endpoints import endpoint, exchange


class Cluster:
    """A running `server` and its processes."""

    def __init__(self, folder, *options):
        self.folder, self.options = folder, options
        self.start()

    def start(self):
        program = shutil.which("server") or pytest.fail("there is no `server` on PATH")
        ready = self.folder / "ready.json"
        command = [program, "--base-port", "0", "--ready-file", str(ready), *self.options]
        with (self.folder / "log").open("a") as log:
            self.server = subprocess.Popen(command, stdout=log, stderr=log)
        until(lambda: ready.exists() or self.server.poll() is not None)
        assert self.server.poll() is None, (self.folder / "log").read_text()
        listed = json.loads(ready.read_text())["processes"]
        self.pids = {one["process"]: one["pid"] for one in listed}
        self.processes = {one["process"]: endpoint(one["port"]) for one in listed}

    def stop(self):
        self.server.terminate()
        self.server.wait(timeout=60)

    def decide(self, **decisions):
        """One exchange. Every process votes 'attack' unless told otherwise. Returns the decisions by name."""
        return exchange(self.processes, dict.fromkeys(self.processes, "attack") | decisions)


def until(holds):
    """Waits for something to become true, a minute at most."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def start(tmp_path):
    """start('--faulty', 'S=lie') gives a Cluster, which is stopped after the test."""
    clusters = []

    def start(*options):
        clusters.append(Cluster(tmp_path, *options))
        return clusters[-1]

    yield start
    for cluster in clusters:
        cluster.stop()


def test_a_liar_is_outvoted(start):
    decided = start("--faulty", "S=lie:retreat").decide()
    assert decided == {"P": "attack", "Q": "attack", "R": "attack", "S": "faulty"}


def test_an_equivocating_primary_is_replaced(start):
    cluster = start("--faulty", "P=equivocate")
    decided = cluster.decide()
    assert {decided[name] for name in "QRS"} == {"attack"}
    assert cluster.processes["Q"].status()["view"] > 0


@pytest.mark.parametrize("behaviour", ["deny", "silent", "lie:retreat", "drop:30%", "delay:50ms"])
def test_one_faulty_process_keeps_nobody_from_agreeing(start, behaviour):
    cluster = start("--faulty", "none")
    cluster.processes["S"].fault.set(behaviour)
    decided = cluster.decide()
    assert {decided[name] for name in "PQR"} == {"attack"}


def test_a_killed_process_is_not_missed(start):
    cluster = start("--faulty", "none")
    os.kill(cluster.pids["S"], signal.SIGKILL)
    P = cluster.processes["P"]
    assert P.submit("set x=42")["result"] == "ok"
    assert P.read("x") == "42"


def test_the_store_survives_a_restart(start, tmp_path):
    cluster = start("--faulty", "none", "--data-dir", str(tmp_path / "data"))
    assert cluster.processes["P"].submit("set x=42")["result"] == "ok"
    cluster.stop()
    cluster.start()
    assert cluster.processes["R"].read("x") == "42"


def test_a_key_without_a_value_is_fault_10(start):
    cluster = start("--faulty", "none")
    with pytest.raises(Fault) as fault:
        cluster.processes["Q"].read("x")
    assert fault.value.faultCode == 10
