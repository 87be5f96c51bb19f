"""Columns of one table that get other types: by one statement, as each of its own would write all rows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from msgspec import structs

from snapstore.model import Action, HazardName, Verb
from snapstore.ordering import CircularActions, order
from snapstore_postgres.rows.types.fit_checks import CHECKS

T = TypeVar("T")
_NAME = r'(?:[^"\s.]+|"(?:[^"]|"")+")'
_TYPED = re.compile(rf"(ALTER TABLE {_NAME}\.{_NAME}) (ALTER COLUMN {_NAME} TYPE .*)", re.DOTALL)


def joined(statements: Iterable[str]) -> list[str]:
    """The statements, those that follow each other and give types to columns of one table as one."""
    found: list[str] = []
    for text in statements:
        before, now = (_TYPED.fullmatch(each) for each in (found[-1] if found else "", text))
        if before and now and before[1] == now[1]:
            found[-1] += f", {now[2]}"
        else:
            found.append(text)
    return found


def with_one_rewrite(actions: Sequence[Action]) -> list[Action]:
    """The actions; those that do nothing but give types to columns of one table, and write it anew, are one
    where nothing has to happen between them."""
    groups = _groups(actions)
    while groups:
        found = [*map(_merged, groups), *_others(actions, groups)]
        try:
            order(found)
        except CircularActions as error:
            between = {action.subject for action in chain.from_iterable(error.circles)}
            apart = [group for group in groups if group[0].subject not in between]
            groups = apart if len(apart) < len(groups) else []
        else:
            return found
    return list(actions)


def _groups(actions: Iterable[Action]) -> list[list[Action]]:
    by_table: dict[str, list[Action]] = defaultdict(list)
    for action in actions:
        if found := _only_typed(action):
            by_table[found[1]].append(action)
    return [group for group in by_table.values() if len(group) > 1]


def _others(actions: Iterable[Action], groups: Iterable[Iterable[Action]]) -> Iterator[Action]:
    merged = {id(action) for action in chain.from_iterable(groups)}
    return (action for action in actions if id(action) not in merged)


def _only_typed(action: Action) -> re.Match[str] | None:
    is_column = action.verb is Verb.ALTER and action.subject.startswith("column:")
    rewrites = any(hazard.name is HazardName.TABLE_REWRITE for hazard in action.hazards)
    if not (is_column and rewrites) or action.payload.keys() - {CHECKS} or action.secrets:
        return None
    *before, last = action.statements
    return None if any(text.startswith("ALTER ") for text in before) else _TYPED.fullmatch(last)


def _merged(group: Sequence[Action]) -> Action:
    first = group[0]
    names = ", ".join(action.subject.partition(":")[2] for action in group)
    checks = [check for action in group for check in action.payload.get(CHECKS, ())]
    before = dict.fromkeys(text for action in group for text in action.statements[:-1])
    produces = _all(action.produces for action in group)
    return structs.replace(
        first,
        summary=f"alter columns {names}",
        statements=(*before, *joined(action.statements[-1] for action in group)),
        undo=_all(action.undo for action in group),
        hazards=_all(action.hazards for action in group),
        payload={CHECKS: checks} if checks else {},
        produces=produces,
        destroys=_all(action.destroys for action in group),
        needs=tuple(need for need in _all(action.needs for action in group) if need not in produces),
        releases=_all(action.releases for action in group),
    )


def _all(groups: Iterable[Iterable[T]]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(groups)))
