"""Rows that a restore would destroy, kept beside and taken back by the next restore forward.

Each thing archived has a schema of its own, its *place*, so that nothing in it can collide, and a line in
``snapstore_archive.entries``. A table is moved there, with its indexes, keys and owned sequences, after
everything in it that stands on other objects was taken off: those may go, today or later, and an archive must
never be what stops them. A column is copied there with the key of each row. A sequence leaves its position.

The line of a table holds its facts as they are in the archive. When a later plan wants the table, they count
as live: the table is moved back, and what it lacks is an ordinary difference that the rules see to.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Fact, FactChange, Json, Verb
from snapstore.rules import Draft, View
from snapstore_postgres import belonging, local_rows
from snapstore_postgres.casts import from_json, has_attributes, portable
from snapstore_postgres.names import block, last, literal, parts, qualifier, quote
from snapstore_postgres.partitions import detached
from snapstore_postgres.relations import size, version
from snapstore_postgres.undisturbed import undisturbed
from snapstore_postgres.wording import former, former_facts
from snapstore_postgres.words import designation, word

REGISTRY = "snapstore_archive"
REGISTERED = f"{REGISTRY}:"
SOME = "some"
"""In the facts of a column's entry: the column stayed, and these are the values that did not fit it."""
_STRIPPED = ("trigger", "policy", "rule", "statistics")
_OF_TYPE = ("collation", "storage", "compression")
"""What of a column is as its type has it when it gets another one."""


class Entry(msgspec.Struct, frozen=True):
    """A line of the registry: what was archived, where it lies and, for a table, its facts there."""

    place: str
    identity: str
    kind: str
    facts: Json


def entries(hints: Mapping[str, Json]) -> list[Entry]:
    """What lies in the archive of the live database, oldest first."""
    found: list[Json] = (hints.get("archive") or {}).get("entries", [])
    return [msgspec.convert(entry, Entry) for entry in found]


def kept(request: PlanRequest, identity: str, kind: str) -> Entry | None:
    """The newest archived thing of that identity, where this plan may take it back."""
    if request.options.data is DataMode.DISCARD:
        return None
    found = [e for e in entries(request.live_hints) if e.kind == kind]
    if kind == "column":
        return _values_kept(request, identity.partition(":")[2], found)
    return next((e for e in reversed(found) if e.identity == identity), None)


def _values_kept(request: PlanRequest, column: str, found: Sequence[Entry]) -> Entry | None:
    told = [(e.identity.partition(":")[2], e.facts) for e in found]
    newest = belonging.newest(request.target_hints, column, told)
    return msgspec.structs.replace(found[newest[0]], facts=newest[1]) if newest else None


def wanted(view: View) -> bool:
    return view.request.options.data is DataMode.ARCHIVE


def _place(request: PlanRequest, identity: str) -> str:
    number = (request.live_hints.get("archive") or {}).get("next", 1)
    return f"{REGISTRY}_{number}_{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def _register(place: str, identity: str, kind: str, facts: Json) -> str:
    text = msgspec.json.encode(facts, order="deterministic").decode()
    return (
        f"INSERT INTO {REGISTRY}.entries (place, identity, kind, facts)"
        f" VALUES ({literal(place)}, {literal(identity)}, {literal(kind)}, {literal(text)})"
    )


def _returned(entry: Entry) -> str:
    return f"UPDATE {REGISTRY}.entries SET returned_at = now() WHERE place = {literal(entry.place)}"


def registry_action(resource: str) -> Action:
    """Makes the archive itself, once per database."""
    return Action(
        resource=resource,
        verb=Verb.CREATE,
        subject=REGISTERED,
        summary=f"create the archive, schema {REGISTRY}",
        statements=(
            f"CREATE SCHEMA IF NOT EXISTS {REGISTRY}",
            f"CREATE TABLE IF NOT EXISTS {REGISTRY}.entries (place text PRIMARY KEY, identity text NOT NULL,"
            " kind text NOT NULL, facts jsonb NOT NULL, archived_at timestamptz NOT NULL DEFAULT now(),"
            " returned_at timestamptz)",
        ),
        produces=(REGISTERED,),
        transactional=True,
        rank=-1000,
    )


