"""Tests that need what a machine may lack are skipped there, with a reason, and required where QUORATE_ALL_TESTS is set."""

import importlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def need() -> Callable[[str], Any]:
    """`need("pandas")` gives the module, or skips the test."""

    def find(name: str) -> Any:
        try:
            return importlib.import_module(name)
        except ImportError:
            assert "QUORATE_ALL_TESTS" not in os.environ, f"there is no {name}: pip install {name}"
            pytest.skip(f"there is no {name}: pip install {name}")

    return find


@pytest.fixture(scope="session")
def simulate() -> str:
    """The program `simulate`, from the environment variable QUORATE_SIMULATE, PATH, or the checkout's `target`."""
    root = Path(__file__).parents[2]
    built = [root / "target" / profile / "simulate" for profile in ("sweep", "release", "debug")]
    found = [os.environ.get("QUORATE_SIMULATE"), shutil.which("simulate"), *(str(path) for path in built if path.is_file())]
    program = next((path for path in found if path), None)
    if program is None:
        assert "QUORATE_ALL_TESTS" not in os.environ, "there is no `simulate`: cargo build"
        pytest.skip("there is no `simulate`: cargo build")
    return program


@pytest.fixture(scope="session", autouse=True)
def server() -> None:
    """Says once where `server` is, for all tests that start one."""
    if "QUORATE_SERVER" not in os.environ and shutil.which("server") is None:
        root = Path(__file__).parents[2]
        for profile in ("release", "debug"):
            if (root / "target" / profile / "server").is_file():
                os.environ["QUORATE_SERVER"] = str(root / "target" / profile / "server")
                break
