"""What every command costs before it does anything, against a Python that does nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.timing import command, compare

ROUNDS = 21


def run(report: Callable[[object], None]) -> None:
    """``snap --version`` and ``snap --help``."""
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}

    def python(words: Sequence[str]) -> Callable[[int], None]:
        return lambda number: command([sys.executable, *words], Path.cwd(), env)

    for option, goal in (("--version", 2.5), ("--help", 6.0)):
        ours = python(["-m", "snapstore", option])
        report(compare(f"snap {option}", ours, python(["-c", "pass"]), rounds=ROUNDS, goal=goal))