def with_registry(resource: str, actions: Sequence[Action], exists: bool) -> list[Action]:
    """The actions, preceded by the one that makes the archive where one of them needs it."""
    needed = any("archive" in action.payload for action in actions)
    return [registry_action(resource), *actions] if needed and not exists else list(actions)


# -- tables ------------------------------------------------------------------------------------------------


def table_draft(fact: Fact, view: View, draft: Draft) -> Draft:
    """Instead of dropping the table: take off what binds it, and move it to its place."""
    place = _place(view.request, fact.id)
    stripping = _Stripping(fact, view)
    facts = [msgspec.to_builtins(f) for f in former_facts(stripping.left, view.request)]
    identity = former(fact.id, view.request)
    name, before = last(fact.name), last(identity.partition(":")[2])
    again = [f"ALTER TABLE {quote(place)}.{name} RENAME TO {before}"] if name != before else []
    return replace(
        draft,
        summary=f"move table {fact.name} with its rows to the archive",
        statements=[
            f"CREATE SCHEMA {quote(place)}",
            *stripping.statements,
            f"ALTER TABLE {fact.name} SET SCHEMA {quote(place)}",
            *again,
            _register(place, identity, "table", facts),
        ],
        undo=[f"ALTER TABLE {quote(place)}.{last(fact.name)} SET SCHEMA {qualifier(fact.name)}"],
        needs=[*draft.needs, REGISTERED],
        provides=[detached(fact.name)] if stripping.leaves_parents else (),
        payload={"archive": place},
        hazards=(),
    )


