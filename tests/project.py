"""A project whose commands are called in this process: for adapters on real servers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings

from snapstore import config
from snapstore.interrupted import abort, resume
from snapstore.model import HazardName, Plan, PlanOptions, Scope
from snapstore.restore import plan_restore, restore, undo
from snapstore.restored import RestoreResult
from snapstore.take import TakeResult, take
from snapstore.workspace import Workspace, open_workspace


@dataclass(frozen=True)
class Project:
    """A project in this process."""

    ws: Workspace

    def take(self) -> TakeResult:
        return take(self.ws, "state")

    def plan(self, revision: str = "HEAD", *patterns: str, **options: Any) -> Plan:
        return plan_restore(self.ws, revision, Scope(patterns), PlanOptions(**options))

    def restore(self, revision: str = "HEAD", *patterns: str, allow: Any = HazardName) -> RestoreResult:
        return restore(self.ws, revision, Scope(patterns), PlanOptions(), frozenset(allow), None)

    def undo(self) -> RestoreResult:
        return undo(self.ws, PlanOptions(), frozenset(HazardName), None)

    def resume(self) -> RestoreResult:
        return resume(self.ws, frozenset(HazardName))

    def abort(self) -> RestoreResult:
        return abort(self.ws, frozenset(HazardName))


def project(root: Path, text: str) -> Project:
    """A new one in this folder, with this configuration."""
    root.mkdir(parents=True, exist_ok=True)
    path = root / "snapstore.toml"
    path.write_text(text)
    return Project(open_workspace(config.load(path, dict(os.environ)), create=True))


def well(result: RestoreResult) -> RestoreResult:
    """The result of a restore that had nothing to complain about."""
    assert not result.problems, (result.problems, [outcome.error for outcome in result.outcomes])
    assert not result.mismatches, result.mismatches
    assert result.verified
    return result


def goes_and_comes(place: Project, look: Callable[[], Any], change: Callable[[], object]) -> None:
    """A restore brings back all that ``look`` sees, and the tree, whatever ``change`` did; and undo that."""
    before, taken = look(), place.take()
    change()
    mutated = look()
    done = well(place.restore(taken.commit))
    assert look() == before
    assert place.take().tree == taken.tree
    if done.safety:
        well(place.undo())
        assert look() == mutated


def in_rounds(count: int, usual: int, *, shrink: bool = False) -> Any:
    """For a test of so many random rounds on a server: always the same where they are the usual few."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=count <= usual,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
