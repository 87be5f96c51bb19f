"""Where a sequence goes on: where it was when it went, noted in the archive, or behind the values in use.

Its place may be taken by one of another kind (a serial column becomes an identity column), by the same
restore or a later one. The furthest of all that is known counts, so that no number is given out twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from snapstore.model import Fact, Json
from snapstore.rules import Alteration, View
from snapstore_postgres.names import literal
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.positions.noted_positions import (
    noted,
    noted_at,
    noting,
    noting_of,
    of_identity,
    place_of,
    rows_are_elsewhere,
)
from snapstore_postgres.rows.positions.numbers_in_use import furthest_value, in_coming_partitions, in_use


def kept_by(before: Fact, after: Fact, altered: Alteration, view: View) -> Alteration:
    """The alteration of a column, with where its numbers go on if it becomes an identity column or is one no
    more."""
    was, now = of_identity(before), of_identity(after)
    both = (before.attrs["identity"], after.attrs["identity"]) if was and now else None
    if was and (both is None or _moves(*both)):
        altered = noting_of(view.live[before.parent or ""], [was], altered, view)
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


def noted_before(sequence: str, column: Fact | None, view: View) -> list[str]:
    """What a new sequence waits for: that the positions are noted of those whose place it takes, and the
    partitions that have numbers already."""
    coming = in_coming_partitions(column, view) if column else ()
    numbered = (view.live[identity].parent or "" for identity in coming)
    return [*(noted(name) for name in _before(sequence, column, view)), *numbered]


def not_behind(sequence: Fact, view: View) -> list[str]:
    """Statements by which a sequence that another column gets goes on where the one in its place was, if that
    was further."""
    entry = archive.kept(view.request, sequence.id, "sequence")
    if entry is None:
        return []
    own = f"SELECT last_value, is_called FROM {sequence.name}"
    return [_set(sequence.name, sequence.attrs, [own, noted_at([entry.place])]), archive.returned(entry)]


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
    places += [place_of(name, view.request) for name in _before(sequence, column, view)]
    found = [] if options.get("cycle") else in_use(column, _counts_down(options), view)
    found += [noted_at(places)] if places else []
    if not found:
        return []
    if stays:
        found.append(f"SELECT last_value, is_called FROM {sequence} WHERE is_called")
    return [_set(sequence, options, found), *([archive.returned(entry)] if entry else [])]


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
    found = [furthest_value(column, down, view)]
    entry = archive.kept(view.request, f"sequence:{sequence}", "sequence")
    if entry:
        found.append(noted_at([entry.place]))
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
    return view.stays(owner.parent or "") or rows_are_elsewhere(owner.parent or "", view)


def _identity_before(column: Fact, view: View) -> Iterator[str]:
    sequence, table = of_identity(view.live.get(column.id)), column.parent or ""
    stays = view.stays(table) and (view.vanishes(column.id) or not of_identity(column))
    if sequence and (stays or rows_are_elsewhere(table, view)):
        yield sequence