class _Stripping:
    """What has to be taken off a table before it goes, and the facts that are left of it."""

    def __init__(self, table: Fact, view: View) -> None:
        self.table = table
        self._stays_bound = stays_bound(view)
        self._alters_storage = version(view) >= 150000
        self.statements: list[str] = []
        self.subtree = {fact.id: fact for fact in _subtree(table, view)}
        self.left: list[Fact] = []
        gone: set[str] = set()
        for fact in sorted(self.subtree.values(), key=lambda f: (_strip_order(f), f.id)):
            if fact.parent in gone or not self._keep(fact):
                gone.add(fact.id)
        retyped = {i for i, f in self.subtree.items() if f.kind == "column" and self._outside(f)}
        self.left = [_as_rebuilt(f, retyped) for f in self.left if f.parent not in gone]
        self.leaves_parents = f"partition:{table.name}" in self.subtree or "inherits" in table.attrs

    def _keep(self, fact: Fact) -> bool:
        """Whether the fact stays with the table, changed or not; the statements for what does not."""
        if fact.kind == "table":
            return self._keep_table(fact)
        if fact.kind == "column":
            return self._keep_column(fact)
        if fact.kind == "partition":
            self.statements.append(f"ALTER TABLE {fact.attrs['of']} DETACH PARTITION {fact.name}")
            return False
        if fact.kind not in _STRIPPED and not self._binds(fact):
            self.left.append(fact)
            return True
        self.statements += self._take_off(fact)
        return False

    def _binds(self, fact: Fact) -> bool:
        """Whether the fact stands on what may go; or on a column that becomes text, and would then read it in
        another way than before, even when it has its type again."""
        kind = fact.attrs.get("type", "c") if fact.kind == "constraint" else fact.kind
        reads = kind in ("c", "x", "index") and self._reads_foreign_type(fact)
        return kind == "f" or reads or self._outside(fact)

    def _take_off(self, fact: Fact) -> list[str]:
        alter = f"ALTER TABLE {self.table.name}"
        if fact.kind == "constraint":
            return [f"{alter} DROP CONSTRAINT IF EXISTS {last(fact.name)}"]
        if fact.kind == "default":
            return [f"{alter} ALTER COLUMN {last(fact.name)} DROP DEFAULT"]
        if fact.kind in (*_STRIPPED, "index"):
            # Where taking down all at once would make a circle, it is already gone.
            return [
                f"DROP {word(fact.kind)} IF EXISTS {designation(fact).removeprefix(word(fact.kind) + ' ')}"
            ]
        return []

    def _keep_table(self, fact: Fact) -> bool:
        attrs = dict(fact.attrs)
        alter = f"ALTER TABLE {fact.name}"
        for parent in attrs.pop("inherits", ()):
            self.statements.append(f"{alter} NO INHERIT {parent}")
        if attrs.pop("of", None):
            self.statements.append(f"{alter} NOT OF")
        if attrs.pop("row_security", None):
            self.statements.append(f"{alter} DISABLE ROW LEVEL SECURITY")
        if self._alters_storage and attrs.pop("access_method", None):
            self.statements.append(f"{alter} SET ACCESS METHOD heap")
        self.left.append(Fact(fact.id, attrs, None, tuple(n for n in fact.needs if n.startswith("schema:"))))
        return True

    def _keep_column(self, fact: Fact) -> bool:
        """A type that may go becomes text; what is computed from it becomes plain, or goes if not stored."""
        attrs = {key: value for key, value in fact.attrs.items() if key != "inherited"}
        alter = f"ALTER TABLE {self.table.name}"
        column = f"{alter} ALTER COLUMN {last(fact.name)}"
        if "generated" in attrs and (self._outside(fact) or self._reads_foreign_type(fact)):
            if attrs["generated"]["kind"] != "s" or self._stays_bound:
                self.statements.append(f"{alter} DROP COLUMN {last(fact.name)}")
                return False
            del attrs["generated"]
            self.statements.append(f"{column} DROP EXPRESSION")
        if self._outside(fact):
            attrs = {k: v for k, v in attrs.items() if k not in _OF_TYPE} | {"type": "text"}
            self.statements.append(
                f'{column} TYPE text COLLATE pg_catalog."default" USING {last(fact.name)}::text'
            )
        inside = tuple(need for need in fact.needs if need in self.subtree)
        self.left.append(Fact(fact.id, attrs, fact.parent, inside))
        return True

    def _outside(self, fact: Fact) -> bool:
        """Whether the fact stands on anything but the table itself and its schema."""
        return any(need not in self.subtree and not need.startswith("schema:") for need in fact.needs)

    def _reads_foreign_type(self, fact: Fact) -> bool:
        return any(self._outside(self.subtree[need]) for need in fact.needs if need in self.subtree)


def _as_rebuilt(fact: Fact, retyped: set[str]) -> Fact:
    """An index on columns that get another type loses its statistics targets: PostgreSQL forgets them."""
    if fact.kind != "index" or retyped.isdisjoint(fact.needs):
        return fact
    return Fact(fact.id, {k: v for k, v in fact.attrs.items() if k != "statistics"}, fact.parent, fact.needs)


def _strip_order(fact: Fact) -> int:
    """The table first, then its being a partition, which keeps what it has of its parent; then what hangs on
    columns, computed columns before those they read, columns last."""
    if fact.kind in ("table", "partition"):
        return 0 if fact.kind == "table" else 1
    if fact.kind != "column":
        return 2
    return 3 if "generated" in fact.attrs else 4


def _subtree(fact: Fact, view: View) -> Iterator[Fact]:
    """The fact and all that goes with it; what another table takes over stays behind."""
    yield fact
    for part in view.live_parts.get(fact.id, ()):
        if not view.stays(part.id) and part.id not in view.apart.going:
            yield from _subtree(part, view)


