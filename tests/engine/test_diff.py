"""A diff tells what changed, reading only what differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore.diff import diff, selector
from snapstore.errors import SnapError
from snapstore.model import Captured, Document, Fact, FileChange, LiveFile, ResourceChanges, Scope
from snapstore.snapshot import Objects, Snapshot, TreeEntry, facts, files, resources
from snapstore.store import ResourceState, Store, create
from tests.engine import toys


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return create(tmp_path_factory.mktemp("store") / "store")


@dataclass(frozen=True)
class Counting:
    """Objects that remember what was read of them."""

    real: Objects
    trees: list[str] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)

    def tree(self, oid: str) -> list[TreeEntry]:
        self.trees.append(oid)
        return self.real.tree(oid)

    def blob(self, oid: str) -> bytes:
        self.blobs.append(oid)
        return self.real.blob(oid)

    def open_blob(self, oid: str) -> BinaryIO:
        return self.real.open_blob(oid)

    def blob_size(self, oid: str) -> int:
        return self.real.blob_size(oid)


def snapshot(
    store: Store, documents: dict[str, list[Fact]], texts: dict[str, str] | None = None, adapter: str = "toy"
) -> Snapshot:
    """A snapshot of one resource, ``r``."""
    captured = Captured(
        documents=[Document(path, tuple(found)) for path, found in documents.items()],
        files=[LiveFile(path, toys.FILE_MODE, text.encode()) for path, text in (texts or {}).items()],
    )
    return store.build({"r": ResourceState(adapter, 1, captured)}, keep=True)


def names(changes: list[ResourceChanges]) -> list[str]:
    return [name.id for found in changes for name in found.facts] + [
        name.path for found in changes for name in found.files
    ]


A1, A2, B = Fact("v:a", {"n": 1}), Fact("v:a", {"n": 2}), Fact("v:b")


def test_equal_states_do_not_differ(store: Store) -> None:
    assert diff(snapshot(store, {"x.json": [A1]}), snapshot(store, {"x.json": [A1]})) == []


def test_facts_and_files_are_added_removed_and_changed(store: Store) -> None:
    before = snapshot(store, {"x.json": [A1, B]}, {"gone": "1", "dir/same": "1", "dir/other": "1"})
    after = snapshot(store, {"x.json": [A2], "y.json": [Fact("v:c")]}, {"come": "1", "dir/same": "1"})
    [changes] = diff(before, after)
    assert [(c.id, c.before, c.after) for c in changes.facts] == [
        ("v:a", A1, A2),
        ("v:b", B, None),
        ("v:c", None, Fact("v:c")),
    ]
    assert [(c.path, bool(c.before), bool(c.after)) for c in changes.files] == [
        ("come", False, True),
        ("dir/other", True, False),
        ("gone", True, False),
    ]


def test_a_fact_that_moved_between_documents_is_no_change(store: Store) -> None:
    before = snapshot(store, {"x.json": [A1, B]})
    after = snapshot(store, {"x.json": [A1], "deep/y.json": [B]})
    assert before.tree != after.tree
    assert diff(before, after) == []


def test_a_file_that_became_a_folder_is_a_removal_and_additions(store: Store) -> None:
    before, after = snapshot(store, {}, {"a": "1"}), snapshot(store, {}, {"a/b": "1", "a/c": "1"})
    [changes] = diff(before, after)
    assert [(c.path, bool(c.before)) for c in changes.files] == [("a", True), ("a/b", False), ("a/c", False)]


def test_a_resource_on_one_side_only_is_all_additions_or_removals(store: Store) -> None:
    full, empty = snapshot(store, {"x.json": [A1]}, {"f": "1"}), store.build({}, keep=True)
    [added] = diff(empty, full)
    [removed] = diff(full, empty)
    assert [c.before for c in (*added.facts, *added.files)] == [None, None]
    assert [c.after for c in (*removed.facts, *removed.files)] == [None, None]
    assert (added.adapter, removed.adapter) == ("toy", "toy")


def test_another_adapter_is_a_removal_of_all_and_an_addition_of_all(store: Store) -> None:
    before = snapshot(store, {"x.json": [A1]}, adapter="old")
    removed, added = diff(before, snapshot(store, {"x.json": [A1]}, adapter="new"))
    assert (removed.adapter, removed.facts[0].after) == ("old", None)
    assert (added.adapter, added.facts[0].before) == ("new", None)


def test_only_differing_subtrees_and_documents_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = {f"same/{n}.json": [Fact(f"v:same{n}")] for n in range(20)}
    texts = {f"same/{n}": str(n) for n in range(20)}
    before = snapshot(store, {**same, "x.json": [Fact("v:read", {"n": 1})]}, {**texts, "d/e": "1"})
    after = snapshot(store, {**same, "x.json": [Fact("v:read", {"n": 2})]}, {**texts, "d/e": "2"})
    reader = Counting(store.snapshot(commit(store, before)).objects)
    monkeypatch.setattr("snapstore.snapshot._decoded", {})  # as in a process that did not write them
    assert names(
        diff(msgspec.structs.replace(before, objects=reader), msgspec.structs.replace(after, objects=reader))
    ) == ["v:read", "d/e"]
    assert len(reader.trees) == 2 * len(["root", "r", "r/files", "r/files/d"])
    assert len(reader.blobs) == 2 * len(["snapshot.json", "x.json"])


def commit(store: Store, found: Snapshot) -> str:
    return store.commit(found, "x") or ""


def test_facts_of_equal_documents_are_the_same_objects(store: Store) -> None:
    before = snapshot(store, {"same.json": [A1], "x.json": [B]})
    after = snapshot(store, {"same.json": [A1], "x.json": []})
    assert facts(before, "r")["v:a"] is facts(after, "r")["v:a"]


def test_reading_facts_does_not_walk_the_files(store: Store) -> None:
    found = snapshot(store, {"x.json": [A1]}, {f"{n}/{n}": "1" for n in range(20)})
    reader = Counting(found.objects)
    assert facts(msgspec.structs.replace(found, objects=reader), "r") == {"v:a": A1}
    assert len(reader.trees) == 2


def test_files_are_named_by_their_paths(store: Store) -> None:
    found = snapshot(store, {"x.json": [A1], "filesystem.json": [B]}, {"b/c": "1", "a": "2"})
    assert [path for path, _ in files(found, "r")] == ["a", "b/c"]
    assert list(facts(found, "r")) == ["v:b", "v:a"]


def test_an_unknown_resource_has_nothing(store: Store) -> None:
    found = snapshot(store, {})
    assert (facts(found, "other"), list(files(found, "other"))) == ({}, [])


@pytest.mark.parametrize(("pattern", "expected"), [
    ("r", ["index:a", "table:a", "src/A.js", "src/b.js"]),
    ("r:table:*", ["table:a"]),
    ("r:src/*", ["src/A.js", "src/b.js"]),
    ("r:src/[Aa].js", ["src/A.js"]),
    ("r:SRC/*", []),
    ("r:*a", ["index:a", "table:a"]),
    ("r:a", ["index:a", "table:a"]),
    ("r:table:a", ["table:a"]),
    ("other", []),
])  # fmt: skip
def test_a_scope_narrows_to_identities_and_paths(store: Store, pattern: str, expected: list[str]) -> None:
    found = snapshot(store, {"x.json": [Fact("table:a"), Fact("index:a")]}, {"src/A.js": "", "src/b.js": ""})
    assert names(diff(store.build({}, keep=True), found, Scope((pattern,)))) == expected


def test_a_name_with_a_newline_is_matched_whole() -> None:
    wanted = selector(Scope(("r:a*b",)), "r")
    assert wanted is not None
    assert wanted(FileChange("a\nb", None, None))
    assert not wanted(FileChange("a\nb\n", None, None))


def test_a_tree_that_is_no_snapshot_is_named(store: Store) -> None:
    found = snapshot(store, {"x.json": [A1]})
    inner = resources(found)["r"].tree or ""
    with pytest.raises(SnapError, match=r"no snapshot\.json"):
        diff(msgspec.structs.replace(found, tree=inner), found)


states = st.dictionaries(st.sampled_from("abcdef"), st.tuples(st.integers(0, 2), st.integers(0, 2)))


@given(before=states, after=states)
def test_changes_are_exactly_the_difference_of_the_facts(
    store_for_laws: Callable[[dict[str, tuple[int, int]]], Snapshot],
    before: dict[str, tuple[int, int]],
    after: dict[str, tuple[int, int]],
) -> None:
    """Applying the changes to one side gives the other, wherever the facts are kept."""
    left, right = store_for_laws(before), store_for_laws(after)
    found = {name: fact.attrs["n"] for name, fact in facts(left, "r").items()}
    for changes in diff(left, right):
        for change in changes.facts:
            assert change.before != change.after
            if change.after is None:
                del found[change.id]
            else:
                found[change.id] = change.after.attrs["n"]
    assert found == {f"v:{name}": value for name, (value, _) in after.items()}
    assert list(found) == list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def store_for_laws(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[dict[str, tuple[int, int]]], Snapshot]:
    """Makes a snapshot of facts: names to a value and the document it is kept in."""
    laws = create(tmp_path_factory.mktemp("laws") / "store")

    def make(state: dict[str, tuple[int, int]]) -> Snapshot:
        documents: dict[str, list[Fact]] = {}
        for name, (value, place) in state.items():
            documents.setdefault(f"{place}.json", []).append(Fact(f"v:{name}", {"n": value}))
        captured = Captured([Document(path, tuple(found)) for path, found in documents.items()])
        return laws.build({"r": ResourceState("toy", 1, captured)}, keep=False)

    return make
