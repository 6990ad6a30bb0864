"""The types of the package are right, and users of it have them."""

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def mypy(*arguments, cwd=PACKAGE):
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", "/dev/null", *map(str, arguments)]
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return ended.returncode, ended.stdout + ended.stderr


def test_the_package_passes_mypy_strict(need):
    for library in ("mypy", "pandas", "polars"):
        need(library)
    status, told = mypy("quorate")
    assert status == 0, told


def test_a_user_has_the_types(need, tmp_path):
    need("mypy")
    script = tmp_path / "user.py"
    script.write_text(
        "from quorate import Cluster, Simulation, sweep\n"
        "rows = sweep(range(3), n=4)\n"
        "reveal_type(rows[0]['verdict'])\n"
        "reveal_type(Cluster().submit('set x=1'))\n"
        "reveal_type(Simulation(1).events)\n"
        "sweep(range(3), n='four')\n"
    )
    status, told = mypy(script, cwd=tmp_path)
    assert status == 1, told
    row, answer, events, wrong, *_ = told.splitlines()
    assert "str" in row and "str" in answer and "list[" in events, told
    assert 'Argument "n" to "sweep" has incompatible type "str"' in wrong, told
