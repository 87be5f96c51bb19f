"""Paired measurements: two ways of doing one thing, run in turn so that a busy machine hurts both."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Pair:
    """Seconds that ours and theirs took, by round."""

    name: str
    ours: list[float]
    theirs: list[float]
    goal: float | None = None

    @property
    def ratio(self) -> float:
        """How many times the other's median ours takes; below 1 is faster."""
        return median(self.ours) / median(self.theirs)

    def __str__(self) -> str:
        ours, theirs = median(self.ours) * 1000, median(self.theirs) * 1000
        goal = f"  (goal {self.goal}x)" if self.goal else ""
        return f"{self.name:<44} {ours:9.1f} ms {theirs:9.1f} ms   {self.ratio:5.2f}x{goal}"


def compare(
    name: str,
    ours: Callable[[int], object],
    theirs: Callable[[int], object],
    *,
    rounds: int = 5,
    goal: float | None = None,
) -> Pair:
    """Time both ``rounds`` times in turn; each is told the round it is in."""
    pair = Pair(name, [], [], goal)
    for number in range(rounds):
        pair.ours.append(_seconds(ours, number))
        pair.theirs.append(_seconds(theirs, number))
    return pair


def _seconds(work: Callable[[int], object], number: int) -> float:
    started = time.perf_counter()
    work(number)
    return time.perf_counter() - started


def command(args: Sequence[str], cwd: Path, env: Mapping[str, str], *, codes: Sequence[int] = (0,)) -> None:
    """Run a command silently. RuntimeError with what it said when its exit code is none of ``codes``."""
    done = subprocess.run(args, cwd=cwd, env=env, capture_output=True, text=True, errors="replace")
    if done.returncode not in codes:
        raise RuntimeError(f"{' '.join(args)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
