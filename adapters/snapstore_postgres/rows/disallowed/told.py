"""Rows that the target does not allow: told before anything is changed.

A key, a NOT NULL, a check, a foreign key, a domain or an enum may leave out rows that are there. They are
looked for where they are what they will be then: no rows of the table come or go, and the columns keep their
values, under whatever names and plain types. Elsewhere PostgreSQL tells, within the transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.rows.archived import no_room
from snapstore_postgres.rows.archived.returning import returning
from snapstore_postgres.rows.archived.taking_back import place_of_return
from snapstore_postgres.rows.disallowed.clashes import clashing
from snapstore_postgres.rows.disallowed.lost_label_rows import with_lost_labels
from snapstore_postgres.rows.disallowed.no_value import (
    computed_as_null,
    in_primary_key,
    read_from,
    without_value,
    without_value_below,
)
from snapstore_postgres.rows.disallowed.of_domains import of_domain_check, of_strict_domain
from snapstore_postgres.rows.disallowed.orphans import orphans, without_any
from snapstore_postgres.rows.disallowed.unfit import unfit
from snapstore_postgres.rows.looks.looking import LOOKS, Look, first, statements
from snapstore_postgres.rows.looks.stage import Stage
from snapstore_postgres.rows.looks.staying import Staying
from snapstore_postgres.rows.stand_ins.unfillable import unfillable


def told_first(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, preceded by looks at the rows for those that allow less than before."""
    before = Staying(request, actions)
    back = {table.identity: table for table in returning(request)[1]}
    found: dict[str, Action] = {}
    for action in actions:
        fact = request.target.get(action.subject)
        if fact is None or action.verb is Verb.DROP or LOOKS in action.payload or fact.id in found:
            continue
        archived = back.get(fact.id) if place_of_return(action) else None
        seen = [*looks(fact, before), *(no_room.looks(archived, request) if archived else ())]
        too_large = [*no_room.checks(archived, request)] if archived else []
        if seen or too_large:
            # What is missing on one side of a foreign key may be what is wrong with the key on the other.
            behind = int(fact.attrs.get("type") == "f")
            checked = [*statements(seen, request.settings), *too_large]
            found[fact.id] = first(action, checked, "no row is in the way", behind)
    return [*found.values(), *actions]


def looks(fact: Fact, stage: Stage) -> Iterator[Look]:
    """Looks at the rows of a table that a fact of the target may not allow."""
    kind, of = fact.attrs.get("type"), (fact.parent or "").partition(":")[0]
    if fact.kind == "column":
        yield from () if stage.comes_anew(fact.id) else without_value(fact, stage)
        yield from without_value_below(fact, stage)
        yield from computed_as_null(fact, stage)
        yield from without_any(fact, stage)
        yield from unfillable(fact, stage)
    elif fact.kind == "enum":
        yield from with_lost_labels(fact, stage)
    elif fact.kind == "domain":
        yield from of_strict_domain(fact, stage)
    elif fact.kind == "constraint" and of == "domain":
        yield from of_domain_check(fact, stage)
    elif not _allows_less(fact, stage):
        return
    elif fact.kind == "index" or kind in ("p", "u", "x"):
        yield from in_primary_key(fact, stage)
        yield from clashing(fact, stage)
    elif kind == "c":
        yield from unfit(fact, stage)
    elif kind == "f":
        yield from orphans(fact, stage)


def _allows_less(fact: Fact, stage: Stage) -> bool:
    """Whether it may leave out rows that are there: it is new, another one, or of other values."""
    definition = fact.attrs.get("definition", "")
    table = fact.parent or ""
    if definition.endswith((" NOT VALID", " NOT ENFORCED")) or not table.startswith("table:"):
        return False
    if not stage.has_rows(table):
        return False
    live, target = stage.request.live, stage.request.target
    before = live.get(fact.id)
    if (
        before is None
        or stage.comes_anew(fact.id)
        or _promise(before.attrs.get("definition", "")) != _promise(definition)
    ):
        return True
    return any(n in live and n in target and read_from(live[n]) != read_from(target[n]) for n in fact.needs)


_MANNERS = re.compile(
    r"( ON (UPDATE|DELETE) (CASCADE|RESTRICT|SET (NULL|DEFAULT)( \(.*\))?)"
    r"| (NOT )?DEFERRABLE| INITIALLY (DEFERRED|IMMEDIATE))+$"
)


def _promise(definition: str) -> str:
    """What a key says of rows, without when it is checked and what follows from a change."""
    is_key = definition.startswith(("FOREIGN KEY ", "PRIMARY KEY ", "UNIQUE "))
    return _MANNERS.sub("", definition) if is_key else definition
