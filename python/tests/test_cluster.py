"""Live processes from Python."""

import os
import signal
import subprocess
import sys
import time
import xmlrpc.client

import pytest

from quorate import Cluster, ClusterError


def gone(port):
    try:
        xmlrpc.client.ServerProxy(f"http://127.0.0.1:{port}/").status()
    except OSError:
        return True
    except xmlrpc.client.Fault:
        # It is there as long as it answers anything: one that shuts down says so.
        return False
    return False


def until(holds):
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_a_cluster_works_and_ends_with_its_block():
    with Cluster(n=4, faulty={"S": "lie"}) as cluster:
        assert cluster.submit("set x=1") == "ok"
        assert cluster.read("x") == "1"
        assert cluster.decide() == {"P": "attack", "Q": "attack", "R": "attack", "S": "faulty"}
        assert cluster.faults() == {"P": "none", "Q": "none", "R": "none", "S": "lie"}
        assert cluster["Q"].status()["process"] == "Q" and set(cluster.status()) == set("PQRS")
        with pytest.raises(xmlrpc.client.Fault, match="write 'set KEY=VALUE'"):
            cluster.submit("sing")
        with pytest.raises(KeyError, match="Q: a decision for each of P, Q, R, S is wanted"):
            cluster.decide({"P": "attack", "R": "attack", "S": "attack"})
        with pytest.raises(KeyError, match="there is no process X: there are P, Q, R, S"):
            cluster["X"]
        ports = list(cluster.ports.values())
    assert all(gone(port) for port in ports)
    assert "ended" in repr(cluster)
    with pytest.raises(ClusterError, match="the processes have ended"):
        cluster.submit("set x=1")


def test_a_faulty_process_is_not_asked():
    with Cluster(faulty="P") as cluster:
        assert cluster.submit("set x=1") == "ok"


def test_a_server_that_does_not_start_says_why():
    with pytest.raises(ClusterError, match="did you mean 'lie'"):
        Cluster(faulty={"P": "lei"})


def test_a_missing_server_says_where_it_was_looked_for(monkeypatch, tmp_path):
    with pytest.raises(ClusterError, match="is no file"):
        Cluster(server=tmp_path / "server")
    monkeypatch.delenv("QUORATE_SERVER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ClusterError, match="cargo build --release"):
        Cluster()


@pytest.mark.parametrize("how", ["interrupted", "killed", "without a block"])
def test_no_process_is_left(how, tmp_path):
    report = tmp_path / "port"
    code = [
        "import pathlib, signal, time, quorate",
        # A shell that runs the tests in the background has them ignore Ctrl-C.
        "signal.signal(signal.SIGINT, signal.default_int_handler)",
        "cluster = quorate.Cluster()",
        f"pathlib.Path({str(report) + '.new'!r}).write_text(str(cluster.ports['P']))",
        f"pathlib.Path({str(report) + '.new'!r}).rename({str(report)!r})",
        "raise SystemExit(1)" if how == "without a block" else "time.sleep(600)",
    ]
    python = subprocess.Popen([sys.executable, "-c", "\n".join(code)], stderr=subprocess.DEVNULL)
    until(report.exists)
    if how != "without a block":
        os.kill(python.pid, signal.SIGINT if how == "interrupted" else signal.SIGKILL)
    assert python.wait(timeout=60) != 0
    # A Python that ends by itself waits for its server. One that is killed cannot.
    if how == "killed":
        until(lambda: gone(int(report.read_text())))
    assert gone(int(report.read_text()))


def test_pytest_finds_the_fixture(pytester):
    pytester.makepyfile(
        """
        def test_two_clusters(quorate_cluster):
            liar = quorate_cluster(n=4, faulty={"S": "lie"})
            other = quorate_cluster()
            assert liar.decide()["Q"] == "attack"
            assert other.submit("set x=1") == "ok"
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
