"""Documents too many to be held at once: asked for one by one, forgotten, and compared like all others."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import pytest

from snapstore.diff import diff
from snapstore.errors import SnapError
from snapstore.model import Captured, Document, Fact
from snapstore.snapshot import Snapshot, facts, kinds
from snapstore.store import ResourceState, Store


class Attrs(dict[str, int]):
    """Attributes whose end can be seen."""


def built(store: Store, pages: Iterator[Document], *, keep: bool = True) -> Snapshot:
    captured = Captured(documents=[Document("one.json", (Fact("t:one"),))], pages=pages)
    return store.build({"a": ResourceState("toy", 1, captured)}, keep=keep)


def pages(values: dict[str, dict[str, int]]) -> Iterator[Document]:
    for path, found in values.items():
        yield Document(path, tuple(Fact(f"key:{name}", {"value": value}) for name, value in found.items()))


def test_each_page_is_forgotten_before_the_next_but_one_is_asked_for(store: Store) -> None:
    held: list[weakref.ref[Attrs]] = []
    most = 0

    def watched() -> Iterator[Document]:
        nonlocal most
        for number in range(20):
            attrs = Attrs(value=number)
            held.append(weakref.ref(attrs))
            yield Document(f"{number:02}.json", (Fact(f"key:{number}", attrs),))
            del attrs
            most = max(most, sum(ref() is not None for ref in held))

    snapshot = built(store, watched())
    assert most <= 2
    assert kinds(snapshot, "a") == {"t": 1, "key": 20}
    assert facts(snapshot, "a").keys() == {"t:one"}


@pytest.mark.parametrize("keep", [True, False])
def test_what_changed_is_found_also_where_it_moved_to_another_page(store: Store, keep: bool) -> None:
    before = built(store, pages({"x.json": {"a": 1, "b": 1}, "y.json": {"c": 1, "d": 1}}))
    after = built(store, pages({"x.json": {"a": 2, "d": 1}, "z/y.json": {"c": 1, "e": 1}}), keep=keep)
    (changes,) = diff(before, after)
    told = {
        change.id: tuple(fact and fact.attrs["value"] for fact in (change.before, change.after))
        for change in changes.facts
    }
    assert told == {"key:a": (1, 2), "key:b": (1, None), "key:e": (None, 1)}


def test_a_page_that_has_a_fact_twice_is_an_error(store: Store) -> None:
    twice = Document("x.json", (Fact("key:a"), Fact("key:a")))
    with pytest.raises(SnapError, match="two facts have the identity"):
        built(store, iter([twice]))
