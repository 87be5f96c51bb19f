"""Files that several processes read, hash and write into one pack."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.model import LiveFile
from snapstore.store import Store, create, ingest
from tests.store.making import assert_clean, contents, everything_in, live, state, take

pytestmark = [
    pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores"),
    pytest.mark.usefixtures("no_other_threads"),
]


@pytest.fixture
def files(tmp_path: Path) -> list[LiveFile]:
    """More files than one process reads alone: many of the same size, some equal, some large."""
    chance, root = random.Random(1), tmp_path / "tree"
    root.mkdir()
    for number in range(ingest._MANY + 300):
        size = chance.choice((0, 1, 90, 90, 500, 5000, 70_000))
        content = chance.choice((bytes(size), chance.randbytes(size), b"text " * (size // 5)))
        (root / f"{number:04}").write_bytes(content)
    (root / "large").write_bytes(chance.randbytes(9 << 20))
    return [live(path, root) for path in sorted(root.iterdir())]


def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "_MANY", 10**9)
    monkeypatch.setattr(ingest, "_MUCH", 10**12)


def test_they_give_the_tree_that_one_process_gives(
    store: Store, files: list[LiveFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = take(store, a=state(*files))
    assert_clean(store)
    found = store.snapshot(str(commit))
    assert contents(found)["0007"][1] == Path(str(files[7].source)).read_bytes()
    compared = store.build({"a": state(*files)}, keep=False)
    alone(monkeypatch)
    assert found.tree == compared.tree == create(tmp_path / "2").build({"a": state(*files)}, keep=True).tree


def test_equal_content_is_kept_once_and_what_is_stored_not_again(store: Store, files: list[LiveFile]) -> None:
    take(store, a=state(*files))
    before = everything_in(store.path / "objects")
    store.build({"b": state(*files)}, keep=True)
    added = set(everything_in(store.path / "objects")) - set(before)
    assert sum((store.path / "objects" / path).stat().st_size for path in added) < 5000


def test_one_that_cannot_be_read_is_an_error_and_leaves_nothing(store: Store, files: list[LiveFile]) -> None:
    gone = str(files[200].source)
    Path(gone).unlink()
    with pytest.raises(SnapError, match="vanished") as caught:
        store.build({"a": state(*files)}, keep=True)
    assert caught.value.where == gone
    assert list((store.path / "objects/pack").iterdir()) == []


def test_one_that_has_another_size_by_now_is_read_as_it_is(store: Store, files: list[LiveFile]) -> None:
    Path(str(files[3].source)).write_bytes(b"grown " * 40_000)
    Path(str(files[4].source)).write_bytes(b"grown " * 40_000)
    commit = take(store, a=state(*files))
    found = contents(store.snapshot(str(commit)))
    assert found["0003"] == found["0004"] == (0o100644, b"grown " * 40_000)
    assert_clean(store)
