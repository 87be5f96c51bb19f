"""Which column the values in the archive belong to: told by numbers, since its name may be another's by now.

A column that was dropped may be wanted under another name than it had, beside one that has its name. So what
an entry of the archive is about, and the key that its rows are found by, is noted by all numbers that are
known of these columns, and the target tells what it calls them. Where nothing is known, names count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from snapstore.model import Json
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.renaming import Renaming
from snapstore_postgres.renaming.evidence import inside

_COLUMN, _KEY = "ids", "key_ids"


def columns_known(hints: Mapping[str, Json], table: str) -> dict[str, str]:
    """The columns of a table, by all that tells them on any server."""
    return known_inside(hints, f"table:{table}")


def known_inside(hints: Mapping[str, Json], whole: str) -> dict[str, str]:
    """The same for the columns, labels or attributes of what is given by identity."""
    system = hints.get("system")
    return {f"{system}/{n}": name for n, name in inside(hints, whole).items()} if system else {}


def ids_of(hints: Mapping[str, Json], column: str) -> list[str]:
    """All that tells a column, given by name."""
    return [n for n, name in columns_known(hints, qualifier(column)).items() if name == last(column)]


def told(hints: Mapping[str, Json], column: str, key: Sequence[str]) -> dict[str, Json]:
    """What the entry of a live column, given by name, says of it and of its key."""
    known = columns_known(hints, qualifier(column))
    ids = {name: [n for n, of in known.items() if of == name] for name in (last(column), *key)}
    return {_COLUMN: ids[last(column)], _KEY: [ids[name] for name in key]} if ids[last(column)] else {}


def newest(
    hints: Mapping[str, Json], column: str, found: Sequence[tuple[str, dict[str, Json]]]
) -> tuple[int, dict[str, Json]] | None:
    """The place in a list of the last entry that belongs to a column of the target, and what it says with the
    target's names in its key. Of each entry the list has the column that it was about, and what it says."""
    known = columns_known(hints, qualifier(column))
    names = [{known[n] for n in facts.get(_COLUMN, ()) if n in known} for _, facts in found]
    mine = [number for number, called in enumerate(names) if last(column) in called]
    alike = [number for number, (name, _) in enumerate(found) if name == column and not names[number]]
    if not mine + alike:
        return None
    number = (mine or alike)[-1]
    return number, _with_key(found[number][1], known)


def _with_key(facts: dict[str, Json], known: Mapping[str, str]) -> dict[str, Json]:
    all_ids = facts.get(_KEY) or [()] * len(facts["key"])
    pairs = zip(facts["key"], all_ids, strict=True)
    return {**facts, "key": [next((known[n] for n in ids if n in known), name) for name, ids in pairs]}


def renamed_along(hints: Mapping[str, Json], renaming: Renaming) -> set[str]:
    """All that tells the live columns that are renamed."""
    if renaming.kind != "column":
        return set()
    return {n for name in renaming.names for n in told(hints, name, ()).get(_COLUMN, ())}


def renamed_entry(entry: Json, renaming: Renaming, numbers: Collection[str]) -> Json:
    """A line of the archive as it counts after the renaming: where values of a column are to be put back.
    Those of one that had the name before, and is gone, are not of the one that is renamed."""
    if entry["kind"] != "column":
        return entry
    facts, key = entry["facts"], entry["facts"]["key"]
    table = qualifier(entry["identity"].partition(":")[2])
    if renaming.kind == "column" and table == qualifier(renaming.old):
        key = [last(renaming.new) if name == last(renaming.old) else name for name in key]
    facts = {**facts, "key": key}
    if renaming.kind == "column" and _COLUMN in facts and numbers and not {*facts[_COLUMN]} & {*numbers}:
        return {**entry, "facts": facts}
    return {**entry, "identity": renaming.identity(entry["identity"]), "facts": facts}
