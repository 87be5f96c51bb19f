"""Fixtures: a fresh server of each kind with a zone, and a project that captures it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from snapstore import config
from snapstore.model import HazardName, Plan, PlanOptions, Scope
from snapstore.restore import RestoreResult, abort, plan_restore, restore, resume, undo
from snapstore.take import TakeResult, take
from snapstore.workspace import Workspace, open_workspace
from tests.dns import servers

ZONE = "example.com"


@pytest.fixture(params=servers.NAMES)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[servers.Server]:
    """A fresh server of each kind with the least of a zone."""
    with servers.running(request.param, tmp_path / "server", {ZONE: servers.START}) as started:
        yield started


@pytest.fixture
def bind(tmp_path: Path) -> Iterator[servers.Server]:
    """The same, only BIND: for what is not about servers."""
    with servers.running("bind", tmp_path / "server", {ZONE: servers.START}) as started:
        yield started


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


def settings(address: str, *zones: str, key: str = servers.KEY) -> str:
    names = ", ".join(f'"{zone}"' for zone in zones or (ZONE,))
    return f'[resources.dns]\nadapter = "dns"\nserver = "{address}"\nkey = "{key}"\nzones = [{names}]\n'


def project(root: Path, text: str) -> Project:
    root.mkdir(parents=True, exist_ok=True)
    path = root / "snapstore.toml"
    path.write_text(text)
    return Project(open_workspace(config.load(path, dict(os.environ)), create=True))


@pytest.fixture
def place(server: servers.Server, tmp_path: Path) -> Project:
    return project(tmp_path / "project", settings(server.address))


def well(result: RestoreResult) -> RestoreResult:
    """The result of a restore that had nothing to complain about."""
    assert not result.problems, (result.problems, [outcome.error for outcome in result.outcomes])
    assert not result.mismatches, result.mismatches
    assert result.verified
    return result
