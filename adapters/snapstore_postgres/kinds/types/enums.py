"""Rules for enums: labels are added in place, for all else the type is swapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.features import strings
from snapstore_postgres.kinds.types.alike import dropped, type_slot
from snapstore_postgres.kinds.types.type_swap import columns_with, swap
from snapstore_postgres.names import literal
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.disallowed.lost_labels import made_anew
from snapstore_postgres.rows.types import fitting
from snapstore_postgres.rows.types.casts import AS_WRITTEN


def _enum_text(fact: Fact) -> str:
    return f"CREATE TYPE {fact.name} AS ENUM ({', '.join(map(literal, fact.attrs['labels']))})"


def _create_enum(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[_enum_text(fact), *owner_statement("TYPE", fact.name, fact)],
        undo=[f"DROP TYPE {fact.name}"],
    )


def _alter_enum(before: Fact, after: Fact, view: View) -> Alteration:
    was, now = before.attrs["labels"], after.attrs["labels"]
    owner = owner_statement("TYPE", after.name, after)
    given = owner if before.attrs.get("owner") != after.attrs.get("owner") else []
    if was == now:
        return Alteration(statements=given)
    added = set(now) - set(was)
    if [label for label in now if label in was] == was and not _uses_new_label(after, added, view):
        return Alteration(statements=[*_added_labels(after.name, was, now), *given])
    create = [_enum_text(after), *owner]
    keeps = set(was) <= set(now)

    def fitted(column: Fact) -> fitting.Fit:
        return fitting.Fit() if keeps else fitting.within(column, now, view)

    anew = made_anew(after.id, view)
    return swap(before, after, create, lambda value, many: f"{value}::{AS_WRITTEN}{many}", fitted, view, anew)


def _added_labels(name: str, was: Sequence[str], now: Sequence[str]) -> Iterator[str]:
    known = list(was)
    for place, label in enumerate(now):
        if label in known:
            continue
        where = (
            f" AFTER {literal(now[place - 1])}" if place else f" BEFORE {literal(known[0])}" if known else ""
        )
        yield f"ALTER TYPE {name} ADD VALUE {literal(label)}{where}"
        known.insert(place, label)


def _uses_new_label(enum: Fact, labels: set[str], view: View) -> bool:
    """A label added in a transaction cannot be used in it (the manual, ALTER TYPE), so then it is a swap."""
    texts = [*labels, *map(literal, labels)]
    columns = [*columns_with(enum, view.target_dependents)]
    if any(_gets_values(column, view) for column in columns):
        return True
    by_type = {enum.id, *(column.id for column in columns)}  # a bound does not tell of what it is
    return any(
        not by_type.isdisjoint(change.after.needs)
        and any(text in told for told in strings(change.after.attrs) for text in texts)
        for change in view.request.changes.facts
        if change.after is not None
    )


def _gets_values(column: Fact, view: View) -> bool:
    """Whether values of any label come into a column: of its old type, from the archive, or for NULL."""
    before = view.live.get(column.id)
    if before is not None and before.attrs["type"] != column.attrs["type"]:
        return True
    was_null = before is None or "not_null" not in before.attrs
    filled = was_null and "not_null" in column.attrs and (column.parent or "") in view.live
    return filled or archive.kept(view.request, column.id, "column") is not None


RULES: dict[str, Rule] = {
    "enum": Rule(_create_enum, lambda f, v: dropped(f"TYPE {f.name}"), _alter_enum, rank=10, slots=type_slot)
}
