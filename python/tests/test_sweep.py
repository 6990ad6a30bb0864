"""The same rows come out wherever they are played."""

import concurrent.futures
import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from quorate import Sweep, sweep

DEPLOY = Path(__file__).parents[2] / "deploy"
SEEDS = range(24)


@pytest.fixture(scope="module")
def runs() -> Sweep:
    return sweep(SEEDS, n=[4, 7])


def test_a_sweep_has_a_row_for_each_number_of_processes_and_each_seed(runs):
    assert [(row["n"], row["seed"]) for row in runs] == [(n, seed) for n in (4, 7) for seed in SEEDS]
    assert runs.verdicts() == {"good": 48}
    assert repr(runs) == "<Sweep of 48 runs: 48 good>"
    assert runs[3:5].lines == runs.lines[3:5]


def test_the_rows_are_those_of_the_program(runs, simulate, tmp_path):
    lines = []
    for n in ("4", "7"):
        out = tmp_path / n
        command = [simulate, "sweep", "--seeds", "0..24", "--processes", n, "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True)
        header, *rows = out.read_text().splitlines()
        assert json.loads(header)["kind"] == "sweep"
        lines += rows
    assert list(runs.lines) == lines


def test_the_number_of_threads_makes_no_difference(runs):
    assert sweep(SEEDS, n=[4, 7], jobs=1) == runs


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_executors_of_the_standard_library_give_the_same(kind, runs):
    if kind == "threads":
        executor = concurrent.futures.ThreadPoolExecutor(2)
    else:
        context = multiprocessing.get_context("spawn")
        executor = concurrent.futures.ProcessPoolExecutor(2, mp_context=context)
    with executor:
        assert sweep(SEEDS, n=[4, 7], executor=executor) == runs


def test_a_dask_cluster_gives_the_same(runs, need, monkeypatch):
    need("distributed")
    monkeypatch.syspath_prepend(str(DEPLOY))
    from dask_sweep import local

    with local(workers=2) as executor:
        assert sweep(SEEDS, n=[4, 7], executor=executor) == runs


def test_a_ray_cluster_gives_the_same(runs, need, monkeypatch):
    need("ray")
    monkeypatch.syspath_prepend(str(DEPLOY))
    from ray_sweep import local

    with local(workers=2) as executor:
        assert sweep(SEEDS, n=[4, 7], executor=executor) == runs


def test_data_frames(runs, need):
    frame = need("pandas") and runs.to_pandas()
    assert len(frame) == 48 and set(frame["verdict"]) == {"good"}
    assert frame["bound.survived"].tolist() == [1] * 24 + [2] * 24
    polar = need("polars") and runs.to_polars()
    assert polar.height == 48 and polar["seed"].to_list() == list(SEEDS) * 2
    assert [json.loads(faults) for faults in polar["faults"]] == [row["faults"] for row in runs]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_missing_library_is_named_with_what_to_do(library, runs, monkeypatch):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=f"needs {library}: pip install {library}"):
        getattr(runs, f"to_{library}")()


def test_two_twins_of_four_disagree_in_some_runs_and_the_picture_says_so():
    runs = sweep(range(40), n=4, twins=["P", "Q"])
    verdicts = runs.verdicts()
    assert set(verdicts) == {"good", "expected"}
    assert len(runs.broken()) == verdicts["expected"]
    assert "agreement" in {row["violated_rule"] for row in runs.broken()}
    html = runs._repr_html_()
    assert "<svg" in html and runs.broken()[0]["command"] in html
    assert f"{verdicts['expected']} expected" in html


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"faulty": {"P": "lie"}}, "say with n"),
        ({"n": 4, "faulty": {"P": "lei"}}, "did you mean 'lie'"),
        ({"n": 4, "twins": ["p"]}, "twins"),
        ({"n": 0}, "processes must be from 1"),
    ],
)
@pytest.mark.parametrize("executor", [None, concurrent.futures.ThreadPoolExecutor(1)])
def test_what_makes_no_run_is_refused_with_the_reason(arguments, reason, executor):
    with pytest.raises(ValueError, match=reason):
        sweep(range(3), executor=executor, **arguments)


def test_other_threads_run_meanwhile():
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        playing = executor.submit(sweep, range(60), n=4, jobs=1)
        counted = 0
        while not playing.done():
            counted += 1
        assert counted > 1000
        assert len(playing.result()) == 60


def test_ctrl_c_ends_a_sweep():
    code = (
        "import threading, _thread, quorate\n"
        "threading.Timer(0.5, _thread.interrupt_main).start()\n"
        "quorate.sweep(range(1_000_000), n=7)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode != 0 and "KeyboardInterrupt" in ended.stderr
