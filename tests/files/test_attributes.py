"""What is kept of files beyond content and permissions: owners, times, extended attributes, hard links."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from snapstore.errors import SnapError
from snapstore.filetree.attributes import KINDS
from snapstore_files import Settings, adapter
from tests.files.trees import apply, capture, changes, plan, restore

KEPT = Settings(path="tree", keep=list(KINDS))  # type: ignore[arg-type]
PLAIN = Settings(path="tree")
NAMES = ("a", "b", "one/a", "one/b", "one/two/c", "three/d")
IDS = (0, 4242, 4343)


def make(root: Path, chance: Any) -> None:
    """A tree made up by ``chance(low, high)``: files, some of them names of others, with all that is kept."""
    (root / "tree").mkdir(exist_ok=True)
    for name in NAMES:
        path = root / "tree" / name
        there = [other for other in NAMES if (root / "tree" / other).is_file() and other != name]
        if chance(0, 3) == 0:
            path.unlink(missing_ok=True)
        elif chance(0, 3) == 0 and there:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.hardlink_to(root / "tree" / there[chance(0, len(there) - 1)])
        elif chance(0, 1):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.write_text("content " * chance(0, 2))
        if path.is_file():
            attributes(path, chance)
    for folder in {path.parent for path in (root / "tree").rglob("*")}:
        if os.geteuid() == 0:
            os.chown(folder, IDS[chance(0, 2)], IDS[chance(0, 2)])
        if not any(folder.iterdir()) and folder.name != "tree":
            folder.rmdir()


def attributes(path: Path, chance: Any) -> None:
    if os.geteuid() == 0:
        os.chown(path, IDS[chance(0, 2)], IDS[chance(0, 2)])
    path.chmod((0o644, 0o755, 0o600, 0o4755)[chance(0, 3)])
    os.utime(path, ns=(0, 1_700_000_000_000_000_001 + chance(0, 1)))
    for name, value in (("user.text", b"plain"), ("user.bytes", b"\0\xff"), ("user.odd", b"base64:x")):
        if chance(0, 2) == 0 and name in os.listxattr(path):
            os.removexattr(path, name)
        elif chance(0, 2) == 0:
            os.setxattr(path, name, value)


def picture(root: Path) -> dict[str, Any]:
    """All that is kept, told by the system itself."""
    found: dict[str, Any] = {}
    inodes: dict[int, str] = {}
    for path in sorted((root / "tree").rglob("*")):
        status = path.stat()
        xattrs = {name: os.getxattr(path, name) for name in os.listxattr(path) if name.startswith("user.")}
        about: tuple[Any, ...] = (status.st_mode, status.st_uid, status.st_gid, xattrs)
        if path.is_file():
            first = inodes.setdefault(status.st_ino, str(path))
            about = (*about, path.read_bytes(), status.st_mtime_ns, first)
        found[str(path)] = about
    return found


@pytest.mark.parametrize("seed", range(150))
def test_whatever_is_kept_comes_back_exactly(seed: int) -> None:
    chance = random.Random(seed).randint
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make(root, chance)
        target, seen = capture(adapter, KEPT, root), picture(root)
        make(root, chance)
        live, other = capture(adapter, KEPT, root), picture(root)
        restore(adapter, KEPT, root, target)
        assert picture(root) == seen
        assert capture(adapter, KEPT, root) == target
        restore(adapter, KEPT, root, live)
        assert picture(root) == other


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return tmp_path / "tree"


def test_what_is_not_kept_is_told_in_a_line_each(tree: Path) -> None:
    (tree / "a").write_text("a")
    (tree / "b").hardlink_to(tree / "a")
    said = [notice.text for notice in capture(adapter, PLAIN, tree.parent).captured.notices]
    assert said == ["2 files are hard links of each other: restored as files of their own"]
    assert capture(adapter, KEPT, tree.parent).captured.notices == []


def test_what_the_other_side_was_not_asked_for_is_no_difference(tree: Path) -> None:
    (tree / "a").write_text("a")
    os.setxattr(tree / "a", "user.x", b"1")
    before, after = capture(adapter, PLAIN, tree.parent), capture(adapter, KEPT, tree.parent)
    between = changes(after, before)
    asked = adapter.beyond(between, after.captured.hints, before.captured.hints)
    assert {change.id for change in between.facts} == set(asked)
    assert plan(adapter, KEPT, after, before) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_an_owner_that_is_not_known_here_stops_the_restore_and_names_the_file(tree: Path) -> None:
    (tree / "a").write_text("a")
    target = capture(adapter, KEPT, tree.parent)
    (tree / "a").write_text("b")
    actions = plan(adapter, KEPT, capture(adapter, KEPT, tree.parent), target)
    actions[0].payload["attributes"]["owner"] = "nobody-knows-me:root"
    with pytest.raises(SnapError, match="no user named 'nobody-knows-me'"):
        apply(adapter, KEPT, actions, tree.parent, target.contents)
    assert (tree / "a").read_text() == "b"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_new_folders_in_new_folders_do_not_take_the_owner_that_one_above_had(tree: Path) -> None:
    (tree / "one/two").mkdir(parents=True)
    (tree / "one/two/a").write_text("a")
    target, seen = capture(adapter, KEPT, tree.parent), picture(tree.parent)
    shutil.rmtree(tree / "one")
    os.chown(tree, 4242, 4242)
    restore(adapter, KEPT, tree.parent, target)
    assert picture(tree.parent) == seen
