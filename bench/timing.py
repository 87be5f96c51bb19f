"""Paired measurements: two ways of doing one thing, run in turn so that a busy machine hurts both."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds on the clock, and seconds of CPU time of all that worked for it."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Pair:
    """What ours and theirs cost, by round."""

    name: str
    goal: float | None = None
    ours: list[Cost] = field(default_factory=list)
    theirs: list[Cost] = field(default_factory=list)

    @property
    def ratio(self) -> Cost:
        """How many times the other's median ours takes; below 1 is less."""
        ours, theirs = middle(self.ours), middle(self.theirs)
        return Cost(ours.wall / theirs.wall, ours.cpu / theirs.cpu if theirs.cpu else float("nan"))

    def __str__(self) -> str:
        ours, theirs = middle(self.ours).wall * 1000, middle(self.theirs).wall * 1000
        goal = f"  (goal {self.goal}x)" if self.goal else ""
        ratio = f"{self.ratio.wall:5.2f}x {self.ratio.cpu:5.2f}x"
        return f"{self.name:<40} {ours:9.1f} ms {theirs:9.1f} ms   {ratio}{goal}"


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each."""
    return Cost(median(cost.wall for cost in costs), median(cost.cpu for cost in costs))


def cpu_of_commands() -> float:
    """CPU seconds of all the commands that were run so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def compare(
    name: str,
    ours: Callable[[int], object],
    theirs: Callable[[int], object],
    *,
    rounds: int = 5,
    goal: float | None = None,
    cpu: Callable[[], float] = cpu_of_commands,
) -> Pair:
    """Measure both ``rounds`` times in turn; each is told the round it is in.

    ``cpu`` tells how many CPU seconds were used so far by whoever works for either.
    """
    pair = Pair(name, goal)
    for number in range(rounds):
        pair.ours.append(_cost(ours, number, cpu))
        pair.theirs.append(_cost(theirs, number, cpu))
    return pair


def _cost(work: Callable[[int], object], number: int, cpu: Callable[[], float]) -> Cost:
    used, started = cpu(), time.perf_counter()
    work(number)
    wall = time.perf_counter() - started
    return Cost(wall, cpu() - used)


def command(args: Sequence[str], cwd: Path, env: Mapping[str, str], *, codes: Sequence[int] = (0,)) -> None:
    """Run a command silently. RuntimeError with what it said when its exit code is none of ``codes``."""
    done = subprocess.run(args, cwd=cwd, env=env, capture_output=True, text=True, errors="replace")
    if done.returncode not in codes:
        raise RuntimeError(f"{' '.join(args)} exited {done.returncode}:\n{done.stdout}{done.stderr}")


def peak(args: Sequence[str], cwd: Path, env: Mapping[str, str]) -> float:
    """The resident memory of a command at its highest, in MB: of one process where it has several."""
    nowhere = subprocess.DEVNULL
    ran = subprocess.Popen(args, cwd=cwd, env=env, stdout=nowhere, stderr=nowhere)
    _, status, usage = os.wait4(ran.pid, 0)
    ran.returncode = os.waitstatus_to_exitcode(status)
    if ran.returncode:
        raise RuntimeError(f"{' '.join(args)} exited {ran.returncode}")
    return usage.ru_maxrss / 1024


def size_of(folder: Path) -> float:
    """MB of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
