"""File trees through the whole product: a real store, real plans, and back again."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings

from snapstore import config
from snapstore.errors import SnapError
from snapstore.filetree import newfolders
from snapstore.model import PlanOptions, Scope
from snapstore.restore import restore, undo
from snapstore.restored import RestoreResult
from snapstore.store import build as store_build
from snapstore.take import live, take
from snapstore.workspace import Workspace, open_workspace
from tests.files.test_files import TREES
from tests.files.trees import File, Folder, Link, Node, build, picture

TOML = """
[resources.site]
adapter = "files"
path = "tree"
git = true
"""


def workspace(root: Path) -> Workspace:
    (root / "snapstore.toml").write_text(TOML)
    return open_workspace(config.load(root / "snapstore.toml", {}), create=True)


@settings(max_examples=20)
@given(TREES, TREES)
def test_restore_and_undo_bring_back_the_tree_and_the_tree_id(
    first: Node | None, second: Node | None
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        root, tree = Path(folder), Path(folder, "tree")
        patch.setenv("HOME", folder)
        patch.setenv("XDG_CONFIG_HOME", folder)
        ws = workspace(root)
        build(tree, first)
        before, taken = picture(tree), take(ws, "first")
        build(tree, second)
        changed, other = picture(tree), live(ws).tree
        result = restore(ws, taken.commit, Scope(), PlanOptions(), (), None)
        assert (result.verified, result.mismatches) == (True, [])
        assert (picture(tree), live(ws).tree) == (before, taken.tree)
        if result.plan.actions:
            assert undo(ws, PlanOptions(), (), None).verified
            assert (picture(tree), live(ws).tree) == (changed, other)
        subprocess.run(["git", "-C", str(ws.store.path), "fsck", "--full", "--strict"], check=True)


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return workspace(tmp_path)


def test_a_scope_restores_the_content_of_what_it_names_and_nothing_else(ws: Workspace) -> None:
    tree = ws.config.root / "tree"
    build(tree, Folder({b"static": Folder({b"a": File(b"1")}), b"b": File(b"1")}))
    taken = take(ws, "first")
    build(tree, Folder({b"static": Folder({b"a": File(b"2"), b"new": File(b"2")}), b"b": File(b"2")}))
    result = restore(ws, taken.commit, Scope(("site:static/*",)), PlanOptions(), (), None)
    assert result.verified
    assert sorted((path.name, path.read_bytes()) for path in tree.rglob("*") if path.is_file()) == [
        ("a", b"1"),
        ("b", b"2"),
    ]


def test_a_restore_that_somebody_makes_impossible_fails_by_name_and_touches_nothing_outside(
    ws: Workspace,
) -> None:
    """The tree's root is swapped for a file between two commands: the capture refuses it."""
    tree = ws.config.root / "tree"
    build(tree, Folder({b"a": File(b"1"), b"l": Link(b"/etc")}))
    taken = take(ws, "first")
    build(tree, File(b"a file now"))
    with pytest.raises(SnapError, match="this is a file, not a folder"):
        restore(ws, taken.commit, Scope(), PlanOptions(), (), None)
    assert tree.read_bytes() == b"a file now"


MANY = Folder({b"f%02d" % number: File(b"%02d" % number, 0o600 + number % 2) for number in range(60)})


def restored(ws: Workspace, commit: str) -> RestoreResult:
    return restore(ws, commit, Scope(), PlanOptions(), (), None)


def removed_after_a_take(ws: Workspace) -> str:
    tree = ws.config.root / "tree"
    build(tree, Folder({b"site": MANY}))
    commit = take(ws, "first").commit
    build(tree, Folder())
    return commit


def test_what_a_restore_has_just_written_is_not_read_again(ws: Workspace) -> None:
    commit = removed_after_a_take(ws)
    before = picture(ws.config.root / "tree")
    with mock.patch.object(store_build, "ingest_all", wraps=store_build.ingest_all) as reading:
        assert restored(ws, commit).verified
        assert live(ws).tree == ws.store.snapshot(commit).tree
        assert [len(call.args[0]) for call in reading.call_args_list] == [0] * reading.call_count
        undo(ws, PlanOptions(), (), None)
    assert picture(ws.config.root / "tree") == before


@pytest.mark.parametrize("content", [b"!!", b"longer"])
def test_what_somebody_writes_right_after_a_restore_is_not_what_was_promised(
    ws: Workspace, content: bytes
) -> None:
    """Of the same size and within one tick of the clock, at the first moment in which it can be found."""
    commit = removed_after_a_take(ws)
    publish = newfolders.publish

    def publish_and_change(root: newfolders.Folders, making: newfolders.Making) -> None:
        publish(root, making)
        (root.root / "site/f07").write_bytes(content)

    with mock.patch.object(newfolders, "publish", publish_and_change):
        result = restored(ws, commit)
    assert result.mismatches == ["site:site/f07 is not as promised"]


def test_files_are_read_where_the_clock_does_not_tell_who_was_last(ws: Workspace) -> None:
    commit = removed_after_a_take(ws)
    with (
        mock.patch.object(newfolders.safewrite, "is_past", return_value=False),
        mock.patch.object(store_build, "ingest_all", wraps=store_build.ingest_all) as reading,
    ):
        assert restored(ws, commit).verified
    assert len(reading.call_args.args[0]) == 60
