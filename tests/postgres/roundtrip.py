"""A restore of one database without the store around it: capture, plan, apply, and what must hold after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
from msgspec import structs
from psycopg import sql

from snapstore.adapter import ApplyContext, Context, PlanRequest
from snapstore.model import Action, DataMode, Fact, FactChange, Json, PlanOptions, ResourceChanges
from snapstore.ordering import order
from snapstore_postgres import adapter
from snapstore_postgres.settings import Settings
from tests.postgres import dump


@dataclass(frozen=True)
class State:
    """What a capture saw."""

    facts: dict[str, Fact]
    hints: dict[str, Json]


class Journal:
    """Keeps what an apply reported."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def started(self, *actions: Action) -> None:
        self.events += [f"started {action.subject}" for action in actions]

    def finished(self, *actions: Action) -> None:
        self.events += [f"finished {action.subject}" for action in actions]

    def committed(self) -> None:
        self.events.append("committed")


def _no_secret(identity: str, value: Any) -> Any:
    raise AssertionError(f"{identity} is no secret")


def context() -> Context:
    return Context("db", Path(), _no_secret, _no_secret)


def capture(url: str, data: Sequence[str] = ()) -> State:
    captured = adapter.capture(Settings(url=url, data=tuple(data)), context())
    return State({fact.id: fact for doc in captured.documents for fact in doc.facts}, captured.hints)


def changes(live: Mapping[str, Fact], target: Mapping[str, Fact]) -> list[FactChange]:
    names = sorted(live.keys() | target.keys())
    return [
        FactChange(name, live.get(name), target.get(name))
        for name in names
        if live.get(name) != target.get(name)
    ]


def plan(
    live: State,
    target: State,
    data: DataMode = DataMode.ARCHIVE,
    settings: Settings | None = None,
    exact_column_order: bool = False,
) -> list[Action]:
    """The actions from one state to the other, in the order in which they run."""
    options = PlanOptions(data, exact_column_order)
    return order(adapter.plan(_request(live, target, options, settings or Settings())))


def asked_plan(
    url: str,
    live: State,
    target: State,
    mode: DataMode = DataMode.ARCHIVE,
    settings: Settings | None = None,
) -> list[Action]:
    """As :func:`plan`, after the live server was asked for what it has of what the target wants."""
    asked = structs.replace(settings or Settings(), url=url)
    request = _request(live, target, PlanOptions(data=mode), asked)
    hints = {**live.hints, **adapter.ask(request)}
    return order(adapter.plan(structs.replace(request, live_hints=hints)))


def _request(live: State, target: State, options: PlanOptions, settings: Settings) -> PlanRequest:
    found = ResourceChanges("db", "postgres", changes(live.facts, target.facts))
    hints = (live.hints, target.hints)
    return PlanRequest("db", settings, found, live.facts, _sharing(live, target), *hints, options)


def _sharing(live: State, target: State) -> dict[str, Fact]:
    """The target's facts, equal ones being the very objects of the live side: so the core gives them."""
    return {i: live.facts[i] if live.facts.get(i) == fact else fact for i, fact in target.facts.items()}


def apply(url: str, actions: list[Action], **settings: Any) -> Journal:
    journal = Journal()
    secret = {"seal": _no_secret, "unseal": _no_secret}
    there = ApplyContext("db", Path(), **secret, open_blob=_no_secret, journal=journal)  # type: ignore[arg-type]
    adapter.apply(Settings(url=url, **settings), actions, there)
    return journal


def restore(url: str, target: State, data: DataMode = DataMode.ARCHIVE) -> list[Action]:
    """Bring the database to the target, and prove it by a capture. The actions that were run."""
    actions = plan(capture(url), target, data)
    proven(url, actions, target)
    return actions


def step(
    url: str,
    live: State,
    target: State,
    data: Sequence[str] = (),
    mode: DataMode = DataMode.ARCHIVE,
    locking: Literal["auto", "online"] = "auto",
) -> State:
    """As :func:`restore`, from a state that is known; ``data`` names tables with their rows. What was then
    captured."""
    settings = Settings(url=url, data=tuple(data), locking=locking)
    return proven(url, asked_plan(url, live, target, mode, settings), target, data)


