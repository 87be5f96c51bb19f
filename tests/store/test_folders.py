"""Folders that are captured whole: the trees are those of single files, and no cache lies about them."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snapstore.errors import SnapError
from snapstore.model import Captured, LiveFile
from snapstore.snapshot import Snapshot
from snapstore.stamps import files_of, live_folder
from snapstore.store import ResourceState, Store, create, ingest, open_store, statcache
from snapstore.store.ingest import Ingested
from snapstore.store.sink import Sink
from snapstore.store.statcache import StatCache
from tests.store.making import assert_clean, contents, git, text

OLD = -3_600_000_000_000


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as old enough at once."""
    monkeypatch.setattr(statcache, "GRAIN", OLD)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    (made / "sub").mkdir(parents=True)
    for name in ("one", "two", "sub/three"):
        (made / name).write_text(name)
    return made


def captured(root: Path) -> Captured:
    """A tree as the files adapter would tell it, in the order of the file system."""
    folders, links = [], []
    for above, _, found in os.walk(os.fsencode(root)):
        files = [name for name in found if not (Path(os.fsdecode(above)) / os.fsdecode(name)).is_symlink()]
        path = os.path.relpath(above, os.fsencode(root)).decode("utf-8", "surrogateescape").removeprefix(".")
        stamps = [_stamp(above + b"/" + name) for name in files]
        folders.append(live_folder(path, os.fsdecode(above), _joined(files), stamps))
        for name in set(found) - set(files):
            target = os.fsencode(Path(os.fsdecode(above + b"/" + name)).readlink())
            links.append(LiveFile(f"{path}/{os.fsdecode(name)}".lstrip("/"), 0o120000, data=target))
    return Captured(files=links, folders=folders)


def _joined(names: Iterable[bytes]) -> bytes:
    return b"".join([name + b"\0" for name in names])


def _stamp(path: bytes) -> tuple[int, int, int, int, int]:
    status = os.lstat(path)
    return (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_mode)


def file_by_file(given: Captured) -> Captured:
    files = [
        LiveFile(
            f"{folder.path}/".lstrip("/") + name.decode("utf-8", "surrogateescape"),
            0o100755 if stamp[4] & 0o100 else 0o100644,
            source=f"{folder.source}/{os.fsdecode(name)}",
        )
        for folder in given.folders
        for name, stamp in files_of(folder)
    ]
    return Captured(files=[*given.files, *files])


def build(store: Store, given: Captured, *, keep: bool = True) -> Snapshot:
    """What a process of its own would build."""
    return open_store(store.path).build({"a": ResourceState("test", 1, given)}, keep=keep)


def swap(path: Path) -> None:
    """Other content behind the stamp that was captured: who still sees the old one has not opened it."""
    path.write_text("swapped")


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("keep", [True, False])
def test_no_file_of_an_unchanged_folder_is_opened(store: Store, root: Path, keep: bool) -> None:
    given = captured(root)
    tree = build(store, given).tree
    for name in ("one", "two", "sub/three"):
        swap(root / name)
    assert build(store, given, keep=keep).tree == tree


@pytest.mark.usefixtures("old")
def test_only_changed_files_of_a_folder_are_opened(store: Store, root: Path) -> None:
    build(store, captured(root))
    (root / "two").write_text("changed")
    given = captured(root)
    swap(root / "one")
    assert contents(build(store, given)) == {
        "one": (0o100644, b"one"),
        "sub/three": (0o100644, b"sub/three"),
        "two": (0o100644, b"changed"),
    }


@pytest.mark.usefixtures("old")
def test_the_order_in_which_a_folder_is_listed_means_nothing(store: Store, root: Path) -> None:
    given = captured(root)
    tree = build(store, given).tree
    folder = next(iter(given.folders))
    files = dict(reversed(files_of(folder)))
    turned = live_folder(folder.path, folder.source, _joined(files), files.values())
    others = [other for other in given.folders if other is not folder]
    assert build(store, Captured(folders=[*others, turned])).tree == tree


