"""Rules for columns: how one comes and goes, and by which statements others of its name do so too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from snapstore.model import Fact, Hazard
from snapstore.rules import NOTHING, Draft, Rule, View
from snapstore_postgres.kinds import column_changes, column_values, generated
from snapstore_postgres.kinds.column_text import column_secrets, column_settings, without_default
from snapstore_postgres.kinds.domain_checks import checks_before
from snapstore_postgres.kinds.flags import flags_below
from snapstore_postgres.kinds.identities import identity_slot
from snapstore_postgres.names import last
from snapstore_postgres.relations import STRONGEST, children, data_loss, rewrite_hazard, size, table_of
from snapstore_postgres.relations.inheritance import (
    along,
    comes_with_parent,
    dropped,
    given_by,
    governing,
    made_with_table,
    own_parts_below,
    vanishing_above,
)
from snapstore_postgres.relations.left_not_nulls import left_to_children
from snapstore_postgres.relations.miscounted import marked_below
from snapstore_postgres.relations.no_inherit import around_identity
from snapstore_postgres.relations.notnull_changes import validated_below
from snapstore_postgres.relations.notnull_names import without_namesake
from snapstore_postgres.rows import (
    archive,
    filled_apart,
    filling,
    gaps,
    lost_labels,
    namesakes,
    positions,
)
from snapstore_postgres.rows.held_rows import holders
from snapstore_postgres.rows.unvalidated import never_validated
from snapstore_postgres.rows.values.away import column_draft
from snapstore_postgres.rows.values.of_columns import keeps_values, left_above, values_of
from snapstore_postgres.rows.widening import widens


def _create_column(fact: Fact, view: View) -> Draft:
    made_with_table = view.appears(fact.parent or "") and fact.id not in view.apart.coming
    if made_with_table or comes_with_parent(fact, view):
        return NOTHING
    reached = along(fact, view, live=False)
    rewrites = "identity" in fact.attrs or fact.attrs.get("generated", {}).get("kind") == "s"
    columns = () if "generated" in fact.attrs else (fact, *reached)
    back = [(column, entry) for column in columns for entry in _values_of(column, view)]
    other = namesakes.namesake(fact, view)
    lacking = [] if rewrites else filled_apart.lacking(fact, reached, view)
    absorbed: Sequence[Fact] = ()
    known = bool(back) or other is not None
    at_once = column_values.with_constant(fact, reached, view) if lacking == [fact] and not known else []
    written = known or (lacking and not at_once)
    if written:
        made = column_values.returning(fact, back, lacking, other, view)
    elif at_once:
        made = at_once
    else:
        made, absorbed = column_values.added(fact, reached, view)
    rewriting = rewrite_hazard(view, fact.parent or "") if rewrites or written else ()
    return Draft(
        summary=_stands_in(fact) if lacking else "",
        statements=[*without_namesake(fact, view), *made, *_behind(fact, reached, view)],
        undo=[f"ALTER TABLE {table_of(fact)} DROP COLUMN {last(fact.name)}"],
        secrets=column_secrets(fact),
        absorbs=[*reached, *absorbed],
        needs=[
            *_needed(fact, reached, back, view),
            *(n for c in (*lacking, *([fact] if other else ())) for n in filling.needs(c, view)),
            *([other.id] if other else ()),
        ],
        provides=[part for c in (fact, *reached) for part in _first_to_go(c, view)],
        lock=STRONGEST,
        hazards=[*rewriting, *_hazards(fact, back, other, lacking, view)],
    )


def _hazards(
    fact: Fact,
    back: Sequence[tuple[Fact, archive.Entry]],
    other: Fact | None,
    lacking: Sequence[Fact],
    view: View,
) -> Iterator[Hazard]:
    """What nobody proves of the values that a column gets."""
    if back:
        yield from lost_labels.hazards(fact, view)
        yield from (gaps.may_not_fit(c, view) for c in lacking if _may_not_fit(c, back))
    elif other:
        yield namesakes.hazard(fact, view)
    else:
        yield from (gaps.hazard(c, view) for c in lacking)


def _behind(fact: Fact, reached: Sequence[Fact], view: View) -> Iterator[str]:
    """Statements for what is said of a column once it is there, and of those that come by the statement for
    it."""
    yield from around_identity(fact, view)[1]
    for column in (fact, *reached):
        yield from column_settings(column, view)
    yield from validated_below(fact, reached)
    yield from generated.own_expressions(fact, reached)
    yield from without_default([c for c in reached if not _counts_along(c, fact, view)], view)
    yield from flags_below(fact, reached, view)


def _needed(
    fact: Fact, reached: Sequence[Fact], back: Sequence[tuple[Fact, archive.Entry]], view: View
) -> Iterator[str]:
    """What is to be there before a column: by what its values are found, and what they are held against."""
    yield from _keys(back)
    yield from (above for above, _ in left_above(fact, view) if above in view.target)
    for column in (fact, *reached):
        yield from checks_before(column, view)
    yield from (column.id for column in own_parts_below(fact, view))
    yield from marked_below(fact, view)
    yield from _calls_of_default(fact, view) if back else ()


def _first_to_go(column: Fact, view: View) -> list[str]:
    """What holds rows of its table, where a column cannot come but by a rewrite, or where these rows get back
    what they had in it; and the checks that such rows may violate. To the plan that brings it, the column
    provides them: so it comes when they are gone, and before they are there again."""
    table = column.parent or ""
    own_type = f"domain:{column.attrs['type']}" in column.needs or column_values.is_strict(column, view)
    rewrites = own_type or column.attrs.get("generated", {}).get("kind") == "s"
    held = [i for i in holders(table, view) if rewrites or archive.kept(view.request, i, "column")]
    return [*held, *never_validated(table, view)] if _gets_values(column, view) else held


def _gets_values(column: Fact, view: View) -> bool:
    """Whether rows are updated with what they had in it, or in that of a parent, or with what stands in."""
    known = (column.id, *given_by(column, view))
    back = any(view.vanishes(i) or archive.kept(view.request, i, "column") for i in known)
    return back or gaps.needed(column, view)


def _may_not_fit(column: Fact, back: Sequence[tuple[Fact, archive.Entry]]) -> bool:
    """Whether its values in the archive are of a type of the server's with other values than its own."""
    new = column.attrs["type"]
    kinds = [entry.facts.get("type", new) for to, entry in back if to.id == column.id]
    return any("." not in kind + new and not widens(kind, new) for kind in kinds)


