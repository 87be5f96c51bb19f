"""Rows of chosen tables made what the target says, row by row.

Their changes run as one block: after the tables and columns that they need and after constraints that go,
before constraints, indexes and triggers that come. Triggers that stay are off meanwhile: what they once did
is in the rows already.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Hazard, HazardName, ResourceChanges, SealedRef, Verb
from snapstore_postgres.catalog.rowdata import ROW, ROWS
from snapstore_postgres.names import last
from snapstore_postgres.options import constant
from snapstore_postgres.relations import foreign_keys
from snapstore_postgres.rows.roworder import Side, Step, in_order
from snapstore_postgres.rows.taking_back import comes_back

_RANK = 500
ROWS_OF = "rows-of:"
"""With a table's name: what is there once its rows are as the target says."""

_OF_ROWS = (f"{ROW}:", f"{ROWS}:")
_BINDING = ("constraint", "index", "trigger", "rule", "policy")
_ENABLE = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}
_INLINE = re.compile(r"(ALTER TABLE .* ADD COLUMN .*?)(?: CONSTRAINT (\S+))? NOT NULL( NO INHERIT)?")


def split(request: PlanRequest) -> tuple[PlanRequest, PlanRequest]:
    """The request without rows, for the rules; and with nothing but rows changed, for :func:`with_rows`."""
    changes = request.changes
    if not any(side.kinds.get(kind) for side in (request.live, request.target) for kind in (ROW, ROWS)):
        return request, structs.replace(request, changes=structs.replace(changes, facts=[]))
    others = [change for change in changes.facts if not _is_row(change.id)]
    schema = structs.replace(
        request,
        changes=structs.replace(changes, facts=others),
        live={i: fact for i, fact in request.live.items() if not _is_row(i)},
        target={i: fact for i, fact in request.target.items() if not _is_row(i)},
    )
    rows = [change for change in changes.facts if _is_row(change.id)]
    return schema, structs.replace(request, changes=structs.replace(changes, facts=rows))


def beyond(changes: ResourceChanges) -> set[str]:
    """Of differences, those in rows that one side never captured: its ``data`` did not name the table."""
    unknown = {c.id for c in changes.facts if c.id.startswith(f"{ROWS}:") and None in (c.before, c.after)}
    sides = ((change.id, change.before or change.after) for change in changes.facts)
    return unknown | {identity for identity, fact in sides if fact and fact.parent in unknown}