def take_back(
    request: PlanRequest, slots: Callable[[Fact], Sequence[str]]
) -> tuple[PlanRequest, list[Action]]:
    """The request, with the archived tables that the target wants as live ones, and what moves them back.
    ``slots`` are the names that a fact takes besides its own."""
    if request.options.data is DataMode.DISCARD:
        return request, []
    newest = {e.identity: e for e in entries(request.live_hints) if e.kind == "table"}
    back = [e for i, e in newest.items() if i in request.target and i not in request.live]
    if not back:
        return request, []
    live = dict(request.live)
    for entry in back:
        live.update({fact.id: fact for fact in _facts(entry)})
    changes = [
        FactChange(identity, live.get(identity), request.target.get(identity))
        for identity in sorted(live.keys() | request.target.keys())
        if live.get(identity) != request.target.get(identity)
    ]
    changed = msgspec.structs.replace(request.changes, facts=changes)
    return msgspec.structs.replace(request, live=live, changes=changed), [
        _moved_back(request, entry, slots) for entry in back
    ]


def _facts(entry: Entry) -> list[Fact]:
    return msgspec.convert(entry.facts, list[Fact])


def _moved_back(request: PlanRequest, entry: Entry, slots: Callable[[Fact], Sequence[str]]) -> Action:
    facts = _facts(entry)
    name = entry.identity.partition(":")[2]
    schema = parts(name)[0]
    return Action(
        resource=request.resource,
        verb=Verb.CREATE,
        subject=entry.identity,
        summary=f"take table {name} with its rows back from the archive",
        statements=(
            f"ALTER TABLE {quote(entry.place)}.{last(name)} SET SCHEMA {schema}",
            f"DROP SCHEMA {quote(entry.place)}",
            _returned(entry),
        ),
        produces=(_token(entry), *(n for fact in facts for n in (fact.id, *slots(fact)))),
        needs=(f"schema:{schema}",),
        transactional=True,
        rank=-900,
    )


def _token(entry: Entry) -> str:
    return f"archive:{entry.place}"


def after_return(request: PlanRequest, back: Sequence[Action], actions: Sequence[Action]) -> list[Action]:
    """The actions that take tables back and the others, each that works on such a table waiting for it."""
    waits: dict[str, str] = {}
    newest = {e.identity: e for e in entries(request.live_hints) if e.kind == "table"}
    for entry in newest.values():
        waits.update({fact.id: _token(entry) for fact in _facts(entry)})
    gone: dict[str, set[str]] = defaultdict(set)
    for action in actions:
        for token in {waits[identity] for identity in action.destroys if identity in waits}:
            gone[token].update(action.destroys)
    slots = {name for action in back for name in action.produces if name not in waits}
    others = [_freeing(action, slots, waits) for action in actions]
    freed = {token for action in others for token in action.produces if token.startswith(_FREED)}
    return [
        *(_after_namesakes(action, _only_for_now(action, gone), freed) for action in back),
        *(_waiting(action, waits) for action in others),
    ]


_FREED = "freed:"
"""What begins the tokens that say: nothing has this name any more, of all that is not from the archive."""


def _freeing(action: Action, slots: Collection[str], waits: Mapping[str, str]) -> Action:
    freed = tuple(_FREED + name for name in action.destroys if name in slots)
    if not freed or _tokens(action, waits):
        return action
    return msgspec.structs.replace(action, produces=(*action.produces, *freed))


def _after_namesakes(action: Action, kept: Action, freed: Collection[str]) -> Action:
    """What is taken back comes when its names are free, even where it does not stay."""
    needs = tuple(_FREED + name for name in action.produces if _FREED + name in freed)
    return msgspec.structs.replace(kept, needs=(*kept.needs, *needs)) if needs else kept


def _only_for_now(action: Action, gone: Mapping[str, Collection[str]]) -> Action:
    """What is made anew of that which came back, a column or all of it, is brought into being by that."""
    taken = {identity for token in action.produces for identity in gone.get(token, ())}
    kept = tuple(identity for identity in action.produces if identity not in taken)
    return msgspec.structs.replace(action, produces=kept)


