"""Live processes: a `server` of one's own, and its processes by name."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import tempfile
import time
import weakref
import xmlrpc.client
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from quorate._words import Faulty, faulty_words

#: How often a start looks whether all processes answer, in seconds.
_LOOKS = 0.02
#: How much of the server's log an error shows.
_LINES = 10


class ClusterError(RuntimeError):
    """The processes cannot be started, or are gone. The text says why, and what to do."""


class Cluster:
    """Processes on free ports of this machine, each an XML-RPC server. They end with the `with` block, and with Python.

    >>> with Cluster(n=4, faulty={"S": "lie"}) as cluster:
    ...     cluster.submit("set x=1")
    ...     cluster.read("x")
    ...     cluster.decide("attack")
    'ok'
    '1'
    {'P': 'attack', 'Q': 'attack', 'R': 'attack', 'S': 'faulty'}

    Args:
        n: How many processes: P, Q, R, ...
        faulty: Who misbehaves and how: `{"P": "lie"}`, or a text as for `server --faulty`. Nobody without it.
        options: More options of `server`, such as `["--view-timeout", "200ms"]`.
        server: The program `server`. Without it: the environment variable QUORATE_SERVER, then PATH, then `target/release`
            and `target/debug` of the checkout in or above the working directory.
        timeout_s: How long to wait for the start, and for each answer.

    Raises:
        ClusterError: There is no `server`, or it does not start.
    """

    def __init__(
        self,
        n: int = 4,
        faulty: Faulty | None = None,
        *,
        options: Sequence[str] = (),
        server: str | os.PathLike[str] | None = None,
        timeout_s: float = 60,
    ) -> None:
        self._timeout_s = timeout_s
        words = "none" if faulty is None else faulty_words(faulty)
        self._folder = tempfile.TemporaryDirectory(prefix="quorate-")
        folder = Path(self._folder.name)
        self._log = folder / "log"
        command = [str(find_server(server)), "--processes", str(n), "--faulty", words]
        command += ["--base-port", "0", "--ready-file", str(folder / "ready.json"), "--end-with-stdin", *options]
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
        #: The processes by name: `cluster.processes["Q"].status()`. docs/xml-rpc.md has all their methods.
        self.processes: dict[str, xmlrpc.client.ServerProxy] = {}
        #: Ends the server when Python ends, if nobody does before. If Python is killed, the server's standard input ends.
        self._end = weakref.finalize(self, _end, self._server, self.processes, self._folder)
        #: Their ports by name.
        self.ports: dict[str, int] = {}
        try:
            self._await(folder / "ready.json")
        except BaseException:
            self._end()
            raise

    def _await(self, ready: Path) -> None:
        end = time.monotonic() + self._timeout_s
        while not ready.exists():
            if self._server.poll() is not None:
                raise ClusterError(f"the server has ended with status {self._server.returncode}:\n{self.log()}")
            if time.monotonic() > end:
                raise ClusterError(f"the processes do not answer after {self._timeout_s} s:\n{self.log()}")
            time.sleep(_LOOKS)
        for one in json.loads(ready.read_text())["processes"]:
            self.ports[one["process"]] = one["port"]
            self.processes[one["process"]] = xmlrpc.client.ServerProxy(
                f"http://127.0.0.1:{one['port']}/", transport=_Transport(self._timeout_s)
            )

    def __getitem__(self, name: str) -> xmlrpc.client.ServerProxy:
        """A process by name: `cluster["Q"].fault.set("lie")`."""
        if name not in self.processes:
            raise KeyError(f"there is no process {name}: there are {', '.join(self.processes)}")
        return self.processes[name]

    def submit(self, operation: str, at: str | None = None) -> str:
        """Has an operation ordered and executed: `set x=1`, `get x`, `delete x` or `cas x 1 2`. Returns its result.

        Asks the process `at`, or else the first that is not faulty.

        Raises:
            xmlrpc.client.Fault: The operation cannot be done; the text says what to write.
        """
        answer: Any = self._call(at, "submit", operation)
        return str(answer["result"])

    def read(self, key: str, at: str | None = None) -> str:
        """The key's value, on which a quorum agrees.

        Raises:
            xmlrpc.client.Fault: The key has no value, with `faultCode` 10.
        """
        return str(self._call(at, "read", key))

    def decide(self, decision: str | Mapping[str, str] = "attack") -> dict[str, str]:
        """One exchange: each process tells all others its decision, by name or the same for all. What each finally decided."""
        told = dict.fromkeys(self.processes, decision) if isinstance(decision, str) else dict(decision)
        odd = sorted(set(told) ^ set(self.processes))
        if odd:
            raise KeyError(f"{odd[0]}: a decision for each of {', '.join(self.processes)} is wanted, and for nobody else")
        for name in self.processes:
            for other in self.processes:
                if other != name:
                    self._call(name, "send_message", other, told[name])
        return {name: str(self._call(name, "finalize_decision")) for name in self.processes}

    def status(self) -> dict[str, dict[str, Any]]:
        """Where each process stands, as its method `status` tells."""
        return {name: dict(self._call(name, "status")) for name in self.processes}

    def faults(self) -> dict[str, str]:
        """The behaviour of each process; `none` for a correct one."""
        return {name: str(self._call(name, "fault.get")) for name in self.processes}

    def log(self) -> str:
        """The last lines of what the server says."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-_LINES:])

    def close(self) -> None:
        """Ends the processes. It may be called more than once."""
        self._end()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        ports = ", ".join(f"{name} {port}" for name, port in self.ports.items())
        return f"<Cluster of {len(self.ports)} processes: {ports if self._end.alive else 'ended'}>"

    def _correct(self) -> str:
        """The first process that answers, and says that it is not faulty."""
        for name in self.processes:
            try:
                if self._call(name, "fault.get") == "none":
                    return name
            except (ClusterError, xmlrpc.client.Fault):
                continue
        raise ClusterError("no correct process answers: name one with at=")

    def _call(self, at: str | None, method: str, *arguments: Any) -> Any:
        if not self._end.alive:
            raise ClusterError("the processes have ended: use the cluster inside its `with` block")
        name = at or self._correct()
        try:
            return getattr(self[name], method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise ClusterError(f"process {name} does not answer {method}: {error}\n{self.log()}") from error


def find_server(given: str | os.PathLike[str] | None = None) -> Path:
    """The program `server`: the given one, that of QUORATE_SERVER, of PATH, or of the checkout.

    Raises:
        ClusterError: There is none. The text says where it was looked for.
    """
    chosen = given or os.environ.get("QUORATE_SERVER")
    if chosen:
        path = Path(chosen)
        if path.is_file():
            return path
        raise ClusterError(f"{path} is no file: give the program `server`, which `cargo build --release` makes")
    found = shutil.which("server")
    if found:
        return Path(found)
    here = Path.cwd()
    for folder in (here, *here.parents):
        for profile in ("release", "debug"):
            path = folder / "target" / profile / "server"
            if path.is_file():
                return path
    raise ClusterError(
        "there is no `server`: build it with `cargo build --release`, and put target/release on PATH, "
        "set QUORATE_SERVER, or give Cluster(server=...)"
    )


class _Transport(xmlrpc.client.Transport):
    """HTTP that does not wait for ever."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self._timeout_s = timeout_s

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = self._timeout_s
        return connection


def _end(
    server: subprocess.Popen[bytes],
    processes: Mapping[str, xmlrpc.client.ServerProxy],
    folder: tempfile.TemporaryDirectory[str],
) -> None:
    """Ends a server in order, and its processes with it."""
    try:
        for process in processes.values():
            process("close")()
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdin:
            server.stdin.close()
    finally:
        folder.cleanup()
