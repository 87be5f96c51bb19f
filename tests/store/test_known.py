"""What is remembered of whole states: an adapter that finds one again need not tell it again."""

from __future__ import annotations

import msgspec
import pytest

from snapstore.errors import SnapError
from snapstore.model import Captured, Known
from snapstore.snapshot import resources
from snapstore.store import ResourceState, Store, open_store
from snapstore.store import known as known_states
from tests.store.making import document, git, state, take

STAMP = b"\0what tells this state\xff"


def stamped(stamp: bytes = STAMP, **attrs: object) -> dict[str, ResourceState]:
    captured = Captured([document("one.json", **attrs)], stamp=stamp)
    return {"a": ResourceState("test", 1, captured)}


def known(store: Store, adapter: str = "test", format: int = 1) -> Known | None:
    return open_store(store.path).known("a", adapter, format)


def test_a_state_that_was_kept_is_known_by_its_stamp(store: Store) -> None:
    tree = resources(store.build(stamped(x=1), keep=True))["a"].tree
    assert known(store) == Known(STAMP, str(tree))


def test_the_last_one_counts(store: Store) -> None:
    store.build(stamped(x=1), keep=True)
    tree = resources(store.build(stamped(b"other", x=2), keep=True))["a"].tree
    assert known(store) == Known(b"other", str(tree))


def test_a_state_without_a_stamp_or_that_was_not_kept_is_not_known(store: Store) -> None:
    store.build({"a": state(documents=[document("one.json")])}, keep=True)
    store.build(stamped(x=1), keep=False)
    assert known(store) is None


@pytest.mark.parametrize("keep", [True, False])
def test_a_state_told_by_its_tree_is_the_same_snapshot(store: Store, keep: bool) -> None:
    whole = store.build(stamped(x=1), keep=True)
    found = known(store)
    assert found is not None
    told = ResourceState("test", 1, Captured(stamp=found.stamp, tree=found.tree))
    assert store.build({"a": told}, keep=keep).tree == whole.tree


def test_a_tree_that_is_not_in_the_store_is_no_state_to_keep(store: Store) -> None:
    told = ResourceState("test", 1, Captured(stamp=STAMP, tree="1" * 40))
    with pytest.raises(SnapError, match="not in the store"):
        store.build({"a": told}, keep=True)


def test_what_another_adapter_format_or_version_captured_is_not_known(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.build(stamped(x=1), keep=True)
    assert known(store, adapter="other") is None
    assert known(store, format=2) is None
    monkeypatch.setattr(known_states, "__version__", "99.0")
    assert known(store) is None


def test_nothing_is_believed_once_git_has_repacked_the_store_until_the_next_take(store: Store) -> None:
    take(store, **stamped(x=1))
    git(store, "repack", "-adq")
    assert known(store) is None
    store.build(stamped(x=1), keep=True)
    assert known(store) is not None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"by": 1}', b'\xff{"tree": "x"}'])
def test_a_damaged_record_counts_as_none(store: Store, content: bytes) -> None:
    store.build(stamped(x=1), keep=True)
    [path] = store.workspace("known").iterdir()
    path.chmod(0o600)
    path.write_bytes(content)
    assert known(store) is None


def test_a_record_says_what_it_needs_and_no_more(store: Store) -> None:
    store.build(stamped(x=1), keep=True)
    [path] = store.workspace("known").iterdir()
    assert path.name == "a.json"
    assert msgspec.json.decode(path.read_bytes()).keys() == {"by", "stamp", "tree", "packs"}
    assert path.stat().st_mode & 0o777 == 0o600