def test_a_young_file_that_goes_is_gone(store: Store, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tree that was made with it must not be taken for that of the remaining files."""
    monkeypatch.setattr(statcache, "GRAIN", OLD)
    build(store, captured(root))
    monkeypatch.setattr(statcache, "GRAIN", 2_000_000_000)
    (root / "young").write_text("young")
    assert "young" in contents(build(store, captured(root)))
    (root / "young").unlink()
    assert "young" not in contents(build(store, captured(root)))


@pytest.mark.usefixtures("old")
def test_a_mode_changed_between_walk_and_reading_is_seen_by_the_next_take(store: Store, root: Path) -> None:
    given = captured(root)
    (root / "one").chmod(0o755)
    assert contents(build(store, given))["one"] == (0o100644, b"one")
    assert contents(build(store, captured(root)))["one"] == (0o100755, b"one")


@pytest.mark.usefixtures("old")
def test_a_folder_is_not_believed_when_its_objects_are_gone(store: Store, root: Path) -> None:
    build(store, captured(root))
    for path in (store.path / "objects/pack").iterdir():
        path.unlink()
    store.commit(build(store, captured(root)), "take")
    assert_clean(store)


@pytest.mark.usefixtures("old")
def test_a_folder_that_was_only_hashed_is_written_by_the_next_take(store: Store, root: Path) -> None:
    hashed = build(store, captured(root), keep=False)
    again = build(store, captured(root), keep=False)
    assert contents(again) == contents(hashed)
    store.commit(build(store, captured(root)), "take")
    assert_clean(store)
    assert contents(store.snapshot(str(store.head()))) == contents(hashed)


@pytest.mark.usefixtures("old")
def test_folders_are_believed_again_after_git_has_repacked_the_store(store: Store, root: Path) -> None:
    given = captured(root)
    store.commit(build(store, given), "take")
    git(store, "repack", "-adq")
    tree = build(store, given).tree
    swap(root / "one")
    assert build(store, given).tree == tree


def test_a_path_that_is_told_twice_is_refused(store: Store, root: Path) -> None:
    given = captured(root)
    with pytest.raises(SnapError, match="/one' was captured twice"):
        build(store, Captured(files=[text("one")], folders=given.folders))
    with pytest.raises(SnapError, match="captured twice"):
        build(store, Captured(folders=[*given.folders, *given.folders]))
    with pytest.raises(SnapError, match="/sub' was captured twice"):
        build(store, Captured(files=[text("sub")], folders=given.folders))


NAMES = [b"a", b"b", b".git", b"%", b"caf\xe9", "☃".encode(), b"with space", b"a.b", b"a0"]


class _Tree:
    """A tree to which something happens. Each write has a time of its own, as if no clock were coarse."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.chance = random.Random(seed)
        self.ticks = count(1)

    def change(self) -> None:
        folders = [path for path in self.root.rglob("*") if path.is_dir() and not path.is_symlink()]
        folder = self.chance.choice([self.root, *folders])
        path = folder / os.fsdecode(self.chance.choice(NAMES))
        self.chance.choice([self.write, self.write, self.remove, self.link, self.folder, self.mode])(path)

    def write(self, path: Path) -> None:
        if not path.is_dir() or path.is_symlink():
            self.remove(path)
            path.write_bytes(self.chance.choice([b"", b"x", b"y", b"z" * 3000]))
            os.utime(path, ns=(0, next(self.ticks)))

    def remove(self, path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)

    def link(self, path: Path) -> None:
        self.remove(path)
        path.symlink_to(self.chance.choice(["a", "b"]))

    def folder(self, path: Path) -> None:
        if not path.is_symlink() and not path.is_file():
            path.mkdir(exist_ok=True)

    def mode(self, path: Path) -> None:
        if path.is_file() and not path.is_symlink():
            path.chmod(self.chance.choice([0o644, 0o755, 0o600]))


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), keeps=st.lists(st.booleans(), min_size=1, max_size=8))
def test_whatever_happened_before_a_tree_is_that_of_a_store_without_a_cache(
    seed: int, keeps: list[bool]
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(statcache, "GRAIN", OLD)
        tree = _Tree(Path(name) / "tree", seed)
        tree.root.mkdir()
        store, fresh = create(Path(name) / "store"), create(Path(name) / "fresh")
        for keep in keeps:
            for _ in range(tree.chance.randint(0, 8)):
                tree.change()
            given = captured(tree.root)
            found = build(store, given, keep=keep)
            assert found.tree == build(fresh, file_by_file(given)).tree
            assert contents(found) == contents(build(fresh, file_by_file(given)))
            if keep:
                store.commit(found, "take")
        store.commit(build(store, captured(tree.root)), "take")
        assert_clean(store)


@pytest.mark.usefixtures("old")
def test_of_a_changed_folder_only_what_changed_is_read_and_then_nothing(
    store: Store, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(store, captured(root))
    read: list[str] = []
    real = ingest.ingest

    def counted(file: LiveFile, sink: Sink) -> Ingested:
        read.append(file.path)
        return real(file, sink)

    monkeypatch.setattr(ingest, "ingest", counted)
    (root / "one").write_text("changed")
    (root / "new").write_text("new")
    build(store, captured(root))
    assert sorted(read) == ["new", "one"]
    monkeypatch.setattr(StatCache, "known", None)  # asked for changed folders only
    build(store, captured(root))
    assert sorted(read) == ["new", "one"]
