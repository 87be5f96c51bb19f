"""``atomic = "directory"``: the folder is seen as it was or as it will be, and never in between."""

from __future__ import annotations

import os
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings

from snapstore.errors import SnapError
from snapstore.filetree import swap
from snapstore_files import Settings, adapter
from tests.files.test_files import TREES
from tests.files.trees import (
    File,
    Folder,
    Journal,
    Node,
    apply,
    build,
    capture,
    context,
    picture,
    plan,
    restore,
)

WHOLE = Settings(path="tree", git=True, atomic="directory")
PART = Settings(path="tree", exclude=["cache/"], atomic="directory")


@settings(max_examples=60)
@given(TREES, TREES)
def test_any_folder_becomes_any_other_exactly(wanted: Node | None, found: Node | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "tree")
        build(path, wanted)
        seen, target = picture(path), capture(adapter, WHOLE, Path(folder))
        build(path, found)
        restore(adapter, WHOLE, Path(folder), target)
        assert picture(path) == seen
        assert names(Path(folder)) == (["tree"] if seen else [])


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    build(
        tmp_path / "tree", Folder({b"a": File(b"1"), b"b": Folder({b"c": File(b"1"), b"same": File(b"=")})})
    )
    return tmp_path


def change(root: Path) -> None:
    (root / "tree/a").write_text("2")
    (root / "tree/b/c").write_text("2")
    (root / "tree/b/c").chmod(0o600)


def test_nobody_sees_one_change_without_the_other(root: Path) -> None:
    target = capture(adapter, WHOLE, root)
    change(root)
    seen: set[tuple[str, str]] = set()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            folder = os.open(root / "tree", os.O_RDONLY)
            with suppress(FileNotFoundError):  # the old folder, which is being removed
                seen.add((_content(folder, "a"), _content(folder, "b/c")))
            os.close(folder)

    looking = threading.Thread(target=look)
    looking.start()
    restore(adapter, WHOLE, root, target)
    done.set()
    looking.join()
    assert seen <= {("2", "2"), ("1", "1")}


def _content(folder: int, name: str) -> str:
    file = os.open(name, os.O_RDONLY, dir_fd=folder)
    try:
        return os.read(file, 10).decode()
    finally:
        os.close(file)


def test_what_is_not_part_of_the_resource_is_taken_along(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = capture(adapter, PART, root)
    change(root)
    build(root / "tree/cache", Folder({b"x": File(b"cached")}))
    put = swap._put

    def late(copy: Path, place: Path) -> None:
        (place / "cache/late").write_text("written meanwhile")
        put(copy, place)

    monkeypatch.setattr(swap, "_put", late)
    restore(adapter, PART, root, target)
    assert (root / "tree/a").read_text() == "1"
    assert (root / "tree/cache/x").read_text() == "cached"
    assert (root / "tree/cache/late").read_text() == "written meanwhile"


@pytest.mark.parametrize("at", ["_link_all", "_put"])
def test_a_failure_before_the_exchange_changes_nothing(
    root: Path, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = capture(adapter, WHOLE, root)
    change(root)
    before, journal = picture(root / "tree"), Journal()
    actions = plan(adapter, WHOLE, capture(adapter, WHOLE, root), target)

    def fails(*_: object) -> None:
        raise SnapError("no")

    monkeypatch.setattr(swap, at, fails)
    with pytest.raises(SnapError, match="no"):
        apply(adapter, WHOLE, actions, root, target.contents, journal)
    assert picture(root / "tree") == before
    assert names(root) == ["tree"]
    assert {kind for kind, _ in journal.entries} == {"started"}


def test_a_link_to_the_folder_stays_one(root: Path) -> None:
    (root / "tree").rename(root / "release")
    (root / "tree").symlink_to("release")
    target = capture(adapter, WHOLE, root)
    change(root)
    restore(adapter, WHOLE, root, target)
    assert (root / "tree").readlink() == Path("release")
    assert (root / "release/a").read_text() == "1"


def test_what_a_killed_restore_left_is_tidied_up(root: Path) -> None:
    build(swap.copy_of(root / "tree"), Folder({b"a": File(b"half")}))
    adapter.tidy(WHOLE, [], context(root))
    assert names(root) == ["tree"]
