"""Facts are found by what they are, are part of and need, also after changes."""

from __future__ import annotations

from snapstore.facts import Facts
from snapstore.model import Fact, FactChange

TABLE = Fact("table:t")
COLUMN = Fact("column:t.a", {"type": "int"}, "table:t")
OTHER = Fact("column:t.b", {}, "table:t", ("column:t.a",))
VIEW = Fact("view:v", {}, None, ("column:t.a", "column:t.b"))


def facts(*found: Fact) -> Facts:
    return Facts({fact.id: fact for fact in found})


def test_facts_are_found_by_kind_whole_and_need() -> None:
    found = facts(TABLE, COLUMN, OTHER, VIEW)
    assert found.kinds == {"table": [TABLE], "column": [COLUMN, OTHER], "view": [VIEW]}
    assert found.parts == {"table:t": [COLUMN, OTHER]}
    assert found.dependents == {"column:t.a": [OTHER, VIEW], "column:t.b": [VIEW]}


def test_changed_facts_are_found_as_if_they_had_always_been_so() -> None:
    found = facts(TABLE, COLUMN, OTHER, VIEW)
    now = Fact("column:t.a", {"type": "text"}, "table:t", ("view:v",))
    new = Fact("column:t.c", {}, "table:t")
    alone = Fact("view:v", {}, None, ("column:t.c",))
    after = found.changed([
        FactChange(COLUMN.id, COLUMN, now),
        FactChange(OTHER.id, OTHER, None),
        FactChange(new.id, None, new),
        FactChange(VIEW.id, VIEW, alone),
    ])  # fmt: skip
    anew = facts(TABLE, now, alone, new)
    assert after == anew
    assert after.parts["table:t"] == [now, new]
    for laid_over, made in (
        (after.kinds, anew.kinds),
        (after.parts, anew.parts),
        (after.dependents, anew.dependents),
    ):
        assert {key: group for key, group in laid_over.items() if group} == made
    assert found.parts == {"table:t": [COLUMN, OTHER]}


def test_a_thousand_changes_after_one_another_are_found_at_once() -> None:
    found = facts(TABLE, COLUMN)
    for number in range(1, 2000):
        was, now = (Fact(f"column:t.a{n or ''}", {}, "table:t") for n in (number - 1, number))
        was = COLUMN if number == 1 else was
        found = found.changed([FactChange(was.id, was, None), FactChange(now.id, None, now)])
    assert found.parts == {"table:t": [Fact("column:t.a1999", {}, "table:t")]}
    assert found.kinds["column"] == found.parts["table:t"]