def _waiting(action: Action, waits: Mapping[str, str]) -> Action:
    tokens = _tokens(action, waits)
    return msgspec.structs.replace(action, needs=(*action.needs, *tokens)) if tokens else action


def _tokens(action: Action, waits: Mapping[str, str]) -> list[str]:
    touched = (action.subject, *action.produces, *action.destroys, *action.needs, *action.releases)
    return sorted({waits[identity] for identity in touched if identity in waits})


# -- columns -----------------------------------------------------------------------------------------------


def column_draft(fact: Fact, view: View, draft: Draft) -> Draft:
    """Before the column is dropped: copy it, with the key of each row, to its place."""
    entry = _column_entry(fact, view)
    return replace(
        draft,
        summary=f"drop column {fact.name}, its values moved to the archive",
        statements=[*copied(fact, entry, _source(fact, entry, view)), *draft.statements],
        needs=[*draft.needs, REGISTERED],
        payload={"archive": entry.place},
        hazards=(),
    )


def column_entry(request: PlanRequest, fact: Fact, key: Sequence[str]) -> Entry:
    """Where and how the values of a column are set aside, found again by the columns of the key."""
    after = request.target.get(fact.id)
    by_name = has_attributes(fact, request.live) and (after is None or has_attributes(after, request.target))
    facts = {"key": list(key), **belonging.told(request.live_hints, fact.name, key)}
    facts |= {"by_name": True} if by_name else {}
    return Entry(_place(request, fact.id), former(fact.id, request), "column", facts)


def _column_entry(fact: Fact, view: View) -> Entry:
    return column_entry(view.request, fact, _key(fact, view))


def copied(fact: Fact, entry: Entry, source: str, which: str = "true") -> list[str]:
    """Statements that copy a column's values to their place, from rows called ``t``: all, or which."""
    key = _row_key(entry.facts["key"])
    copy = (
        f"CREATE TABLE {quote(entry.place)}.rows AS SELECT row_key, row_no, value FROM ("
        f"SELECT {key} AS row_key, row_number() OVER (PARTITION BY {key}) AS row_no,"
        f" {portable(fact, 'by_name' in entry.facts)} AS value, {which} AS goes FROM {source}) kept"
        " WHERE value IS NOT NULL AND goes"
    )
    return [
        f"CREATE SCHEMA {quote(entry.place)}",
        copy,
        # A publication of all tables has this one too, and would not let its rows go.
        f"ALTER TABLE {quote(entry.place)}.rows REPLICA IDENTITY FULL",
        _register(entry.place, entry.identity, "column", entry.facts),
    ]


def set_aside(column: Fact, which: str, view: View) -> list[str]:
    """Statements that empty a column in some rows, with those values moved to its place, if there are any.

    ``which`` is a condition on ``t``.
    """
    entry = _column_entry(column, view)
    entry = msgspec.structs.replace(entry, facts={**entry.facts, SOME: True})
    update = emptied(column, which, view)
    return [
        *copied(column, entry, _source(column, entry, view), which),
        *undisturbed(column, view, update),
        _closed_when_empty(entry),
    ]


def emptied(column: Fact, which: str, view: View) -> list[str]:
    """Updates that leave nothing in a column where a condition on ``t`` holds."""
    tables = local_rows.updated(qualifier(column.name), view)
    return [f"UPDATE {table} t SET {last(column.name)} = NULL WHERE {which}" for table in tables]


def _source(column: Fact, entry: Entry, view: View) -> str:
    columns = [*entry.facts["key"], last(column.name)]
    return local_rows.source(qualifier(column.name), columns, view)


def some_back(column: Fact, view: View) -> list[str]:
    """Statements that put back what :func:`set_aside` took from a column."""
    entry = kept(view.request, column.id, "column")
    return put_back(column, entry, view) if entry and SOME in entry.facts else []


