"""Fixtures shared by all tests: a PostgreSQL server, fresh databases, and the ``snap`` command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from hypothesis import HealthCheck, settings

from snapstore import embedded
from snapstore.secrets import REDACTOR
from snapstore.secrets.redact import _Forms
from tests import warm
from tests.skips import pytest_sessionfinish, pytest_terminal_summary

pytest.register_assert_rewrite("tests.project")
__all__ = ["pytest_sessionfinish", "pytest_terminal_summary"]

settings.register_profile("on any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("on any machine")

POSTGRES_URL = "SNAPSTORE_TEST_POSTGRES_URL"


def pytest_configure() -> None:
    """What tests write is kept in memory, where it has room: much of it has to outlive a loss of power, and
    would wait for a disk. Tests about files are on a disk (see ``disk``)."""
    place = embedded.in_memory()
    if place:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", place)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first: one that begins last would leave the other workers without work."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(autouse=True)
def own_secrets() -> Iterator[None]:
    """What a test in this process calls a secret is none in the next one: it may be any word of a message."""
    before = REDACTOR._known, REDACTOR._sealed
    REDACTOR._known, REDACTOR._sealed = map(_copied, before)
    yield
    REDACTOR._known, REDACTOR._sealed = before


def _copied(forms: _Forms) -> _Forms:
    copied = _Forms()
    copied._pending = [*forms._pending]
    copied._spelled = {*forms._spelled}
    copied._by_start.update((start, [*spelled]) for start, spelled in forms._by_start.items())
    return copied


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[embedded.Server]:
    """The embedded server of this test process. Use it where the test is about the server itself (a
    password, a restart); otherwise ``database`` is enough."""
    with embedded.temporary() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    """A superuser's URL of the server to test on: SNAPSTORE_TEST_POSTGRES_URL, else the embedded one."""
    given = os.environ.get(POSTGRES_URL)
    if given:
        return given
    server: embedded.Server = request.getfixturevalue("postgres_server")
    return server.url()


@pytest.fixture
def new_database(postgres_url: str) -> Iterator[Any]:
    """A function that makes a fresh, empty database and gives its URL; all are dropped afterwards."""
    yield from databases(postgres_url)


def databases(url: str) -> Iterator[Any]:
    """That function, for the server of that URL."""
    import psycopg

    made: list[str] = []

    def make(template: str = "template0", options: str = "") -> str:
        name = f"snap_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {options}'.encode())
        made.append(name)
        return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

    yield make
    if made:
        with psycopg.connect(url, autocommit=True) as connection:
            for name in made:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def database(new_database: Any) -> str:
    """The URL of a fresh, empty database."""
    return str(new_database())


@dataclass(frozen=True)
class Done:
    """How a run of ``snap`` ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The one JSON document on stdout; fails when there is none, or more than one."""
        return json.loads(self.stdout)


@dataclass
class Snap:
    """Runs the ``snap`` command as a user would: a subprocess in a project folder, with a home of its own.
    Its interpreter is started anew for it, or, where it ``is_warm``, was started before (see ``warm``)."""

    root: Path
    home: Path
    env: dict[str, str] = field(default_factory=dict)
    is_warm: bool = "SNAPSTORE_TEST_COLD" not in os.environ

    def environment(self) -> dict[str, str]:
        config = str(self.home / ".config")
        base = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": config,
            "LC_ALL": "C.UTF-8",
        }
        return {**base, **self.env}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "snapstore", *words]

    def __call__(
        self, *words: str, code: int | None = None, env: Mapping[str, str] | None = None, input: str = ""
    ) -> Done:
        """Run ``snap words…``; with ``code``, fail unless it ends with that exit code."""
        ended, said = self._run(words, {**self.environment(), **(env or {})}, input.encode())
        done = Done(ended, *(stream.decode("utf-8", "surrogateescape") for stream in said))
        if code is not None:
            assert done.code == code, (
                f"snap {' '.join(words)} ended with {done.code}:\n{done.stdout}{done.stderr}"
            )
        return done

    def _run(
        self, words: tuple[str, ...], environment: dict[str, str], given: bytes
    ) -> tuple[int, list[bytes]]:
        if self.is_warm and warm.can_run(environment):
            return warm.run(words, self.root, environment, given)
        command, cwd = self.command(*words), self.root
        ran = subprocess.run(command, cwd=cwd, env=environment, input=given, capture_output=True, check=False)
        return ran.returncode, [ran.stdout, ran.stderr]

    def configure(self, text: str) -> Path:
        """Write ``snapstore.toml``."""
        path = self.root / "snapstore.toml"
        path.write_text(text)
        return path


@pytest.fixture
def no_other_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is divided among processes as it is in ``snap``: those of pytest-xdist have threads of its own."""
    monkeypatch.setattr(threading, "active_count", lambda: 1)


@pytest.fixture
def snap(tmp_path: Path, request: pytest.FixtureRequest) -> Snap:
    """The ``snap`` command in an empty project folder ``snap.root``."""
    root, home = tmp_path / "project", tmp_path / "home"
    root.mkdir()
    home.mkdir()
    made = Snap(root, home)
    made.is_warm &= request.node.get_closest_marker("cold") is None
    return made
