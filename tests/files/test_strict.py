"""What is not captured, or cannot come back everywhere: a line each, and with ``--strict`` an error."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Snap

CONFIG = """
[resources.site]
adapter = "files"
path = "site"
"""


def _socket(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        old = Path.cwd()
        os.chdir(folder)  # a socket's path has to be short
        try:
            made.bind("s")
        finally:
            os.chdir(old)


def _loop(folder: Path) -> None:
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")


def _not_utf8(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9")).write_text("x")


def _files_clash(folder: Path) -> None:
    (folder / "Readme").write_text("x")
    (folder / "README").write_text("y")


def _folders_clash(folder: Path) -> None:
    (folder / "\u00fcber").mkdir()
    (folder / "U\u0308ber").write_text("y")


CASES: list[tuple[Callable[[Path], None], str]] = [
    (_socket, "s: a socket: it cannot be restored"),
    (lambda folder: os.mkfifo(folder / "p"), "p: a pipe: it cannot be restored"),
    (_loop, "a: a link that leads to itself"),
    (_not_utf8, "caf%E9: its name is not UTF-8"),
    (_files_clash, "Readme: on systems that ignore case it is the same name as README"),
    (_folders_clash, "on systems that ignore case it is the same name as U\u0308ber"),
]


@pytest.fixture
def site(snap: Snap) -> Path:
    snap.configure(CONFIG)
    (snap.root / "site").mkdir()
    (snap.root / "site/index.html").write_text("x")
    (snap.root / "site/dangling").symlink_to("nowhere")
    (snap.root / "site/above").symlink_to("..")
    return snap.root / "site"


@pytest.mark.parametrize(("make", "said"), CASES)
def test_it_is_told_and_strict_stops_at_it(
    snap: Snap, site: Path, make: Callable[[Path], None], said: str
) -> None:
    make(site)
    done = snap("take", "--strict", code=1)
    assert said in done.stderr and "Traceback" not in done.stderr
    assert snap("log", "--json", code=0).json["commits"] == []
    assert said in snap("take", code=0).stderr


def test_a_tree_without_any_of_it_is_taken(snap: Snap, site: Path) -> None:
    snap("take", "--strict", code=0)


def test_what_is_excluded_is_not_told(snap: Snap, site: Path) -> None:
    _files_clash(site)
    snap.configure(CONFIG + 'exclude = ["README"]\n')
    assert snap("take", "--strict", code=0).stderr.count("!") == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_an_error_in_any_case(snap: Snap, site: Path) -> None:
    (site / "secret").write_text("x")
    (site / "secret").chmod(0)
    assert "cannot be read: secret" in snap("take", code=1).stderr
