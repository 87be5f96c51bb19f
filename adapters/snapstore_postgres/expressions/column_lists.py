"""Texts that name all columns of a table in their order, as ``public.t t(a, b)`` or ``public.f() f(a, b)``.

So the server prints what joins by columns one of which has had another name since. That is read as it is
meant only once the table has the columns that it will have. What is made of it comes behind those that come
and those that go; which cannot go as long as it reads them in its old form, so that it is made anew then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.names import NAME
from snapstore_postgres.relations.inheritance import all_dropped

_LISTED = re.compile(rf'(?<![\w".])({NAME}) (?:\w+|"(?:[^"]|"")+")\(')


def listed(fact: Fact) -> set[str]:
    """The tables, by identity, whose columns a fact may name in their order."""
    names = chain.from_iterable(_LISTED.findall(str(text)) for text in fact.attrs.values())
    return {f"table:{name}" for name in names if "." in name}


def behind_columns(rule: Rule) -> Rule:
    """The rule, what it makes coming behind the columns that come and go of such tables."""

    def create(fact: Fact, view: View) -> Draft:
        draft = rule.create(fact, view)
        return replace(draft, needs=[*draft.needs, *_columns(fact, view)])

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        found = rule.alter(before, after, view)
        if found is None or not found.statements:
            return found
        if any(_loses(table, view) for table in (*_staying(after, view), *_given(after, view))):
            return None
        return replace(found, needs=[*found.needs, *_columns(after, view)])

    return replace(rule, create=create, alter=alter)


def _staying(fact: Fact, view: View) -> list[str]:
    return [table for table in sorted(listed(fact)) if view.stays(table)]


def _given(fact: Fact, view: View) -> set[str]:
    """The tables whose rows the functions give that it calls. It may be older than columns that come."""
    called = (view.target.get(need) for need in fact.needs if need.startswith("function:"))
    results = (function.attrs["result"].removeprefix("SETOF ") for function in called if function)
    return {f"table:{result}" for result in results if view.stays(f"table:{result}")}


def _columns(fact: Fact, view: View) -> Iterator[str]:
    for table in sorted(_given(fact, view)):
        yield from all_dropped(table.partition(":")[2], view.live)
    for table in _staying(fact, view):
        yield from all_dropped(table.partition(":")[2], view.live)
        parts = view.target_parts.get(table, ())
        yield from (part.id for part in parts if part.kind == "column" and view.appears(part.id))


def _loses(table: str, view: View) -> bool:
    return any(p.kind == "column" and view.vanishes(p.id) for p in view.live_parts.get(table, ()))
