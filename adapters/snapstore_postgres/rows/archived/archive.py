"""Rows that a restore would destroy, kept beside and taken back by the next restore forward.

Each thing archived has a schema of its own, its *place*, so that nothing in it can collide, and a line in
``snapstore_archive.entries``. A table is moved there, with its indexes, keys and owned sequences, after
everything in it that stands on other objects was taken off: those may go, today or later, and an archive must
never be what stops them. A column is copied there with the key of each row. A sequence leaves its position.

The line of a table holds its facts as they are in the archive. When a later plan wants the table, they count
as live: the table is moved back, and what it lacks is an ordinary difference that the rules see to.

This is the registry; how things go there and come back is in ``stripping.py`` and ``taking_back.py`` for
tables, ``values/`` for columns, ``positions.py`` for sequences.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.model import Action, DataMode, Fact, Hazard, HazardName, Json, Verb
from snapstore.rules import View
from snapstore_postgres.names import literal, quote
from snapstore_postgres.renaming import belonging

REGISTRY = "snapstore_archive"
REGISTERED = f"{REGISTRY}:"
TABLE, HOME = "table", "home"
"""In the facts of a partition's entry: those of the table, and what it was a partition of."""
SOME = "some"
"""In the facts of a column's entry: the column stayed, and these are the values that did not fit it."""


class Entry(msgspec.Struct, frozen=True):
    """A line of the registry: what was archived, where it lies and, for a table, its facts there."""

    place: str
    identity: str
    kind: str
    facts: Json
    relation: Json = None
    """What a table there is known by, as that of a live one is in the hints."""
    marked: bool = False
    """Whether rows from there went elsewhere, with marks of them beside the place."""

    @property
    def table(self) -> list[Fact]:
        """The facts of a table there."""
        return msgspec.convert(self.facts[TABLE] if isinstance(self.facts, dict) else self.facts, list[Fact])

    @property
    def rows(self) -> str:
        """The table of rows or values at its place, as statements name it."""
        return f"{quote(self.place)}.rows"

    @property
    def home(self) -> Json:
        """For a partition, the table that its rows were rows of: ``identity``, and what else tells it."""
        return self.facts.get(HOME) if isinstance(self.facts, dict) else None


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


def place_of(request: PlanRequest, identity: str) -> str:
    number = (request.live_hints.get("archive") or {}).get("next", 1)
    return f"{REGISTRY}_{number}_{hashlib.sha256(identity.encode()).hexdigest()[:8]}"


def marks_of(place: str) -> str:
    """The schema beside that of an archived partition, for the marks of its rows that went elsewhere."""
    return f"{place}_moved"


def register(place: str, identity: str, kind: str, facts: Json) -> str:
    text = msgspec.json.encode(facts, order="deterministic").decode()
    return (
        f"INSERT INTO {REGISTRY}.entries (place, identity, kind, facts)"
        f" VALUES ({literal(place)}, {literal(identity)}, {literal(kind)}, {literal(text)})"
    )


def noted_as(entry: Entry, facts: Json) -> str:
    """The statement that has an entry say something else."""
    text = msgspec.json.encode(facts, order="deterministic").decode()
    return f"UPDATE {REGISTRY}.entries SET facts = {literal(text)} WHERE place = {literal(entry.place)}"


def returned(entry: Entry) -> str:
    return f"UPDATE {REGISTRY}.entries SET returned_at = now() WHERE place = {literal(entry.place)}"


def closed_when_empty(entry: Entry) -> str:
    """PL/pgSQL that takes a place away once nothing is left of its rows."""
    rows = entry.rows
    return (
        f"IF NOT EXISTS (SELECT FROM {rows}) THEN DROP TABLE {rows};"
        f" DROP SCHEMA {quote(entry.place)}; {returned(entry)}; END IF;"
    )


def removed(place: str) -> tuple[str, str]:
    """The statements that take a place away with whatever rows lie there."""
    return (f"DROP TABLE IF EXISTS {quote(place)}.rows", f"DROP SCHEMA IF EXISTS {quote(place)}")


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


def with_registry(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, preceded by the one that makes the archive where one of them needs it. Where data is given
    up, what needed it for a moment is followed by the one that removes it."""
    users = [action for action in actions if "archive" in action.payload]
    if not users:
        return list(actions)
    exists = bool((request.live_hints.get("archive") or {}).get("exists"))
    discards = request.options.data is DataMode.DISCARD
    before = [] if exists else [registry_action(request.resource)]
    return [*before, *actions, *([_forgotten(request, users, exists)] if discards else [])]


def _forgotten(request: PlanRequest, users: Sequence[Action], exists: bool) -> Action:
    """Removes what columns that are made anew have left at their places, and the archive, if it was made for
    them."""
    places = [str(action.payload["archive"]) for action in users]
    listed = ", ".join(literal(place) for place in places)
    registry = [f"DROP TABLE {REGISTRY}.entries", f"DROP SCHEMA {REGISTRY}"]
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"{REGISTRY}:given_up",
        summary="give up values that found no way back into columns that were made anew",
        statements=(
            *(statement for place in places for statement in removed(place)),
            *([f"DELETE FROM {REGISTRY}.entries WHERE place IN ({listed})"] if exists else registry),
        ),
        needs=(REGISTERED, *(action.subject for action in users if action.subject in request.target)),
        hazards=tuple(Hazard(HazardName.DATA_LOSS, f"values of {a.subject} that do not fit") for a in users),
        transactional=True,
        rank=_LATE,
    )


_LATE = 5_000
"""Behind all that puts rows or values back."""
