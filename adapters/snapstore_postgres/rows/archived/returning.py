"""Which archived tables a target wants, and under which names.

A table lies in the archive under the name that the snapshot of then had for it; another snapshot may call it,
or its columns, otherwise. Ids tell which is which; where they are not known, the name does.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import DataMode, Fact
from snapstore_postgres.names import aside, last, parts, quote
from snapstore_postgres.renames import called_as, out_of_the_way
from snapstore_postgres.renaming import Renaming
from snapstore_postgres.renaming.evidence import alike, by_id
from snapstore_postgres.renaming.names_before import MADE_WAY
from snapstore_postgres.renaming.statements import is_among_alike
from snapstore_postgres.rows.archived import archive


class Returning(NamedTuple):
    """A table that comes back, what the target calls it, and its facts with the target's names. Indexes and
    keys that are ``left`` do not come. ``among_alike``: types that PostgreSQL made for arrays may have its
    name, or that of the type of its own arrays."""

    entry: archive.Entry
    identity: str
    facts: Sequence[Fact]
    renamings: Sequence[Renaming]
    left: Sequence[Fact] = ()
    among_alike: bool = False

    @property
    def statements(self) -> Iterator[str]:
        """What gives it these names, where it lies: nothing else can have them there. Then it is moved."""
        before, name = self.entry.identity.partition(":")[2], self.identity.partition(":")[2]
        place = quote(self.entry.place)
        for part in self.left:
            yield from _left(part, self.entry.place, last(before))
        if last(before) != last(name):
            yield f"ALTER TABLE {place}.{last(before)} RENAME TO {last(name)}"
        for renaming in self.renamings:
            if renaming.kind == "column":
                old, new = last(renaming.old), last(renaming.new)
                yield f"ALTER TABLE {place}.{last(name)} RENAME COLUMN {old} TO {new}"
            if renaming.kind == "sequence":
                yield f"ALTER SEQUENCE {place}.{last(renaming.old)} RENAME TO {last(renaming.new)}"
        yield from self._moved(place, name)
        yield f"DROP SCHEMA {place}"
        yield f"DROP SCHEMA IF EXISTS {quote(archive.marks_of(self.entry.place))} CASCADE"
        yield archive.returned(self.entry)

    def _moved(self, place: str, name: str) -> Iterator[str]:
        """To the schema of the target. Types of arrays give way to what is renamed, not to what comes."""
        schema, own = parts(name)[0], last(name)
        between = aside(own) if self.among_alike else own
        if between != own:
            yield f"ALTER TABLE {place}.{own} RENAME TO {between}"
        yield f"ALTER TABLE {place}.{between} SET SCHEMA {schema}"
        if between != own:
            yield f"ALTER TABLE {schema}.{between} RENAME TO {own}"

    @property
    def names_there(self) -> Mapping[str, str]:
        """The names of its columns in the archive, by those of the target."""
        old = {last(r.new): last(r.old) for r in self.renamings if r.kind == "column"}
        return {last(f.name): old.get(last(f.name), last(f.name)) for f in self.facts if f.kind == "column"}


def _left(part: Fact, place: str, table: str) -> Sequence[str]:
    """The statements that take a part off a table, given by its name there."""
    if part.kind == "index":
        return [f"DROP INDEX {quote(place)}.{last(part.name)}"]
    return [f"ALTER TABLE {quote(place)}.{table} DROP CONSTRAINT {last(part.name)}"]


def returning(request: PlanRequest) -> tuple[PlanRequest, list[Returning]]:
    """The archived tables that the target wants and the live side has not; and the request, which knows by
    what ids they are told, and of columns of theirs that made way for others."""
    if request.options.data is DataMode.DISCARD:
        return request, []
    tables = [entry for entry in archive.entries(request.live_hints) if entry.kind == "table"]
    called = _called(request, tables) if tables else {}
    by_name = {e.identity: e for e in tables if e.place not in called}
    wanted = {**by_name, **{called[e.place]: e for e in tables if e.place in called}}
    there_is = ChainMap(request.live, request.target).__contains__
    found = []
    for identity, entry in wanted.items():
        if identity in request.target and identity not in request.live:
            there, renamings = called_as(_alone(request, entry), entry.identity, identity)
            sequences = there.live.kinds.get("sequence", ())
            namesakes = [sequence.id for sequence in sequences if _is_taken(sequence, request)]
            there, more = out_of_the_way(there, namesakes, request)
            renamings += more
            among_alike = is_among_alike(identity.partition(":")[2], there_is)
            found.append(
                Returning(entry, identity, [*there.live.values()], renamings, among_alike=among_alike)
            )
            told = {key: there.live_hints[key] for key in ("archive", MADE_WAY) if key in there.live_hints}
            relations = {**request.live_hints.get("relations", {}), **there.live_hints["relations"]}
            hints = {**request.live_hints, **told, "relations": relations}
            request = msgspec.structs.replace(request, live_hints=hints)
    return request, found


def _is_taken(sequence: Fact, request: PlanRequest) -> bool:
    """Whether its name is that of a live sequence, or of another relation that stays."""
    others = (f"{kind}:{sequence.name}" for kind in ("table", "view", "matview", "index"))
    return sequence.id in request.live or any(i in request.live and i in request.target for i in others)


def _called(request: PlanRequest, tables: Sequence[archive.Entry]) -> Mapping[str, str]:
    """What the target calls archived tables, by their places, as far as ids tell."""
    known = {f"table:{entry.place}": entry.relation for entry in tables if entry.relation}
    entries = {f"table:{entry.place}": entry for entry in tables}
    target, found = by_id(request.target_hints), {}
    for key, place in by_id({**request.live_hints, "relations": known, "ids": {}}).items():
        identity = target.get(key, "")
        entry = entries[place]
        if identity.startswith("table:") and alike(_alone(request, entry), entry.identity, identity):
            found[entry.place] = identity
    return found


def _alone(request: PlanRequest, entry: archive.Entry) -> PlanRequest:
    """The request with nothing on its live side but an archived table."""
    facts = Facts.of({fact.id: fact for fact in entry.table})
    known = {entry.identity: entry.relation} if entry.relation else {}
    hints = {**request.live_hints, "relations": known, "ids": {}}
    changes = msgspec.structs.replace(request.changes, facts=[])
    return msgspec.structs.replace(request, live=facts, live_hints=hints, changes=changes)
