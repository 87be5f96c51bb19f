from __future__ import annotations

import gc
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.snapshot import facts
from snapstore.store import Store, create, open_store, trees
from snapstore.store.locks import Making
from tests.store.making import assert_clean, contents, document, git, state, take, text

BODY = "".join(f"line {number}\n" for number in range(3000))


@pytest.fixture
def filled(store: Store) -> Store:
    """Two snapshots with hints, a tag, and objects of every kind and size."""
    for number in range(2):
        given = [text("small", str(number)), text("d/medium", BODY + str(number)), text("empty", "")]
        take(store, a=state(*given, documents=[document("x.json", n=number)], n=number))
    git(store, "tag", "-a", "v1", "-m", "one")
    return store


def packs(store: Store, suffix: str) -> list[Path]:
    return sorted((store.path / "objects/pack").glob(f"*.{suffix}"))


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(data)


def flip(path: Path, at: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << bit
    overwrite(path, bytes(data))


def read_all(store: Store) -> list[object]:
    """All that can be read of a store, by the ways in which the core reads it."""
    found: list[object] = []
    for info in store.log():
        snapshot = store.snapshot(info.commit)
        found += [info, snapshot.hints, contents(snapshot), facts(snapshot, "a")]
    return found


def copy(store: Store, to: Path) -> Path:
    return Path(shutil.copytree(store.path, to))


def test_a_sound_store_has_nothing_to_tell(filled: Store) -> None:
    assert_clean(filled)


@pytest.mark.parametrize("suffix", ["pack", "idx"])
def test_no_flipped_bit_is_ever_read_as_truth(filled: Store, tmp_path: Path, suffix: str) -> None:
    truth = read_all(filled)
    chance = random.Random(7)
    for number in range(60):
        damaged = copy(filled, tmp_path / str(number))
        path = chance.choice(packs(Store(damaged), suffix))
        flip(path, chance.randrange(path.stat().st_size), chance.randrange(8))
        _forget_decoded()
        try:
            assert read_all(open_store(damaged)) == truth
        except SnapError as error:
            assert "doctor" in error.fix
        found = open_store(damaged).check()
        assert path.stem in " ".join(notice.subject for notice in found)
        shutil.rmtree(damaged)


def _forget_decoded() -> None:
    from snapstore import snapshot

    snapshot._decoded.clear()


@pytest.mark.parametrize("suffix", ["pack", "idx"])
@pytest.mark.parametrize("size", [0, 1, 11, 12, 500, 1032, 1071, -1, -20, -300])
def test_a_file_that_was_cut_short_is_named(filled: Store, suffix: str, size: int) -> None:
    path = packs(filled, suffix)[0]
    truth = read_all(filled)
    overwrite(path, path.read_bytes()[:size])
    _forget_decoded()
    again = open_store(filled.path)
    assert any(notice.subject.endswith((path.name, f"{path.stem}.pack")) for notice in again.check())
    try:
        assert read_all(again) == truth
        assert size in (-1, -20)  # a checksum at the end, and no more than that
    except SnapError as error:
        assert "doctor" in error.fix


@pytest.mark.parametrize("suffix", ["pack", "idx"])
def test_garbage_in_the_place_of_a_pack_is_named(filled: Store, suffix: str) -> None:
    path = packs(filled, suffix)[0]
    overwrite(path, random.Random(1).randbytes(5000))
    assert any(path.stem in notice.subject for notice in open_store(filled.path).check())


def test_a_missing_pack_is_told_by_the_objects_that_it_had(filled: Store) -> None:
    for suffix in ("pack", "idx"):
        packs(filled, suffix)[0].unlink()
    again = open_store(filled.path)
    assert any("missing" in notice.text and "needed by" in notice.text for notice in again.check())
    with pytest.raises(SnapError, match="is missing from the store"):
        read_all(again)


def test_the_error_names_the_object_and_its_pack(filled: Store) -> None:
    path = packs(filled, "pack")[0]
    overwrite(path, path.read_bytes()[:12] + bytes(path.stat().st_size - 12))
    with pytest.raises(SnapError, match=r"object [0-9a-f]{40} is damaged") as caught:
        read_all(open_store(filled.path))
    assert caught.value.where.endswith(".pack")
    assert "snap doctor" in caught.value.fix


def test_a_damaged_loose_object_is_named(filled: Store) -> None:
    head = str(filled.head())
    path = filled.path / "objects" / head[:2] / head[2:]
    for data in (b"", b"garbage", path.read_bytes()[:-5]):
        overwrite(path, data)
        again = open_store(filled.path)
        assert any(notice.subject == str(path) for notice in again.check())
        with pytest.raises(SnapError, match=head):
            again.snapshot(head)


def test_an_object_under_the_name_of_another_is_not_read(filled: Store) -> None:
    one, two = (info.commit for info in filled.log())
    content = (filled.path / "objects" / two[:2] / two[2:]).read_bytes()
    overwrite(filled.path / "objects" / one[:2] / one[2:], content)
    with pytest.raises(SnapError, match="does not match its id"):
        open_store(filled.path).snapshot(one)


@pytest.mark.parametrize("content", ["", "garbage\n", "1" * 39, "ref: refs/heads/main\n", "\0\xff"])
def test_a_damaged_branch_is_an_error_and_named(filled: Store, content: str) -> None:
    (filled.path / "refs/heads/main").write_text(content)
    with pytest.raises(SnapError, match="refs/heads/main is damaged"):
        open_store(filled.path)
    assert any("refs/heads/main" in notice.text for notice in filled.check())


def test_a_ref_to_an_object_that_is_not_there_is_named(filled: Store) -> None:
    (filled.path / "refs/tags/lost").write_text("1" * 40 + "\n")
    assert [notice.subject for notice in filled.check()] == ["refs/tags/lost"]


def test_leftovers_of_killed_processes_are_told_and_harmless(filled: Store) -> None:
    (filled.path / "objects/pack/tmp_abc").write_bytes(b"PACK half")
    (filled.path / "refs/heads/main.lock").write_text("")
    notices = open_store(filled.path).check()
    assert all("harmless" in notice.text for notice in notices)
    assert len(notices) == 2


def _remove_head(path: Path) -> None:
    (path / "HEAD").unlink()


def _remove_objects(path: Path) -> None:
    shutil.rmtree(path / "objects")


def _break_head(path: Path) -> None:
    (path / "HEAD").write_text("main")


def _escape_head(path: Path) -> None:
    (path / "HEAD").write_text("ref: ../../../etc/passwd")


def _newer(path: Path) -> None:
    (path / "config").write_text("[snapstore]\n\tformat = 2\n")


def _no_number(path: Path) -> None:
    (path / "config").write_text("[snapstore]\n\tformat = x\n")


def _sha256(path: Path) -> None:
    (path / "config").write_text("[extensions]\n\tobjectFormat = sha256\n")


def _reftable(path: Path) -> None:
    (path / "config").write_text("[extensions]\n\trefStorage = reftable\n")


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (shutil.rmtree, "there is no store"),
        (_remove_head, "it has no HEAD"),
        (_remove_objects, "it has no objects"),
        (_break_head, "HEAD is damaged"),
        (_escape_head, "HEAD is damaged"),
        (_newer, "has format 2, this snapstore knows formats up to 1"),
        (_no_number, "'x' is no format version"),
        (_sha256, "SHA-256"),
        (_reftable, "reftable"),
    ],
)
def test_a_store_that_cannot_be_opened_says_why(
    store: Store, damage: Callable[[Path], object], what: str
) -> None:
    damage(store.path)
    with pytest.raises(SnapError, match=what) as caught:
        open_store(store.path)
    assert str(store.path) in caught.value.where


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SnapError, match="not a folder"):
        open_store(tmp_path / "file")