def _key(fact: Fact, view: View) -> list[str]:
    """The columns that tell a row: those of the primary key where it stays, else all others that stay.

    What is computed tells no more than what it is computed from, and may one day be computed from this one.
    """
    table = fact.parent or ""
    for part in view.live_parts.get(table, ()):
        if part.kind == "constraint" and part.attrs.get("type") == "p":
            columns = [need for need in part.needs if need.startswith("column:")]
            if columns and all(view.stays(c) and c != fact.id for c in columns):
                return [last(c) for c in columns]
    return sorted(
        last(part.name)
        for part in view.live_parts.get(table, ())
        if part.kind == "column"
        and part.id != fact.id
        and view.stays(part.id)
        and "generated" not in part.attrs
    )


def _row_key(key: Sequence[str]) -> str:
    """As text, so that a row is found again when a column of its key has got another type."""
    return f"jsonb_build_array({', '.join(f't.{column}::text' for column in key)})"


def stays_bound(view: View) -> bool:
    """Whether a computed column that is made plain still stands on what its expression read (before 15):
    dropping that function would silently drop the column."""
    return 0 < version(view) < 150000


def values_of(fact: Fact, view: View) -> list[Entry]:
    """Where values of a column that is created lie: set aside by this very plan, or by an earlier one."""
    earlier = kept(view.request, fact.id, "column")
    before = view.live.get(fact.id)
    if view.stays(fact.id):
        return []  # a column that becomes one with that of a parent
    found = [earlier] if earlier else []
    if before is None or not keeps_values(before, view):
        return found
    return [_column_entry(before, view), *found]


def keeps_values(fact: Fact, view: View) -> bool:
    """Whether the values of a column that is dropped, but not its table, are set aside: they go to the
    archive, or back into the column when it is only made anew."""
    computed, alone = (
        "generated" in fact.attrs and not _becomes_plain(fact, view),
        not view.vanishes(fact.parent or ""),
    )
    wanted_or_again = wanted(view) or fact.id in view.target
    return wanted_or_again and alone and not computed and size(view, fact.parent or "")[1] != 0


def _becomes_plain(fact: Fact, view: View) -> bool:
    """Whether a computed column goes for a plain one that is to have its values, not earlier ones."""
    after = view.target.get(fact.id)
    plain = after is not None and "generated" not in after.attrs
    return plain and stays_bound(view) and kept(view.request, fact.id, "column") is None


def put_back(fact: Fact, entry: Entry, view: View) -> list[str]:
    """Statements that fill a column that was just added from its place in the archive.

    What finds no row, or does not fit the type, stays in the archive.
    """
    table = qualifier(fact.name)
    if not all(f"column:{table}.{name}" in view.target for name in entry.facts["key"]):
        return []
    columns = [*entry.facts["key"], last(fact.name)]
    rows = local_rows.source(table, columns, view)
    updates = [_filling(to, rows, fact, entry, version(view)) for to in local_rows.updated(table, view)]
    return [*undisturbed(fact, view, updates), _closed_when_empty(entry)]


def filled(table: str, column: Fact, entry: Entry, server: int) -> tuple[str, str]:
    """Statements that fill a column of a table from its place, and that close the place where all fits."""
    return _filling(table, f"{table} t", column, entry, server), _closed_when_empty(entry)


