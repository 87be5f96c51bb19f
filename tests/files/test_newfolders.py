"""Folders full of new files: one action, made beside their places, seen whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snapstore.errors import SnapError
from snapstore.filetree import newfolders
from snapstore_files import Settings, adapter
from tests.files.test_files import ALL, TREES
from tests.files.trees import (
    File,
    Folder,
    Journal,
    Link,
    Node,
    apply,
    build,
    capture,
    context,
    picture,
    plan,
    restore,
)


@pytest.fixture(autouse=True)
def few() -> Iterator[None]:
    """One new file makes a folder worth an action of its own."""
    with mock.patch.object(newfolders, "MANY", 1):
        yield


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(TREES, TREES, st.data())
def test_any_tree_becomes_any_other_also_from_half_way(
    wanted: Node | None, found: Node | None, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, path = Path(folder), Path(folder, "tree")
        build(path, wanted)
        seen = picture(path)
        target = capture(adapter, ALL, root)
        build(path, found)
        actions = plan(adapter, ALL, capture(adapter, ALL, root), target)
        apply(adapter, ALL, actions[: data.draw(st.integers(0, len(actions)))], root, target.contents)
        restore(adapter, ALL, root, target)
        assert picture(path) == seen
        assert capture(adapter, ALL, root) == target


def wide(count: int, content: bytes = b"1") -> Folder:
    return Folder({b"f%03d" % number: File(content) for number in range(count)})


BUILD = Folder(
    {
        b"pages": Folder({b"a": wide(30), b"b": Folder({b"c": wide(30)}, 0o700), b"none": Folder()}, 0o755),
        b"latest": Link(b"pages/a"),
        b"run": File(b"#!", 0o755),
    },
    0o750,
)


def test_a_folder_that_is_not_there_comes_by_one_action(tmp_path: Path) -> None:
    build(tmp_path / "tree", Folder({b"build": BUILD, b"kept": File(b"1")}))
    seen, target = picture(tmp_path / "tree"), capture(adapter, ALL, tmp_path)
    build(tmp_path / "tree", Folder({b"kept": File(b"2")}))
    actions = restore(adapter, ALL, tmp_path, target)
    assert [action.summary for action in actions] == ["create 62 files below build", "change file kept"]
    assert picture(tmp_path / "tree") == seen


def test_a_few_new_files_have_a_line_each(tmp_path: Path) -> None:
    with mock.patch.object(newfolders, "MANY", 3):
        build(tmp_path / "tree", Folder({b"two": wide(2), b"three": wide(3)}))
        target = capture(adapter, ALL, tmp_path)
        build(tmp_path / "tree", Folder({b"x": File(b"")}))
        actions = plan(adapter, ALL, capture(adapter, ALL, tmp_path), target)
    assert [action.subject for action in actions] == ["three", "two/f000", "two/f001", "x"]


def test_a_folder_with_other_changes_is_told_by_what_is_below_it(tmp_path: Path) -> None:
    build(tmp_path / "tree", Folder({b"a": Folder({b"b": wide(5), b"old": File(b"1")})}))
    target = capture(adapter, ALL, tmp_path)
    build(tmp_path / "tree", Folder({b"a": Folder({b"old": File(b"2")})}))
    actions = restore(adapter, ALL, tmp_path, target)
    assert [action.summary for action in actions] == ["create 5 files below a/b", "change file a/old"]


def test_nobody_sees_it_before_it_is_whole(tmp_path: Path) -> None:
    build(tmp_path / "tree", Folder({b"build": BUILD}))
    target = capture(adapter, ALL, tmp_path)
    build(tmp_path / "tree", Folder({b"x": File(b"")}))
    seen: list[bool] = []
    move = newfolders.safewrite.move_directory

    def look_and_move(root: newfolders.Folders, staged: str, to: str) -> None:
        seen.append((tmp_path / "tree/build").exists())
        before = picture(tmp_path / "tree" / staged)
        move(root, staged, to)
        assert picture(tmp_path / "tree/build") == before

    with mock.patch.object(newfolders.safewrite, "move_directory", look_and_move):
        restore(adapter, ALL, tmp_path, target)
    assert seen == [False]


def test_what_is_left_out_of_the_resource_stays_where_new_files_come(tmp_path: Path) -> None:
    some = Settings(path="tree", exclude=["**/cache/**"])
    build(tmp_path / "tree", Folder({b"build": BUILD}))
    target = capture(adapter, some, tmp_path)
    build(tmp_path / "tree", Folder({b"build": Folder({b"cache": Folder({b"mine": File(b"1")})})}))
    actions = restore(adapter, some, tmp_path, target)
    assert [action.summary for action in actions][-1:] == ["create 62 files below build"]
    assert (tmp_path / "tree/build/cache/mine").read_bytes() == b"1"
    assert capture(adapter, some, tmp_path) == target


def test_content_that_cannot_be_had_leaves_nothing_behind(tmp_path: Path) -> None:
    build(tmp_path / "tree", Folder({b"build": BUILD, b"other": wide(2, b"2")}))
    target = capture(adapter, ALL, tmp_path)
    build(tmp_path / "tree", Folder({b"x": File(b"")}))
    actions = plan(adapter, ALL, capture(adapter, ALL, tmp_path), target)
    gone = {oid: data for oid, data in target.contents.items() if data != b"#!"}
    journal = Journal()
    with pytest.raises((SnapError, KeyError)):
        apply(adapter, ALL, actions, tmp_path, gone, journal)
    assert sorted(path.name for path in (tmp_path / "tree").iterdir()) == ["x"]
    assert ("finished", "build") not in journal.entries


def test_a_link_in_the_place_of_a_folder_on_the_way_is_not_followed(tmp_path: Path) -> None:
    build(tmp_path / "tree", Folder({b"a": Folder({b"b": Folder({b"c": wide(3)})}), b"x": File(b"")}))
    target = capture(adapter, ALL, tmp_path)
    build(tmp_path / "tree", Folder({b"a": Folder({b"b": Folder({b"d": File(b"")})}), b"x": File(b"")}))
    live = capture(adapter, ALL, tmp_path)
    actions = [action for action in plan(adapter, ALL, live, target) if action.verb == "create"]
    (tmp_path / "elsewhere").mkdir()
    build(tmp_path / "tree/a", Link(b"../elsewhere"))
    with pytest.raises(SnapError, match="link"):
        apply(adapter, ALL, actions, tmp_path, target.contents)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_closed_folders_do_not_keep_it_from_being_tried_again(tmp_path: Path) -> None:
    closed = Folder({b"in": Folder({b"f": File(b"1")}, 0o555)}, 0o555)
    build(tmp_path / "tree", Folder({b"build": closed}))
    target = capture(adapter, ALL, tmp_path)
    staged = next(newfolders.staged_folders("build", [])).encode()
    build(tmp_path / "tree", Folder({staged: closed}))
    restore(adapter, ALL, tmp_path, target)
    assert capture(adapter, ALL, tmp_path) == target


KILLED = """
import os, signal, sys
from pathlib import Path
from snapstore import safewrite
from snapstore.filetree import newfolders
from snapstore_files import Settings, adapter
from tests.files.trees import apply, capture, plan

