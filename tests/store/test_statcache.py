from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.model import LiveFile
from snapstore.store import Store, create, open_store, statcache
from tests.store.making import assert_clean, contents, live, state, take


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as old enough at once."""
    monkeypatch.setattr(statcache, "GRAIN", -3_600_000_000_000)


@pytest.fixture
def file(tmp_path: Path) -> LiveFile:
    """A file with content ``one``, as a capture saw it."""
    path = tmp_path / "file"
    path.write_text("one")
    return live(path, tmp_path)


def swap(file: LiveFile, content: str = "two") -> None:
    """Other content behind the stamp that a capture saw: who still sees the old one has not opened it."""
    Path(str(file.source)).write_text(content)


def build(store: Store, *given: LiveFile, keep: bool = True) -> bytes:
    return contents(open_store(store.path).build({"a": state(*given)}, keep=keep))["file"][1]


def cache(store: Store) -> Path:
    return store.workspace("stat") / "a"


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("keep", [True, False])
def test_a_file_with_a_known_stamp_is_not_opened(store: Store, file: LiveFile, keep: bool) -> None:
    assert build(store, file) == b"one"
    swap(file)
    assert build(store, file, keep=keep) == b"one"


def test_a_file_written_just_before_it_was_read_is_read_again(store: Store, file: LiveFile) -> None:
    assert build(store, file) == b"one"
    swap(file)
    assert build(store, file) == b"two"


def test_a_file_from_the_future_is_read_again(store: Store, file: LiveFile, tmp_path: Path) -> None:
    os.utime(str(file.source), (4_000_000_000, 4_000_000_000))
    file = live(Path(str(file.source)), tmp_path)
    assert build(store, file) == b"one"
    swap(file)
    assert build(store, file) == b"two"


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("part", range(5))
def test_any_part_of_the_stamp_tells_that_a_file_has_changed(store: Store, file: LiveFile, part: int) -> None:
    build(store, file)
    swap(file)
    assert file.stamp is not None
    stamp = list(file.stamp)
    stamp[part] += 1
    other = LiveFile(file.path, file.mode, source=file.source, stamp=tuple(stamp))  # type: ignore[arg-type]
    assert build(store, other) == b"two"


@pytest.mark.usefixtures("old")
def test_the_stamp_remembered_is_that_of_the_content_that_was_read(
    store: Store, file: LiveFile, tmp_path: Path
) -> None:
    swap(file, "changed between the walk and the reading")
    assert build(store, file) == b"changed between the walk and the reading"
    now = live(Path(str(file.source)), tmp_path)
    swap(file)
    assert build(store, now) == b"changed between the walk and the reading"


@pytest.mark.usefixtures("old")
def test_a_file_without_a_stamp_is_always_read(store: Store, file: LiveFile) -> None:
    unstamped = LiveFile(file.path, file.mode, source=file.source)
    build(store, file)
    swap(file)
    assert build(store, unstamped) == b"two"


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-10] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def _other_version(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"snapstat3", b"snapstat2"))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _garbage(path: Path) -> None:
    path.write_bytes(os.urandom(500))


@pytest.mark.usefixtures("old")
@pytest.mark.parametrize("damage", [_truncate, _flip, _other_version, _empty, _garbage])
def test_a_damaged_cache_is_not_believed_and_replaced(store: Store, file: LiveFile, damage: object) -> None:
    build(store, file)
    damage(cache(store))  # type: ignore[operator]
    swap(file)
    assert build(store, file) == b"two"


@pytest.mark.usefixtures("old")
def test_the_cache_of_another_store_is_not_believed(store: Store, file: LiveFile, tmp_path: Path) -> None:
    other = create(tmp_path / "other")
    build(store, file)
    cache(other).parent.mkdir(parents=True)
    shutil.copy(cache(store), cache(other))
    take(other, a=state(file))
    assert_clean(other)
    assert contents(other.snapshot(str(other.head())))["file"][1] == b"one"


@pytest.mark.usefixtures("old")
def test_an_entry_is_not_believed_when_its_object_is_gone(store: Store, file: LiveFile) -> None:
    build(store, file)
    for path in (store.path / "objects/pack").iterdir():
        path.unlink()
    again = open_store(store.path)
    take(again, a=state(file))
    assert_clean(again)


@pytest.mark.usefixtures("old")
def test_what_was_only_hashed_is_written_by_the_next_take(store: Store, file: LiveFile) -> None:
    build(store, file, keep=False)
    again = open_store(store.path)
    take(again, a=state(file))
    assert_clean(again)
    assert contents(again.snapshot(str(again.head())))["file"][1] == b"one"


@pytest.mark.usefixtures("old")
def test_what_was_only_hashed_is_not_hashed_again(store: Store, file: LiveFile) -> None:
    tree = open_store(store.path).build({"a": state(file)}, keep=False).tree
    swap(file)
    assert open_store(store.path).build({"a": state(file)}, keep=False).tree == tree


@pytest.mark.usefixtures("old")
def test_files_that_went_are_forgotten(store: Store, file: LiveFile, tmp_path: Path) -> None:
    (tmp_path / "second").write_text("2")
    build(store, file, live(tmp_path / "second", tmp_path))
    assert b"second" in cache(store).read_bytes()
    build(store, file)
    assert b"second" not in cache(store).read_bytes()


@pytest.mark.usefixtures("old")
def test_nothing_is_written_when_nothing_changed(store: Store, file: LiveFile) -> None:
    build(store, file)
    inode = cache(store).stat().st_ino
    build(store, file)
    assert cache(store).stat().st_ino == inode


@pytest.mark.usefixtures("old")
def test_a_name_that_is_not_utf8_is_remembered_too(store: Store, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9")
    path.write_text("one")
    file = LiveFile("file", 0o100644, source=str(path), stamp=live(path, tmp_path).stamp)
    build(store, file)
    path.write_text("two")
    assert build(store, file) == b"one"


@pytest.mark.usefixtures("old")
def test_the_cache_still_serves_after_git_has_repacked_the_store(store: Store, file: LiveFile) -> None:
    from tests.store.making import git

    take(store, a=state(file))
    git(store, "repack", "-adq")
    swap(file)
    assert build(store, file) == b"one"


def test_a_failed_build_remembers_nothing(store: Store, file: LiveFile, tmp_path: Path) -> None:
    gone = LiveFile("gone", 0o100644, source=str(tmp_path / "gone"))
    with pytest.raises(SnapError):
        store.build({"a": state(file, gone)}, keep=True)
    assert not cache(store).exists()
