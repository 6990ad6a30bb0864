"""Many simulated runs, here or by an executor."""

from __future__ import annotations

import html
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, overload

from quorate import _sim
from quorate._words import Chosen, Faulty, faulty_words

if TYPE_CHECKING:
    import pandas
    import polars

#: How many seeds an executor gets at a time: a second or so of work.
CHUNK = 50


class Bound(TypedDict):
    """How many processes are faulty, beside how many are survived."""

    processes: int
    faulty: int
    survived: int
    holds: bool


class Row(TypedDict):
    """A run, as `simulate sweep --format json` prints it; docs/simulator.md tells what each member means."""

    v: int
    seed: int
    n: int
    faults: dict[str, str]
    twins: list[str]
    bound: Bound
    verdict: str
    violated_rule: str | None
    violation: str | None
    culprits: list[str]
    views: int
    messages: int
    events: int
    executed: int
    simulated_s: float
    command: str


class Executor(Protocol):
    """Whoever calls functions elsewhere: `concurrent.futures.Executor`, and all whose `submit` gives something with `result()`."""

    def submit(self, fn: Any, /, *args: Any) -> Any: ...


class Sweep(Sequence[Row]):
    """The runs of a sweep: a sequence of rows, in the order of the numbers of processes and then of the seeds."""

    def __init__(self, lines: Iterable[str]) -> None:
        #: The rows as JSON, byte for byte as `simulate sweep --out FILE` writes them behind its header.
        self.lines: tuple[str, ...] = tuple(lines)
        self._rows: list[Row] = [json.loads(line) for line in self.lines]

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sweep: ...
    def __getitem__(self, index: int | slice) -> Row | Sweep:
        if isinstance(index, slice):
            return Sweep(self.lines[index])
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sweep) and self.lines == other.lines

    def __hash__(self) -> int:
        return hash(self.lines)

    def __repr__(self) -> str:
        return f"<Sweep of {len(self)} runs: {_told(self.verdicts())}>"

    def verdicts(self) -> dict[str, int]:
        """How many runs have each verdict: `good`, `violation`, `expected`."""
        return dict(Counter(row["verdict"] for row in self))

    def broken(self) -> Sweep:
        """The runs that break a rule."""
        return Sweep(line for line, row in zip(self.lines, self) if row["verdict"] != "good")

    def to_pandas(self) -> pandas.DataFrame:
        """A data frame with a row for each run. What `bound` has are columns of their own: `bound.faulty` and so on.

        Needs pandas: `pip install pandas`.
        """
        try:
            import pandas
        except ImportError as error:
            raise _missing("pandas", "to_pandas") from error
        return pandas.DataFrame.from_records(self._flat())

    def to_polars(self) -> polars.DataFrame:
        """The same as a data frame of polars. `faults` is text there, as JSON, because its keys differ from row to row.

        Needs polars: `pip install polars`.
        """
        try:
            import polars
        except ImportError as error:
            raise _missing("polars", "to_polars") from error
        rows = [row | {"faults": json.dumps(row["faults"])} for row in self._flat()]
        return polars.DataFrame(rows, infer_schema_length=None)

    def _flat(self) -> list[dict[str, Any]]:
        return [_flat(row) for row in self]

    def _repr_html_(self) -> str:
        """What Jupyter shows: per number of processes, a bar of the verdicts, and the first run that breaks a rule."""
        sizes = sorted({row["n"] for row in self})
        return "".join(_bar(n, [row for row in self if row["n"] == n]) for n in sizes)


def sweep(
    seeds: Iterable[int],
    n: int | Sequence[int] | None = None,
    faulty: Faulty | None = None,
    *,
    twins: Sequence[str] | None = None,
    gathering: bool = False,
    executor: Executor | None = None,
    jobs: int | None = None,
) -> Sweep:
    """Plays a simulated run for each seed.

    The same arguments give the same rows, wherever they are played:

    >>> runs = sweep(range(40), n=4, twins=["P", "Q"])
    >>> runs.verdicts()
    {'good': ..., 'expected': ...}

    Args:
        seeds: The seeds, such as `range(2000)`.
        n: How many processes there are, or several such numbers; each has all seeds. Without it the seed decides.
        faulty: Who misbehaves and how: `{"P": "lie", "Q": "crash:1s"}`, or a text as for `--faulty`. Needs `n`.
        twins: The processes that run twice under one key. Needs `n`.
        gathering: Whether the processes gather.
        executor: Who plays: any executor of `concurrent.futures`, `client.get_executor()` of Dask, or whatever has
            a `submit`. Without it, threads in this process play; other threads of Python run meanwhile.
        jobs: How many threads there are without an executor; as many as there are cores if not given.

    Raises:
        ValueError: What is chosen makes no run; the text says why.
    """
    wanted = list(seeds)
    if n is None and (faulty is not None or twins is not None):
        raise ValueError("faulty and twins name processes: say with n how many processes there are")
    sizes: Sequence[int | None] = [n] if n is None or isinstance(n, int) else list(n)
    words = None if faulty is None else faulty_words(faulty)
    names = None if twins is None else list(twins)
    universes: list[Chosen] = [(size, words, names, gathering) for size in sizes]
    if executor is None:
        threads = jobs or os.cpu_count() or 1
        return Sweep(line for one in universes for line in _sim.play(wanted, one, threads))
    for one in universes:
        # What is wrong is said here, and not by every worker.
        _sim.play([], one, 1)
    chunks = [wanted[at : at + CHUNK] for at in range(0, len(wanted), CHUNK)]
    futures = [executor.submit(play_chunk, chunk, one) for one in universes for chunk in chunks]
    return Sweep(line for future in futures for line in future.result())


def play_chunk(seeds: list[int], chosen: Chosen) -> list[str]:
    """Plays some seeds on one thread: what an executor calls."""
    return _sim.play(seeds, chosen, 1)


def _flat(row: Row) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name == "bound" and isinstance(value, dict):
            flat.update({f"bound.{part}": number for part, number in value.items()})
        else:
            flat[name] = value
    return flat


def _missing(library: str, method: str) -> ImportError:
    return ImportError(f"Sweep.{method} needs {library}: pip install {library}")


def _told(verdicts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())) or "none"


#: A verdict is told by colour and by word.
_COLOURS = {"good": "#2a7f4f", "expected": "#c98a1b", "violation": "#b3261e", "stopped": "#777777"}


def _bar(n: int, rows: Sequence[Row]) -> str:
    verdicts = Counter(row["verdict"] for row in rows)
    parts, left = [], 0.0
    for verdict, colour in _COLOURS.items():
        width = 400 * verdicts[verdict] / len(rows)
        parts.append(f'<rect x="{left:.1f}" width="{width:.1f}" height="16" fill="{colour}"/>')
        left += width
    picture = f'<svg width="400" height="16" role="img" aria-label="{_told(verdicts)}">{"".join(parts)}</svg>'
    first = next((row for row in rows if row["verdict"] != "good"), None)
    again = "" if first is None else f"<br>first: <code>{html.escape(first['command'])}</code>"
    return f"<p>n = {n}, {len(rows)} simulated runs: {_told(verdicts)}{again}<br>{picture}</p>"
