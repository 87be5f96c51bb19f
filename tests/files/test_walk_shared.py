"""A walk of which other processes do a part tells what it would tell alone."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snapstore import forked
from snapstore_files.found import Found
from snapstore_files.patterns import compile_patterns
from snapstore_files.selection import Selection

walking: Any = importlib.import_module("snapstore_files.walk")

pytestmark = [
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores"),
    pytest.mark.usefixtures("no_other_threads"),
]
SELECTIONS = [
    Selection(),
    Selection(exclude=compile_patterns(["cache/", "*.log"]), git=True),
    Selection(include=compile_patterns(["*.js", "3*/"])),
    Selection(keep=frozenset({"owner", "mtime", "xattr", "hardlink"})),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(60):
        folder = tmp_path / f"{number % 7}" / f"{number}"
        folder.mkdir(parents=True)
        for name in ("a.js", "b.log", os.fsdecode(b"\xff"), "A.js"):
            (folder / name).write_text(f"{number} {len(name)}")
        (folder / "b.log").chmod(0o600)
        (folder / "link").symlink_to("a.js")
        (folder / "round").symlink_to("round")
        (folder / "again").hardlink_to(folder.parent.parent / "0" / "0" / "a.js")
        os.mkfifo(folder / "pipe")
        (folder / ".snap-0123456789abcdef0123.tmp").write_text("left behind")
        for below in ("cache/deep", "empty", ".git", "closed"):
            (folder / below).mkdir(parents=True)
        (folder / "cache" / "deep" / "c.js").write_text("c")
        (folder / ".git" / "HEAD").write_text("ref")
        (folder / "closed").chmod(0o700)
    if os.geteuid() == 0:
        os.chown(tmp_path / "3" / "3" / "a.js", 4242, 4242)
        for path in (tmp_path / "4", *(tmp_path / "4").rglob("*")):  # the start of a part, and all in it
            os.chown(path, 4242, 4242, follow_symlinks=False)
    return tmp_path


def _walked(root: Path, selection: Selection) -> dict[str, list[Any]]:
    found: Found = walking.walk(os.fsencode(root), selection)
    return {
        "folders": sorted(map(msgspec.structs.astuple, found.folders)),
        "files": sorted(map(repr, found.files)),
        "facts": sorted(found.facts, key=lambda fact: fact.id),
        "notices": found.notices,
    }


def _share_all(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From now on; gives how many parts each walk was shared in."""
    shared = []
    each = forked.each

    def counted(work: Any, parts: Any) -> Any:
        shared.append(len(parts))
        return each(work, parts)

    monkeypatch.setattr(forked, "each", counted)
    monkeypatch.setattr(walking, "_SAMPLE", 1)
    monkeypatch.setattr(walking, "_MUCH", 0)
    return shared


@pytest.mark.parametrize("selection", SELECTIONS, ids=["all", "exclude", "include", "keep"])
def test_it_tells_the_same(root: Path, monkeypatch: pytest.MonkeyPatch, selection: Selection) -> None:
    alone = _walked(root, selection)
    assert alone["notices"]
    shared = _share_all(monkeypatch)
    assert _walked(root, selection) == alone
    assert len(shared) == 1
    assert shared[0] > 1


def test_what_another_process_cannot_do_is_done_here(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = _walked(root, Selection())
    here, add = os.getpid(), walking._add

    def fails_elsewhere(folder: Any, *more: Any) -> None:
        if os.getpid() != here and folder.path.startswith("5"):
            raise PermissionError(13, "Permission denied")
        add(folder, *more)

    _share_all(monkeypatch)
    monkeypatch.setattr(walking, "_add", fails_elsewhere)
    assert _walked(root, Selection()) == alone


def test_a_small_tree_is_not_shared(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forked, "each", None)
    assert _walked(root, Selection())["folders"]
