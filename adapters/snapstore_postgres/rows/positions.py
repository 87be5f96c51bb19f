"""Where a sequence goes on: where it was when it went, noted in the archive, or behind the values in use.

Its place may be taken by one of another kind (a serial column becomes an identity column), by the same
restore or a later one. The furthest of all that is known counts, so that no number is given out twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from snapstore.adapter import PlanRequest
from snapstore.model import Fact, Json
from snapstore.rules import Alteration, Draft, View
from snapstore_postgres.names import last, literal, qualifier
from snapstore_postgres.relations import held_still, held_unlisted, local_rows
from snapstore_postgres.relations.inheritance import partitions_below
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows import archive

D = TypeVar("D", bound=Draft)
USED = "used"
"""The hint that has the sequences of :func:`of_empty_tables` which have given out numbers."""


def of_empty_tables(request: PlanRequest) -> Iterator[str]:
    """The sequences that go with tables that have no rows, so that no value tells where they are."""
    sizes = request.live_hints.get("relations", {})
    gone = (change.before for change in request.changes.facts if change.before and change.after is None)
    for fact in gone:
        column = request.live.get(fact.parent or "") if fact.kind == "sequence" else fact
        name = fact.name if fact.kind == "sequence" else of_identity(fact)
        table = column.parent or "" if column else ""
        if name and table not in request.target and sizes.get(table, {}).get("bytes") == 0:
            yield name


def noting(sequence: str, draft: D, view: View) -> D:
    """The draft of what takes a sequence away, with its position noted before."""
    if not archive.wanted(view):
        return draft
    return replace(
        draft,
        statements=[held_unlisted(sequence), _note(sequence, view.request), *draft.statements],
        needs=[*draft.needs, archive.REGISTERED],
        provides=[*draft.provides, _noted(sequence)],
        payload={"archive": True, **draft.payload},
    )


def noting_all(table: Fact, draft: D, view: View) -> D:
    """The draft of what drops a table that is not moved, with the positions of its sequences noted: where its
    rows are elsewhere, and where it has none but numbers were given out."""
    elsewhere, used = _rows_are_elsewhere(table.id, view), view.request.live_hints.get(USED, ())
    going = [name for column in view.live_parts.get(table.id, ()) for name in _going_with(column, view)]
    return _noting_of(table, [name for name in going if elsewhere or name in used], draft, view)


def noting_those_of(column: Fact, draft: D, view: View) -> D:
    """The draft of what drops a column, with the positions of its sequences noted."""
    return _noting_of(view.live[column.parent or ""], _going_with(column, view), draft, view)


def _noting_of(table: Fact, sequences: Sequence[str], draft: D, view: View) -> D:
    """The draft with these noted, which count rows of the table: who inserts locks that before them."""
    if not sequences or not archive.wanted(view):
        return draft
    for sequence in sequences:
        draft = noting(sequence, draft, view)
    held = [] if "foreign" in table.attrs else [held_still(table.name)]
    return replace(draft, statements=[*held, *draft.statements])


def _going_with(column: Fact, view: View) -> list[str]:
    """The sequences that go with a column."""
    owned = [part.name for part in view.live_parts.get(column.id, ()) if part.kind == "sequence"]
    names = [name for name in owned if view.vanishes(f"sequence:{name}")]
    return [*names, *filter(None, [of_identity(column)])]


def _rows_are_elsewhere(table: str, view: View) -> bool:
    """Whether the rows of a table that goes are those of its partitions, or are carried into a new table."""
    return view.vanishes(table) and ("partition_key" in view.live[table].attrs or table in view.target)


def kept_by(before: Fact, after: Fact, altered: Alteration, view: View) -> Alteration:
    """The alteration of a column, with where its numbers go on if it becomes an identity column or is one no
    more."""
    was, now = of_identity(before), of_identity(after)
    both = (before.attrs["identity"], after.attrs["identity"]) if was and now else None
    if was and (both is None or _moves(*both)):
        altered = _noting_of(view.live[before.parent or ""], [was], altered, view)
    if not now or (both and not _goes_on(now, *both, view)):
        return altered
    return replace(
        altered,
        statements=[*altered.statements, *of_new_identity(after, view, stays=bool(was))],
        needs=[*altered.needs, *noted_before_identity(after, view)],
    )


def kept_by_sequence(before: Fact, after: Fact, altered: Alteration, view: View) -> Alteration:
    """The alteration of a sequence, with where it goes on if it may not stay where it is."""
    if _goes_on(after.name, before.attrs, after.attrs, view):
        column = view.target.get(after.parent or "")
        back = going_on(after.name, after.attrs, column, view, stays=True)
        altered = replace(altered, statements=[*altered.statements, *back])
    return noting(after.name, altered, view) if _moves(before.attrs, after.attrs) else altered


def of_new_identity(column: Fact, view: View, stays: bool = False) -> list[str]:
    """Statements that have a column that just became an identity column, or one that counts otherwise, go on
    where it should."""
    sequence = of_identity(column)
    return going_on(sequence, column.attrs["identity"], column, view, stays) if sequence else []


def noted_before_identity(column: Fact, view: View) -> list[str]:
    sequence = of_identity(column)
    return noted_before(sequence, column, view) if sequence else []


def _moves(old: Mapping[str, Json], new: Mapping[str, Json]) -> bool:
    """Whether it counts the other way, or within narrower bounds that are not those of a type: where it was
    may be nothing to go on from, but has to be known again."""
    if old.get("increment", 1) * new.get("increment", 1) < 0:
        return True
    return old.get("type") == new.get("type") and not new["min"] <= old["min"] <= old["max"] <= new["max"]


def _goes_on(sequence: str, old: Mapping[str, Json], new: Mapping[str, Json], view: View) -> bool:
    """Whether it may not stay where it is, or may be again where it was noted to be."""
    if _moves(old, new):
        return True
    wider = (old["min"], old["max"]) != (new["min"], new["max"])
    return wider and archive.kept(view.request, f"sequence:{sequence}", "sequence") is not None


def of_identity(column: Fact | None) -> str | None:
    """The sequence of an identity column, None for all else; a partition has that of its table."""
    if column is None or column.kind != "column":
        return None
    sequence: str | None = column.attrs.get("identity", {}).get("sequence")
    return sequence


def noted_before(sequence: str, column: Fact | None, view: View) -> list[str]:
    """What a new sequence waits for: that the positions are noted of those whose place it takes, and the
    partitions that have numbers already."""
    coming = _in_coming_partitions(column, view) if column else ()
    numbered = (view.live[identity].parent or "" for identity in coming)
    return [*(_noted(name) for name in _before(sequence, column, view)), *numbered]


def _noted(sequence: str) -> str:
    return f"noted:{sequence}"


def _note(sequence: str, request: PlanRequest) -> str:
    identity = former(f"sequence:{sequence}", request)
    return (
        f"INSERT INTO {archive.REGISTRY}.entries (place, identity, kind, facts)"
        f" SELECT {literal(_place(sequence, request))}, {literal(identity)}, 'sequence',"
        f" jsonb_build_object('last', last_value, 'called', is_called) FROM {sequence}"
    )


def not_behind(sequence: Fact, view: View) -> list[str]:
    """Statements by which a sequence that another column gets goes on where the one in its place was, if that
    was further."""
    entry = archive.kept(view.request, sequence.id, "sequence")
    if entry is None:
        return []
    own = f"SELECT last_value, is_called FROM {sequence.name}"
    return [_set(sequence.name, sequence.attrs, [own, _noted_at([entry.place])]), archive.returned(entry)]


def _place(sequence: str, request: PlanRequest) -> str:
    return archive.place_of(request, f"sequence:{sequence}")


def position_statements(fact: Fact, view: View) -> list[str]:
    """Statements that bring a sequence that was just created to where it was, or behind the values in use."""
    return going_on(fact.name, fact.attrs, view.target.get(fact.parent or ""), view)


def going_on(
    sequence: str, options: Mapping[str, Json], column: Fact | None, view: View, stays: bool = False
) -> list[str]:
    """Statements that bring a new sequence with such options to the furthest of where it was when it went,
    where those were whose place it takes, and the values of its column, where rows stay or come with a
    partition. One that ``stays`` itself does not go back either."""
    entry = archive.kept(view.request, f"sequence:{sequence}", "sequence")
    places = [entry.place] if entry else []
    places += [_place(name, view.request) for name in _before(sequence, column, view)]
    found = [] if options.get("cycle") else _in_use(column, _counts_down(options), view)
    found += [_noted_at(places)] if places else []
    if not found:
        return []
    if stays:
        found.append(f"SELECT last_value, is_called FROM {sequence} WHERE is_called")
    return [_set(sequence, options, found), *([archive.returned(entry)] if entry else [])]


def _in_use(column: Fact | None, down: bool, view: View) -> list[str]:
    """Queries for the furthest number in a column of a table that stays, or of a new one in its partitions
    that are there already."""
    if column is None:
        return []
    if view.stays(column.parent or ""):
        return [_values_here(column, down, view)]
    return [_values_here(view.live[c], down, view) for c in _in_coming_partitions(column, view)]


def _in_coming_partitions(column: Fact, view: View) -> list[str]:
    """The same column of tables that become partitions of its new one."""
    table = column.parent or ""
    if not view.appears(table) or "partition_key" not in view.target[table].attrs:
        return []
    here = (p for p in partitions_below(table, view.target) if view.stays(p))
    own = (p.partition(":")[2] for p in here if "foreign" not in view.live[p].attrs)
    return [c for part in own if view.stays(c := f"column:{part}.{last(column.name)}")]


def _noted_at(places: Sequence[str]) -> str:
    """A query for the positions that are noted there."""
    return (
        "SELECT (facts->>'last')::bigint, (facts->>'called')::boolean"
        f" FROM {archive.REGISTRY}.entries WHERE place IN ({', '.join(map(literal, places))})"
    )


def _set(sequence: str, options: Mapping[str, Json], found: Sequence[str]) -> str:
    """The statement that has a sequence go on from the furthest of what the queries find."""
    return (
        f"SELECT pg_catalog.setval({literal(sequence)}, number, called)"
        f" FROM ({' UNION ALL '.join(found)}) k (number, called)"
        f" WHERE number BETWEEN {options['min']} AND {options['max']}"
        f" ORDER BY number{'' if _counts_down(options) else ' DESC'}, called DESC LIMIT 1"
    )


def _counts_down(options: Mapping[str, Json]) -> bool:
    return int(options.get("increment", 1)) < 0


def furthest(sequence: str | None, options: Mapping[str, Json], column: Fact, view: View) -> str:
    """An expression of the last number that a column has, or that its sequence gave out before it went; of
    the one before the first, where there is none."""
    down = _counts_down(options)
    found = [_values_here(column, down, view)]
    entry = archive.kept(view.request, f"sequence:{sequence}", "sequence")
    if entry:
        found.append(_noted_at([entry.place]))
    known = f"SELECT {'min' if down else 'max'}(number) FROM ({' UNION ALL '.join(found)}) k (number, called)"
    return f"coalesce(({known}), {int(options['start']) - int(options.get('increment', 1))})"


def _before(sequence: str, column: Fact | None, view: View) -> Iterator[str]:
    """The live sequences, noted by this plan, whose place a new one takes: that of its name, and those that
    its column had."""
    if archive.wanted(view):
        owned = view.live_parts.get(column.id, ()) if column else ()
        names = {sequence, *(part.name for part in owned if part.kind == "sequence")}
        yield from sorted(name for name in names if _goes_by_itself(name, view))
        yield from _identity_before(column, view) if column else ()


def _goes_by_itself(sequence: str, view: View) -> bool:
    gone = view.live.get(f"sequence:{sequence}")
    if gone is None or not view.vanishes(gone.id):
        return False
    owner = view.live.get(gone.parent or "")
    if owner is None or not view.vanishes(owner.id):
        return True
    return view.stays(owner.parent or "") or _rows_are_elsewhere(owner.parent or "", view)


def _identity_before(column: Fact, view: View) -> Iterator[str]:
    sequence, table = of_identity(view.live.get(column.id)), column.parent or ""
    stays = view.stays(table) and (view.vanishes(column.id) or not of_identity(column))
    if sequence and (stays or _rows_are_elsewhere(table, view)):
        yield sequence


_NUMBERS = ("smallint", "integer", "bigint", "numeric")


def behind_values(sequence: str, column: Fact, source: str) -> list[str]:
    """For a sequence behind a column that just got its values: past them, and not back. They are read from
    the source."""
    known = f"{_values(column, source)} UNION ALL SELECT last_value, is_called FROM {sequence}"
    furthest = f"({known}) k (number, called) WHERE number > 0 ORDER BY number DESC, called DESC LIMIT 1"
    return [f"SELECT pg_catalog.setval({literal(sequence)}, number, called) FROM {furthest}"]


def _values_here(column: Fact, down: bool, view: View) -> str:
    """Those of a table that stays, not of what lies on other servers."""
    table, name = qualifier(column.name), last(column.name)
    known = f"table:{table}" in view.live
    return _values(column, local_rows.source(table, [name], view) if known else f"{table} t", down)


def _values(column: Fact, source: str, down: bool = False) -> str:
    """A query for the furthest number in a column; not all of its values need be numbers."""
    name, where = last(column.name), ""
    if column.attrs["type"] not in _NUMBERS:
        where = f" WHERE {name}::text ~ '^[0-9]{{1,18}}$'"
        name = f"{name}::text::bigint"
    return f"SELECT {'min' if down else 'max'}({name})::bigint, true FROM {source}{where}"
