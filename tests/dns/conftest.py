"""Fixtures: a fresh server of each kind with a zone, and a project that captures it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dns import servers
from tests.project import Project, project

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


def settings(address: str, *zones: str, key: str = servers.KEY) -> str:
    names = ", ".join(f'"{zone}"' for zone in zones or (ZONE,))
    return f'[resources.dns]\nadapter = "dns"\nserver = "{address}"\nkey = "{key}"\nzones = [{names}]\n'


@pytest.fixture
def place(server: servers.Server, tmp_path: Path) -> Project:
    return project(tmp_path / "project", settings(server.address))