def proven(url: str, actions: list[Action], target: State, data: Sequence[str] = ()) -> State:
    """What is captured after the actions, which is the target."""
    try:
        apply(url, actions, data=tuple(data))
    except Exception as error:
        error.add_note("the plan was:\n" + script(actions))
        raise
    reached = capture(url, data)
    left = changes(reached.facts, target.facts)
    assert not left, "\n".join([*map(_told, left), "after", script(actions)])
    return reached


def script(actions: list[Action]) -> str:
    """The plan as SQL, for reading."""
    return "\n".join(
        line for a in actions for line in (f"-- {a.verb} {a.subject}", *(f"{s};" for s in a.statements))
    )


def _told(change: FactChange) -> str:
    def side(fact: Fact | None) -> Any:
        return fact and (fact.attrs, fact.parent, fact.needs)

    return f"{change.id}\n    have {side(change.before)}\n    want {side(change.after)}"


def same_schema(url: str, want: Counter[str]) -> None:
    found = dump.difference(dump.schema(url), want)
    assert not found, found


# -- rows --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Table:
    """A table as a reader of it sees it; a partitioned one with what is in its partitions."""

    columns: dict[str, str]
    rows: Counter[tuple[tuple[str, str | None], ...]]
    parent: str | None


_TABLES = """
SELECT format('%I.%I', n.nspname, c.relname),
       CASE c.relkind WHEN 'p' THEN ARRAY(
         SELECT l.oid::regclass::text FROM pg_partition_tree(c.oid) x JOIN pg_class l ON l.oid = x.relid
          WHERE l.relkind = 'r') ELSE ARRAY[c.oid::regclass::text] END,
       (SELECT i.inhparent::regclass::text FROM pg_inherits i WHERE i.inhrelid = c.oid AND c.relispartition),
       json_object_agg(a.attname, concat(format_type(a.atttypid, a.atttypmod),
         (SELECT concat(t.typbasetype::regtype, e.typbasetype::regtype)
            FROM pg_type t LEFT JOIN pg_type e ON e.oid = t.typelem WHERE t.oid = a.atttypid),
         CASE WHEN a.atttypid >= 16384 THEN (
           WITH RECURSIVE inside AS (
             SELECT a.atttypid AS type
              UNION
             SELECT p.type FROM inside i JOIN pg_type t ON t.oid = i.type CROSS JOIN LATERAL (
               SELECT unnest(ARRAY[t.typelem, t.typbasetype]) UNION ALL
               SELECT b.atttypid FROM pg_attribute b
                WHERE b.attrelid = t.typrelid AND b.attnum > 0 AND NOT b.attisdropped) p (type))
           SELECT json_agg(part ORDER BY part) FROM (
             SELECT b.attname::text AS part
               FROM inside i JOIN pg_type t ON t.oid = i.type JOIN pg_attribute b ON b.attrelid = t.typrelid
              WHERE b.attnum > 0 AND NOT b.attisdropped
              UNION ALL
             SELECT e.enumlabel FROM inside i JOIN pg_enum e ON e.enumtypid = i.type) parts) END))
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relkind IN ('r', 'p') AND n.nspname {}
   AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 GROUP BY c.oid, n.nspname"""


def rows(url: str, archived: bool = False) -> dict[str, Table]:
    """All rows of all tables here, none of other servers, every value as JSON; its type tells attributes,
    labels and bases. Or of those that were moved to the archive."""
    found = {}
    which = "~ '^snapstore_archive_'" if archived else "!~ '^(pg_|information_schema|snapstore_)'"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path = ''")
        for table, held_by, parent, columns in connection.execute(_TABLES.format(which).encode()).fetchall():
            value = "to_jsonb({}) #>> '{{}}'"
            names = sorted(columns)
            values = sql.SQL(", ").join(sql.SQL(value).format(sql.Identifier(name)) for name in names)
            each = sql.SQL("SELECT {} FROM ONLY {}")
            query = sql.SQL(" UNION ALL ").join(each.format(values, sql.SQL(held)) for held in held_by)
            read = connection.execute(query).fetchall() if held_by else []
            seen = Counter(tuple(zip(names, row, strict=True)) for row in read)
            found[table] = Table(columns, seen, parent)
    return found


