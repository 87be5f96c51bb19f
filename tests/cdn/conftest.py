"""Fixtures: one Varnish for the tests of a module, and a project that captures it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cdn.varnish import START, Varnish, running
from tests.dns.conftest import bind
from tests.project import Project, project

__all__ = ["bind", "place", "server", "varnish"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Varnish]:
    with running(tmp_path_factory.mktemp("varnish")) as started:
        yield started


@pytest.fixture
def varnish(server: Varnish) -> Varnish:
    """The server of the module with nothing but what it starts with."""
    clean(server)
    return server


def clean(server: Varnish) -> None:
    if "start" not in server.programs():
        server.call("vcl.inline", "start", START)
    server.call("vcl.use", "start")
    server.call("backend.set_health", "start.default", "auto")
    others = [name for name in server.programs() if name not in ("start", "boot")]
    if others:
        server.call("vcl.discard", *others)
    values = server.everything()["values"]
    for name in sorted(name for name, value in values.items() if value != server.first[name]):
        server.call("param.reset", name)


def settings(server: Varnish, more: str = "", port: int = 0) -> str:
    place, secret = f"127.0.0.1:{port or server.cli}", server.folder / "secret"
    return f'[resources.edge]\nadapter = "cdn"\nserver = "{place}"\nsecret_file = "{secret}"\n{more}'


@pytest.fixture
def place(varnish: Varnish, tmp_path: Path) -> Project:
    return project(tmp_path / "project", settings(varnish))
