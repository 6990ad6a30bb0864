"""The examples that use the package run, and say what they promise."""

import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def example(name, *arguments, cwd):
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_two_liars_split_the_others_and_the_trace_replays(simulate, tmp_path):
    run, violation, lies = example("split.py", cwd=tmp_path)
    assert run.endswith("expected: agreement")
    assert violation.endswith("proved faulty: P, Q")
    assert lies == "4 lies are enough"
    replayed = subprocess.run([simulate, "replay", "split.jsonl", "--no-shrink"], cwd=tmp_path, capture_output=True, text=True)
    assert replayed.returncode == 1 and violation in replayed.stdout


def test_the_adversary_of_the_example_has_at_most_twenty_lines():
    code = (EXAMPLES / "split.py").read_text().split('"""\n', 1)[1]
    assert len([line for line in code.splitlines() if line.strip()]) <= 20


def test_a_cluster_of_ones_own(server, tmp_path):
    assert example("lab.py", cwd=tmp_path) == [
        "ok 1",
        "{'P': 'attack', 'Q': 'attack', 'R': 'attack', 'S': 'faulty'}",
        "ok in view 1",
    ]


def test_seeds_as_a_table(need, tmp_path):
    need("pandas")
    *table, command = example("seeds.py", "40", cwd=tmp_path)
    assert any(line.startswith("expected") for line in table) and any(line.startswith("good") for line in table)
    assert command.startswith("simulate run --seed ")


def test_the_fixture_of_pytest(server, tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / "test_package.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0 and "2 passed" in ended.stdout, ended.stdout


def test_the_notebook_runs(need, tmp_path):
    nbformat, nbclient = need("nbformat"), need("nbclient")
    need("pandas")
    notebook = nbformat.read(EXAMPLES / "agreement.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs for cell in code), "a notebook is kept without what it prints"
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute(cwd=str(tmp_path))
    shown = [output.get("data", {}) for cell in code for output in cell.outputs]
    assert any("image/svg+xml" in data for data in shown)
    assert shown[-1]["text/plain"] == "('expected', 'good')"