def test_a_clone_made_by_git_is_a_store(filled: Store, tmp_path: Path) -> None:
    git(filled, "clone", "-q", "--mirror", str(filled.path), str(tmp_path / "clone"))
    clone = open_store(tmp_path / "clone")
    assert read_all(clone) == [*read_all(filled)]


def test_a_lock_that_cannot_be_opened_is_one_error_and_nothing_beside_it(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", beside.append)
    (filled.path / "snapstore/objects.lock").unlink(missing_ok=True)
    (filled.path / "snapstore/objects.lock").mkdir()
    with pytest.raises(SnapError, match="cannot be written"):
        Making(filled.path)
    gc.collect()
    assert beside == []


def test_a_store_is_never_made_over_another(filled: Store) -> None:
    with pytest.raises(SnapError, match="there is a store already"):
        create(filled.path)


@pytest.mark.parametrize("branch", ["", "a b", "../x", "a..b", "x.lock", "/x", "-x", "HEAD"])
def test_a_store_cannot_have_a_branch_that_git_refuses(tmp_path: Path, branch: str) -> None:
    with pytest.raises(SnapError, match="name of a branch"):
        create(tmp_path / "new", branch)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "content", [b"junk", b"9 a\0" + bytes(20), b"100644 a\0" + bytes(19), b"100644 a\0" + bytes(20) + b"1"]
)
def test_what_is_no_tree_is_not_taken_for_one(content: bytes) -> None:
    with pytest.raises(ValueError, match="tree"):
        trees.items(content)