def _values_of(column: Fact, view: View) -> list[archive.Entry]:
    """Where its values lie. Those of one that went with its parent's are among the parent's."""
    before = view.live.get(column.id)
    along = before is not None and _goes_along(before, view)
    return values_of(column, view, own=not along)


def _stands_in(column: Fact) -> str:
    return f"create column {column.name}; rows get a value that stands in, where what they had is not known"


def _calls_of_default(column: Fact, view: View) -> list[str]:
    """What is called for rows without a value in the archive; the default itself comes behind its column."""
    default = view.target.get(f"default:{column.name}")
    return [need for need in default.needs if need.startswith(("function:", "operator:"))] if default else []


def _counts_along(column: Fact, above: Fact, view: View) -> bool:
    """Whether a partition's column gets the identity of the one above it."""
    return "identity" in above.attrs and f"partition:{table_of(column)}" in view.target


def _keys(back: Sequence[tuple[Fact, archive.Entry]]) -> list[str]:
    return [f"column:{table_of(column)}.{name}" for column, entry in back for name in entry.facts["key"]]


def _drop_column(fact: Fact, view: View) -> Draft:
    table = table_of(fact)
    if _goes_along(fact, view):
        return NOTHING
    above = vanishing_above(fact, view)
    reached = along(fact, view, live=True)
    # Without the parent's column, a child that keeps its own has it as a local one from then on.
    only = "ONLY " if _only(fact, view) else ""
    left = left_to_children(fact, view) if only or _has_namesakes_below(fact, view) else []
    reached = [] if only else reached
    rows, bytes_ = size(view, f"table:{table}")
    kept = "generated" in fact.attrs
    draft = Draft(
        statements=[*left, f"ALTER TABLE {only}{table} DROP COLUMN {last(fact.name)}"],
        undo=["put back by restoring the safety snapshot"],
        absorbs=reached,
        needs=[dropped(part) for part in above],
        provides=[dropped(part) for part in (fact, *reached)],
        hazards=() if kept else data_loss(view, f"table:{table}", f"column {fact.name}"),
        lock=STRONGEST,
        rows=rows,
        bytes=bytes_,
    )
    if keeps_values(fact, view):
        draft = column_draft(fact, view, draft)
    return positions.noting_those_of(fact, draft, view)


def _goes_along(fact: Fact, view: View) -> bool:
    """Whether it goes by the statement for a parent's."""
    above = vanishing_above(fact, view)
    return comes_with_parent(fact, view) and not any(_only(part, view) for part in above)


def _only(fact: Fact, view: View) -> bool:
    """Whether a table below keeps the column that this one loses, and has it from no other parent."""
    below = along(fact, view, live=True)
    return any(view.stays(d.id) and not _others(d, fact, view) for d in below)


def _has_namesakes_below(fact: Fact, view: View) -> bool:
    """Whether a table below has such a column of its own, too, and keeps it."""
    below = (
        f"column:{child}.{last(fact.name)}" for child in children(fact.parent or "", view.live_dependents)
    )
    return any(view.stays(identity) for identity in below)


def _others(column: Fact, above: Fact, view: View) -> list[str]:
    return [identity for identity in governing(column, view) if identity != above.id]


def _with_column(fact: Fact, view: View) -> list[str]:
    """What is made anew with a column: also those that come and go by the statement for it, though they may
    stand on other things."""
    before = view.live.get(fact.id)
    again = [d.id for d in along(before, view, live=True)] if before and view.vanishes(fact.id) else []
    return [*made_with_table(fact, view), *_first_to_go(fact, view), *again]


def _computed(fact: Fact, view: View) -> tuple[str, ...]:
    """What it is computed with may stand on the table."""
    return (fact.id,) if "generated" in fact.attrs else ()


RULES: dict[str, Rule] = {
    "column": Rule(
        _create_column,
        _drop_column,
        column_changes.altered,
        rank=31,
        separable=_computed,
        along=_with_column,
        slots=identity_slot,
    ),
}