def with_rows(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that change rows. ``request`` is the second value of :func:`split`."""
    if not any(request.target.kinds.get(kind) for kind in (ROW, ROWS)):
        return list(actions)
    live, target = Side.of(request.live), Side.of(request.target)
    made = {a.subject for a in actions if a.verb is Verb.CREATE}
    anew = {table for table in target.tables if _anew(table, request, live, target, made)}
    known = {table for table in target.tables if table in live.tables} - anew
    steps = [Step(table, None, row) for table in anew for row in target.rows.get(table, {}).values()]
    for change in request.changes.facts:
        owner = (change.before or change.after or Fact(change.id)).parent or ""
        table = owner.partition(":")[2]
        if change.id.startswith(f"{ROW}:") and table in known:
            steps.append(Step(table, change.before, change.after))
    wanted = [s for s in steps if s.is_needed()]
    nullable, acting = _nullable(request.target), {*_acting(request)}
    ordered = in_order(wanted, live, target, nullable, _deferrable(request), acting)
    emptied = [table for table in sorted(anew) if _may_hold_rows(table, request, actions)]
    groups = _groups(ordered, emptied, _Texts(request, target))
    if not groups:
        return list(actions)
    touched = {group.table for group in groups}
    return [*_tied(actions, touched, request), *_block(groups, request, made)]


def _is_row(identity: str) -> bool:
    return identity.startswith(_OF_ROWS)


def _anew(table: str, request: PlanRequest, live: Side, target: Side, made: Collection[str]) -> bool:
    """Whether all rows of the target have to be put in: into a table that this plan makes, or one whose rows
    are not known by the same key."""
    if f"table:{table}" in made or f"table:{table}" not in request.live:
        return True
    if table in live.tables:
        return bool(live.tables[table].attrs["key"] != target.tables[table].attrs["key"])
    return bool(table in request.settings.data)


def _may_hold_rows(table: str, request: PlanRequest, actions: Sequence[Action]) -> bool:
    """Whether rows may be there before: carried into a new table, or come back from the archive."""
    return f"table:{table}" in request.live or comes_back(f"table:{table}", actions)


def _nullable(target: Facts) -> set[str]:
    return {fact.name for fact in target.kinds.get("column", ()) if not fact.attrs.get("not_null")}


_DEFERRABLE = re.compile(r"FOREIGN KEY \((.*?)\) REFERENCES .* DEFERRABLE.*")


def _deferrable(request: PlanRequest) -> set[tuple[str, tuple[str, ...]]]:
    """The foreign keys that can wait until all rows are changed, by their table and columns; those that come
    in this plan come behind the rows anyway."""
    found = set()
    for fact in request.target.kinds.get("constraint", ()):
        known = _DEFERRABLE.fullmatch(fact.attrs["definition"]) if fact.attrs.get("type") == "f" else None
        if known and "NOT DEFERRABLE" not in known[0] and fact.id in request.live:
            found.add(((fact.parent or "").partition(":")[2], tuple(_NAMES.findall(known[1]))))
    return found


def _acting(request: PlanRequest) -> Iterator[str]:
    """The tables that foreign keys refer to which do something about a row that goes, or forbid it at once.
    Those that do nothing about it look at what is there when the statement is over."""
    for side in (request.live, request.target):
        for fact in side.kinds.get("constraint", ()):
            key = foreign_keys.read(fact, side)
            if key is not None and " ON DELETE " in fact.attrs["definition"]:
                yield key.table.partition(":")[2]


_NAMES = re.compile(r'"(?:[^"]|"")+"|[^\s",]+')


def _token(table: str) -> str:
    return f"{ROWS_OF}{table}"


def _tied(actions: Sequence[Action], touched: Collection[str], request: PlanRequest) -> list[Action]:
    """The actions, those that bind or read rows of the touched tables placed around the changes of rows."""
    found: list[Action] = []
    for action in actions:
        tables = _bound(action, touched, request)
        tokens = tuple(_token(table) for table in sorted(tables))
        if tokens and action.verb is Verb.DROP:
            action = structs.replace(action, destroys=(*action.destroys, *tokens))
        elif tokens:
            action = structs.replace(action, needs=(*action.needs, *tokens))
        found += _without_not_null(action, touched, request)
    return found


def _bound(action: Action, touched: Collection[str], request: PlanRequest) -> set[str]:
    """The touched tables whose rows the subject of an action constrains, reacts to or reads."""
    kind = action.subject.partition(":")[0]
    side = request.live if action.verb is Verb.DROP else request.target
    fact = side.get(action.subject)
    if fact is None or (kind in ("trigger", "rule", "policy") and action.verb is Verb.ALTER):
        return set()
    if kind == "matview":
        return set(touched) if action.verb is not Verb.DROP else set()
    if kind not in _BINDING:
        return set()
    around = {fact.parent, *(side[need].parent or need for need in fact.needs if need in side)}
    return {table for table in touched if f"table:{table}" in around}


def _without_not_null(action: Action, touched: Collection[str], request: PlanRequest) -> Iterator[Action]:
    """The action; where it makes a column of a touched table NOT NULL, that is an action of its own behind
    the rows, which bring the values."""
    fact = request.target.get(action.subject)
    table = (fact.parent or "").partition(":")[2] if fact else ""
    if fact is None or fact.kind != "column" or table not in touched or action.verb is Verb.DROP:
        yield action
        return
    first, later = _not_null_apart(action.statements, table, last(fact.name))
    yield structs.replace(action, statements=tuple(first)) if later else action
    if later:
        yield Action(
            resource=action.resource,
            verb=Verb.ALTER,
            subject=fact.id,
            summary=f"make column {fact.name} NOT NULL",
            statements=tuple(later),
            needs=(fact.id, _token(table)),
            lock="ACCESS EXCLUSIVE",
            transactional=True,
            rank=_RANK,
        )


def _not_null_apart(statements: Sequence[str], table: str, column: str) -> tuple[list[str], list[str]]:
    first: list[str] = []
    later: list[str] = []
    for statement in statements:
        identity = " GENERATED " in statement  # gives the rows their numbers at once, and is NOT NULL for it
        inline = None if identity else _INLINE.fullmatch(statement)
        if inline and inline[2]:
            first.append(inline[1])
            later.append(f"ALTER TABLE {table} ADD CONSTRAINT {inline[2]} NOT NULL {column}{inline[3] or ''}")
        elif inline:
            first.append(inline[1])
            later.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
        elif statement.endswith(" SET NOT NULL"):
            later.append(statement)
        else:
            first.append(statement)
    return first, later


class _Group(NamedTuple):
    """Statements of one verb on rows of one table, that become one action."""

    table: str
    verb: Verb
    summary: str
    statements: list[str]
    secrets: dict[str, SealedRef]
    rows: int | None


def _groups(steps: Sequence[Step], emptied: Sequence[str], texts: _Texts) -> list[_Group]:
    found = [
        _Group(table, Verb.DROP, f"empty {table} for the rows of the target", [texts.clear(table)], {}, None)
        for table in reversed(emptied)
    ]
    for (table, verb), alike in groupby(steps, key=lambda step: (step.table, step.verb)):
        same = list(alike)
        written = [texts.statement(step) for step in same]
        secrets = {name: ref for _, held in written for name, ref in held.items()}
        number = sum(len(step.all()) for step in same)
        summary = f"{_WORDS[verb]} {number} {'row' if number == 1 else 'rows'} of {table}"
        found.append(_Group(table, verb, summary, [text for text, _ in written], secrets, number))
    return found


_WORDS = {Verb.CREATE: "insert", Verb.ALTER: "update", Verb.DROP: "delete"}


def _block(groups: Sequence[_Group], request: PlanRequest, made: Collection[str]) -> Iterator[Action]:
    """The actions on rows, each after the one before."""
    tables = sorted({group.table for group in groups})
    off, on = _triggers(request, tables, made)
    for number, group in enumerate(groups):
        first, last_one = number == 0, number == len(groups) - 1
        before = (*off, "SET CONSTRAINTS ALL DEFERRED") if first else ()
        after = ("SET CONSTRAINTS ALL IMMEDIATE", *on) if last_one else ()
        yield Action(
            resource=request.resource,
            verb=group.verb,
            subject=f"{ROWS}:{group.table}",
            summary=group.summary,
            statements=(*before, *group.statements, *after),
            secrets=group.secrets,
            needs=(*_needed(tables, request), *([] if first else [f"rows-step:{number - 1}"])),
            produces=(f"rows-step:{number}", *map(_token, tables)),
            hazards=_cascades(group.table, request) if group.verb is Verb.DROP else (),
            lock="SHARE ROW EXCLUSIVE" if first and off else "ROW EXCLUSIVE",
            rows=group.rows,
            transactional=True,
            rank=_RANK,
        )


def _needed(tables: Sequence[str], request: PlanRequest) -> Iterator[str]:
    for table in tables:
        yield f"filled:{table}"
        yield f"table:{table}"
    owners = {f"table:{table}" for table in tables}
    yield from (f.id for f in request.target.kinds.get("column", ()) if f.parent in owners)


def _triggers(
    request: PlanRequest, tables: Sequence[str], made: Collection[str]
) -> tuple[list[str], list[str]]:
    """What switches triggers and rules that stay on these tables off, and on again as the target has them."""
    owners = {f"table:{table}": table for table in tables}
    off: list[str] = []
    on: list[str] = []
    kinds = request.target.kinds
    for fact in sorted((*kinds.get("trigger", ()), *kinds.get("rule", ())), key=lambda fact: fact.id):
        was = request.live.get(fact.id)
        if fact.parent not in owners or not was or fact.id in made:
            continue
        state = fact.attrs.get("enabled", "O")
        head, name = f"ALTER TABLE {owners[fact.parent]}", f"{fact.kind.upper()} {last(fact.name)}"
        if not state == was.attrs.get("enabled", "O") == "D":
            off.append(f"{head} DISABLE {name}")
        if state != "D":
            on.append(f"{head} {_ENABLE[state]} {name}")
    return off, on


def _cascades(table: str, request: PlanRequest) -> tuple[Hazard, ...]:
    """A hazard for each foreign key that would change rows of tables that are not captured."""
    found: list[Hazard] = []
    for fact in request.live.kinds.get("constraint", ()):
        if fact.id not in request.target or fact.attrs.get("type") != "f":
            continue
        owner = (fact.parent or "").partition(":")[2]
        around = {request.live[need].parent for need in fact.needs if need in request.live}
        acts = re.search(r"ON DELETE (CASCADE|SET NULL|SET DEFAULT)", fact.attrs["definition"])
        if acts and f"table:{table}" in around and f"{ROWS}:{owner}" not in request.live:
            text = f"rows of {owner} that refer to a deleted row of {table} (ON DELETE {acts[1]})"
            found.append(Hazard(HazardName.DATA_LOSS, text))
    return tuple(found)


class _Texts:
    """Writes the statements on rows of one plan."""

    def __init__(self, request: PlanRequest, target: Side) -> None:
        self._target = target
        self._facts = request.target

    def clear(self, table: str) -> str:
        return f"DELETE FROM {self._relation(table)}"

    def statement(self, step: Step) -> tuple[str, dict[str, SealedRef]]:
        if step.others:
            return self._together(step)
        if step.after is None:
            return f"DELETE FROM {self._relation(step.table)}{self._where(step)}", {}
        values, secrets = {}, {}
        for column in step.columns():
            values[column], found = _constant(step.after, column)
            secrets.update(found)
        if step.before is None:
            columns, constants = ", ".join(values), ", ".join(values.values())
            head = f"INSERT INTO {step.table} ({columns}) OVERRIDING SYSTEM VALUE VALUES"
            return f"{head} ({constants})", secrets
        assigned = ", ".join(f"{column} = {text}" for column, text in values.items())
        return f"UPDATE {self._relation(step.table)} SET {assigned}{self._where(step)}", secrets

    def _together(self, step: Step) -> tuple[str, dict[str, SealedRef]]:
        """All rows of a step go before the first comes again, within one statement: foreign keys look at what
        is there at its end."""
        secrets: dict[str, SealedRef] = {}
        come = [one.after for one in step.all() if one.after is not None]
        listed, columns = list[str](), sorted(come[0].attrs)
        for row in come:
            values = [_constant(row, column) for column in columns]
            kinds = (self._facts[f"column:{step.table}.{column}"].attrs["type"] for column in columns)
            typed = (f"{text}::{kind}" for (text, _), kind in zip(values, kinds, strict=True))
            listed.append(f"({', '.join(typed)})")
            secrets.update({name: ref for _, found in values for name, ref in found.items()})
        go = [self._where(one).removeprefix(" WHERE ") for one in step.all() if one.before is not None]
        which = " OR ".join(f"({where})" for where in go)
        return (
            f"WITH gone AS (DELETE FROM {self._relation(step.table)} WHERE {which} RETURNING true)"
            f" INSERT INTO {step.table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"
            f" SELECT * FROM (VALUES {', '.join(listed)}) snap_rows"
            " WHERE (SELECT pg_catalog.count(*) FROM gone) >= 0"
        ), secrets

    def _relation(self, table: str) -> str:
        """Not the tables that inherit from it; a partitioned table has no rows but theirs."""
        return table if "partition_key" in self._facts[f"table:{table}"].attrs else f"ONLY {table}"

    def _where(self, step: Step) -> str:
        conditions = [
            f"{self._comparable(step.table, column)} = {_constant(step.row, column)[0]}"
            for column in self._target.tables[step.table].attrs["key"]
        ]
        return " WHERE " + " AND ".join(conditions)

    def _comparable(self, table: str, column: str) -> str:
        """Types of users may have their operators where no search path looks; as text all have one."""
        kind = self._facts[f"column:{table}.{column}"].attrs["type"]
        return f"{column}::text" if "." in kind else column


def _constant(row: Fact, column: str) -> tuple[str, dict[str, SealedRef]]:
    value = row.attrs[column]
    return ("NULL", {}) if value is None else constant(row.id, column, value)
