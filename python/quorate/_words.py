"""How things are written on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

#: Who misbehaves and how: `{"P": "lie", "Q": "crash:1s"}`, or the text of `--faulty`, `P=lie,Q=crash:1s`.
Faulty: TypeAlias = str | Mapping[str, str]


#: What is not left to the seed: how many processes, who is faulty and how, who runs twice, and whether they gather.
Chosen: TypeAlias = tuple[int | None, str | None, list[str] | None, bool]


def faulty_words(faulty: Faulty) -> str:
    """The text of `--faulty`."""
    if isinstance(faulty, str):
        return faulty
    return ",".join(f"{name}={behaviour}" for name, behaviour in faulty.items()) or "none"