def fatal(run):
    def call(*args, **more):
        done = run(*args, **more)
        left.pop()
        if not left:
            os.kill(os.getpid() if os.getpid() == parent else parent, signal.SIGKILL)
        return done
    return call

newfolders.MANY, parent, left = 1, os.getpid(), [None] * int(sys.argv[3])
setattr(safewrite, sys.argv[2], fatal(getattr(safewrite, sys.argv[2])))
root = Path(sys.argv[1])
target = capture(adapter, Settings(path="wanted"), root)
live = capture(adapter, Settings(path="tree"), root)
apply(adapter, Settings(path="tree"), plan(adapter, Settings(path="tree"), live, target), root,
      target.contents)
"""


@pytest.mark.parametrize(
    ("step", "number"),
    [("create", 1), ("create", 40), ("make_directory", 2), ("flush", 1), ("move_directory", 1)],
)
def test_killed_at_any_moment_it_is_there_whole_or_not_at_all(tmp_path: Path, step: str, number: int) -> None:
    build(tmp_path / "wanted", Folder({b"build": BUILD}))
    build(tmp_path / "tree", Folder({b"x": File(b"")}))
    child = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), step, str(number)], check=False)
    assert child.returncode == -signal.SIGKILL
    place, wanted = tmp_path / "tree/build", capture(adapter, Settings(path="wanted"), tmp_path)
    assert not place.exists() or picture(place) == picture(tmp_path / "wanted/build")
    assert place.exists() == (step == "move_directory")
    actions = restore(adapter, ALL, tmp_path, wanted)
    adapter.tidy(ALL, actions, context(tmp_path))
    assert picture(tmp_path / "tree") == picture(tmp_path / "wanted")