def _filling(table: str, source: str, column: Fact, entry: Entry, server: int) -> str:
    """The statement for a table, whose rows get their numbers among those of the source."""
    name, key, rows = last(column.name), _row_key(entry.facts["key"]), f"{quote(entry.place)}.rows"
    free, whole = f"t.{name} IS NULL", ""
    if "by_name" in entry.facts:
        now = f"pg_catalog.jsonb_strip_nulls(pg_catalog.to_jsonb(t.{name}))"
        value = f"({from_json('a.value', column.attrs['type'])})"
        free = f"({free} OR a.value OPERATOR(pg_catalog.@>) {now})"  # it may have lost attributes since
        many = "" if column.attrs["type"].endswith("[]") else "NOT "
        free += f" AND {many}pg_catalog.jsonb_typeof(a.value) OPERATOR(pg_catalog.=) 'array'"
        whole = f", {now} OPERATOR(pg_catalog.=) pg_catalog.jsonb_strip_nulls(a.value) AS whole"
    else:
        value = f"a.value::text::{column.attrs['type']}"
        # A child may have kept the value as its own: then there is nothing to give back.
        free = f"({free} OR t.{name}::text OPERATOR(pg_catalog.=) a.value::text)"
        fits = f" AND pg_catalog.pg_input_is_valid(a.value::text, {literal(column.attrs['type'])})"
        free += fits if server >= 160000 else ""
    return (
        f"WITH back AS (UPDATE {table} t SET {name} = {value} FROM ("
        f"SELECT t.tableoid AS part, t.ctid AS place, {key} AS row_key,"
        f" row_number() OVER (PARTITION BY {key}) AS row_no FROM {source}) k"
        f" JOIN {rows} a USING (row_key, row_no)"
        f" WHERE t.tableoid = k.part AND t.ctid = k.place AND {free} RETURNING a.row_key, a.row_no{whole})"
        f" DELETE FROM {rows} r USING back b WHERE r.row_key = b.row_key AND r.row_no = b.row_no"
        f"{' AND b.whole' if whole else ''}"
    )


def _closed_when_empty(entry: Entry) -> str:
    rows = f"{quote(entry.place)}.rows"
    return block(
        f"BEGIN IF NOT EXISTS (SELECT FROM {rows}) THEN DROP TABLE {rows};"
        f" DROP SCHEMA {quote(entry.place)}; {_returned(entry)}; END IF; END"
    )


# -- sequences ---------------------------------------------------------------------------------------------


def sequence_draft(fact: Fact, view: View, draft: Draft) -> Draft:
    """Before the sequence is dropped: note its position, so that no number is given out twice."""
    place = _place(view.request, fact.id)
    identity = former(fact.id, view.request)
    note = (
        f"INSERT INTO {REGISTRY}.entries (place, identity, kind, facts) SELECT {literal(place)},"
        f" {literal(identity)}, 'sequence', jsonb_build_object('last', last_value, 'called', is_called)"
        f" FROM {fact.name}"
    )
    return replace(
        draft,
        statements=[note, *draft.statements],
        needs=[*draft.needs, REGISTERED],
        payload={"archive": place},
    )


def position_statements(fact: Fact, view: View) -> list[str]:
    """Statements that bring a sequence that was just created to where it was, or behind the values in use."""
    entry = kept(view.request, fact.id, "sequence")
    if entry is not None:
        called = "true" if entry.facts["called"] else "false"
        return [
            f"SELECT pg_catalog.setval({literal(fact.name)}, {entry.facts['last']}, {called})",
            _returned(entry),
        ]
    owner = view.target.get(fact.parent or "")
    table_stays = owner is not None and view.stays(owner.parent or "")
    return behind_values(fact.name, owner) if owner and table_stays else []


_NUMBERS = ("smallint", "integer", "bigint", "numeric")


def behind_values(sequence: str, column: Fact) -> list[str]:
    """For a sequence that is new behind a column that has values already; not all of them need be numbers."""
    name, where = last(column.name), ""
    if column.attrs["type"] not in _NUMBERS:
        where = f" WHERE {name}::text ~ '^[0-9]{{1,18}}$'"
        name = f"{name}::text::bigint"
    read = f"FROM {qualifier(column.name)}{where} HAVING max({name}) > 0"
    return [f"SELECT pg_catalog.setval({literal(sequence)}, max({name})) {read}"]
