"""Row constructors that are older than attributes of their type.

A row constructor that was stored before its type got another attribute is printed with a bare ``NULL`` for
that one: ``ROW('s', NULL)::addr``. Whoever writes it so gets a ``NULL`` that has a type, for ever after. What
grows and shrinks with its type is therefore left alone, and what has to be made anew is made before the type
gets the attribute, as it was then (``before_growing.py``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from msgspec import structs

from snapstore.model import Fact, Json
from snapstore.rules import Alteration, Rule, View
from snapstore_postgres.expressions.tokens import words

_CAST = re.compile(r'::((?:"(?:[^"]|"")+"|\w+)\.(?:"(?:[^"]|"")+"|\w+))')
_BARE = "NULL"


@dataclass
class Row:
    """A row constructor in a text: within how many parentheses, what it has, and from where on it has but
    bare NULLs."""

    depth: int
    items: list[str]
    full: int
    ends: int = 0
    cast: str = ""

    def bare(self) -> int:
        count = 0
        while count < len(self.items) and self.items[-1 - count] == _BARE:
            count += 1
        return count

    def age(self) -> int:
        """How many attributes its type had."""
        return len(self.items) - self.bare()


def rows_in(text: str) -> Iterator[Row]:
    """The row constructors of a text, those inside of others first."""
    if "ROW(" not in text:
        return
    open_: list[Row] = []
    depth, at, before = 0, 0, ""
    for word in words(text):
        at += len(word)
        if word in "([":
            depth += 1
            if before == "ROW":
                open_.append(Row(depth, [""], at))
                before = word
                continue
        inside = open_[-1] if open_ else None
        if inside and depth == inside.depth and word in ",)":
            inside.items[-1] = inside.items[-1].strip()
            inside.full = inside.full if inside.items[-1] == _BARE else at - 1
            if word == ",":
                inside.items.append("")
            else:
                inside.ends = at - 1
                found = _CAST.match(text, at)
                inside.cast = found[1] if found else ""
                yield open_.pop()
        elif inside:
            inside.items[-1] += word
        depth -= word in ")]"
        before = word


def without_bare_nulls(text: str, of: Callable[[Row], bool] = lambda row: True) -> str:
    """The text as it was written before the types of its row constructors got more attributes."""
    for row in sorted(rows_in(text), key=lambda row: -row.ends):
        if row.bare() and of(row):
            text = text[: row.full] + text[row.ends :]
    return text


# -- what stays --------------------------------------------------------------------------------------------


def left_alone(rule: Rule) -> Rule:
    """The rule, which has nothing to do about attributes that a type gets or loses by itself."""

    def alter(before: Fact, after: Fact, view: View) -> Alteration | None:
        grown = before.attrs != after.attrs and _has_grown(after, view)
        return rule.alter(_as_old(before, after) if grown else before, after, view)

    return replace(rule, alter=alter)


def _has_grown(fact: Fact, view: View) -> bool:
    types = (need for need in fact.needs if need.startswith("composite:") and view.stays(need))
    return any(view.live[kind].attrs != view.target[kind].attrs for kind in types)


def _as_old(before: Fact, after: Fact) -> Fact:
    attrs = {key: _as_grown(value, after.attrs.get(key)) for key, value in before.attrs.items()}
    return structs.replace(before, attrs=attrs)


def _as_grown(before: Json, after: Json) -> Json:
    """What will be there after, where it differs in nothing but bare NULLs."""
    if isinstance(before, str) and isinstance(after, str):
        return after if without_bare_nulls(before) == without_bare_nulls(after) else before
    if isinstance(before, dict) and isinstance(after, dict):
        return {key: _as_grown(value, after.get(key)) for key, value in before.items()}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [_as_grown(one, other) for one, other in zip(before, after, strict=True)]
    return before