def lost_rows(
    before: Mapping[str, Table],
    after: Mapping[str, Table],
    archived: Mapping[str, Table] | None = None,
    renamed: Collection[str] = (),
) -> str:
    """Rows of tables on both sides, seen through the columns that have the same type on both, that are
    gone or different; empty when none is. A row may move between the partitions of a table, and it stays
    with its partition when that is detached. Nor is it lost where it lies in the archive. Columns that were
    ``renamed`` may be there too, and are not looked at."""
    lines = []
    for name in sorted(before.keys() & after.keys()):
        was, now = before[name], after[name]
        if was.parent and now.parent:
            continue  # seen through the parent
        detached = [after[n] for n, t in before.items() if t.parent and n in after and not after[n].parent]
        detached += [after[t.parent] for t in after.values() if t.parent in after and t.parent != name]
        common = {c for c in was.columns if was.columns[c] == now.columns.get(c) and c not in renamed}
        missing = _through(common, was.rows) - _through(common, now.rows)
        for elsewhere in (*detached, *(archived or {}).values()):
            missing -= _through(common, elsewhere.rows)
        lines += [f"{name} lost {row}" for row in missing.elements()]
    return "\n".join(lines)


def _through(columns: set[str], found: Counter[Any]) -> Counter[Any]:
    seen: Counter[Any] = Counter()
    for row, count in found.items():
        seen[tuple(cell for cell in row if cell[0] in columns and cell[1] is not None)] += count
    return seen


# -- positions ---------------------------------------------------------------------------------------------

_POSITIONS = """
SELECT format('%s %s', coalesce(d.refobjid, c.oid)::regclass, a.attname), last_value, increment_by < 0
  FROM pg_sequences s JOIN pg_class c ON c.oid = format('%I.%I', schemaname, sequencename)::regclass
  LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refobjsubid > 0
   AND d.deptype IN ('a', 'i')
  LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
 WHERE schemaname !~ '^snapstore_' AND NOT cycle"""


def positions(url: str) -> dict[str, tuple[int | None, bool]]:
    """The last number that each sequence gave out, by what it is of, and whether it counts down."""
    with psycopg.connect(url) as connection:
        return {name: told for name, *told in connection.execute(_POSITIONS)}  # type: ignore[misc]


def gone_back(
    before: Mapping[str, tuple[int | None, bool]], after: Mapping[str, tuple[int | None, bool]]
) -> list[str]:
    """The sequences on both sides that would give out numbers again."""
    told = ((name, *before[name], *after[name]) for name in before.keys() & after.keys())
    return sorted(
        name
        for name, was, down, now, turned in told
        if was is not None and down == turned and (now is None or (now > was if down else now < was))
    )


# -- subscriptions -----------------------------------------------------------------------------------------


@contextmanager
def forgetting_subscriptions(*urls: str) -> Iterator[None]:
    """Takes them away at the end, without their slots: a database that has some cannot be dropped."""
    try:
        yield
    finally:
        for url in urls:
            _forget_subscriptions(url)


def _forget_subscriptions(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        own = "SELECT subname FROM pg_subscription JOIN pg_database d ON d.oid = subdbid"
        for (name,) in connection.execute(f"{own} WHERE datname = current_database()").fetchall():
            connection.execute(f"ALTER SUBSCRIPTION {name} DISABLE")
            connection.execute(f"ALTER SUBSCRIPTION {name} SET (slot_name = NONE)")
            connection.execute(f"DROP SUBSCRIPTION {name}")
