"""Facts that read otherwise only since an extension is in another schema: they go with it.

A domain over a type of the extension, a composite type or a range with it, a column, a function with such an
argument, a check that calls one of its functions: the server tells of each with the new schema by itself. So
on the live side they are called and read as they will be, and nothing is done about them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Fact, FactChange, Json
from snapstore_postgres.renaming.renamed_request import changes_after

Move = tuple[str, str]
"""The schema that an extension is in, and the one that it gets."""


def read_as_moved(request: PlanRequest) -> PlanRequest:
    """The request, its live facts being told of as once the extensions are where they are to be."""
    moves = dict(_moves(request))
    if not moves:
        return request
    names = _names(request, [*moves.values()])
    renamed = {fact.id: _called(fact, names) for fact in request.live.values()}
    found = {i: _read(fact, request.target.get(fact.id), moves) for i, fact in renamed.items()}
    others = {i: fact for i, fact in found.items() if fact != request.live[i]}
    changes = [FactChange(i, request.live[i], None) for i in others if i in names]
    changes += [FactChange(fact.id, request.live.get(fact.id), fact) for fact in others.values()]
    live = request.live.changed(changes)
    left = structs.replace(request.changes, facts=changes_after(request, live, changes))
    ids = {names.get(i, i): known for i, known in request.live_hints.get("ids", {}).items()}
    return structs.replace(request, live=live, changes=left, live_hints={**request.live_hints, "ids": ids})


def _moves(request: PlanRequest) -> Iterator[tuple[str, Move]]:
    """By identity, those that are moved and not made anew."""
    for change in request.changes.facts:
        if change.id.startswith("extension:") and change.before and change.after:
            before, after = change.before.attrs, change.after.attrs
            if before["version"] == after["version"] and before["schema"] != after["schema"]:
                yield change.id, (before["schema"], after["schema"])


def _names(request: PlanRequest, moves: Sequence[Move]) -> dict[str, str]:
    """The identities that tell of a type in an extension, and what they are in the target."""
    come = [c.id for c in request.changes.facts if c.before is None and "(" in c.id]
    by_text = {_behind(identity, moves): identity for identity in come}
    go = [c.id for c in request.changes.facts if c.after is None and "(" in c.id]
    return {i: by_text[text] for i in go if (text := _behind(i, moves)) in by_text}


def _called(fact: Fact, names: Mapping[str, str]) -> Fact:
    needs = tuple(sorted(names.get(need, need) for need in fact.needs))
    parent = names.get(fact.parent, fact.parent) if fact.parent else fact.parent
    identity = names.get(fact.id, fact.id)
    if (identity, parent, needs) == (fact.id, fact.parent, fact.needs):
        return fact
    return structs.replace(fact, id=identity, parent=parent, needs=needs)


def _read(before: Fact, after: Fact | None, moves: Mapping[str, Move]) -> Fact:
    its = [moves[need] for need in before.needs if need in moves]
    if after is None or not its:
        return before
    if {*before.needs} != {*after.needs}:
        return _with_moved_type(before, its) if before.kind == "domain" else before
    return structs.replace(before, needs=after.needs, attrs=_as_moved(before.attrs, after.attrs, its))


def _with_moved_type(domain: Fact, moves: Sequence[Move]) -> Fact:
    """A domain that gets another type: values of it are read as those of the extension's, once that moved."""
    kind = domain.attrs["type"]
    is_own = any(need.partition(":")[2] == kind.removesuffix("[]") for need in domain.needs)
    return domain if is_own else structs.replace(domain, attrs={**domain.attrs, "type": _behind(kind, moves)})


def _as_moved(before: Json, after: Json, moves: Sequence[Move]) -> Json:
    """A value, but each text in it as it is to be where only these schemas make a difference."""
    if isinstance(before, dict) and isinstance(after, dict):
        return {key: _as_moved(value, after.get(key), moves) for key, value in before.items()}
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        return [_as_moved(was, now, moves) for was, now in zip(before, after, strict=True)]
    if isinstance(before, str) and isinstance(after, str):
        return after if _behind(before, moves) == _behind(after, moves) else before
    return before


def _behind(text: str, moves: Sequence[Move]) -> str:
    """The text with what is in the one schema in the other."""
    for old, new in moves:
        text = f"{new}.".join(re.split(rf'(?<![\w".]){re.escape(old)}\.', text))
    return text
