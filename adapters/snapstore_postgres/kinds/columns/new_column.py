"""How a column comes: by which statements, with which values, and what has to be there before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from snapstore.model import Fact, Hazard
from snapstore.rules import NOTHING, Draft, View
from snapstore_postgres.kinds.columns import column_values, generated
from snapstore_postgres.kinds.columns.column_text import (
    column_secrets,
    column_settings,
    foreign_settings,
    without_default,
)
from snapstore_postgres.kinds.columns.identities import identity_statements
from snapstore_postgres.kinds.constraints.flags import flags_below
from snapstore_postgres.kinds.types.domain_checks import checks_before
from snapstore_postgres.names import last
from snapstore_postgres.relations import STRONGEST, table_of
from snapstore_postgres.relations.inheritance import (
    along,
    comes_with_parent,
    given_by,
    goes_along,
    own_parts_below,
)
from snapstore_postgres.relations.miscounted import marked_below
from snapstore_postgres.relations.no_inherit import around_identity
from snapstore_postgres.relations.notnull import is_inherited
from snapstore_postgres.relations.notnull_changes import validated_below
from snapstore_postgres.relations.notnull_names import without_namesake
from snapstore_postgres.relations.sizes import rewrite_hazard
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.disallowed.lost_labels import keeps_none
from snapstore_postgres.rows.disallowed.unvalidated import never_validated
from snapstore_postgres.rows.positions import positions
from snapstore_postgres.rows.stand_ins import filled_apart, filling, gaps, label_stand_ins, namesakes
from snapstore_postgres.rows.types.held_rows import holders
from snapstore_postgres.rows.types.widening import widens
from snapstore_postgres.rows.values.of_columns import left_above, values_of


@dataclass(frozen=True)
class _Coming:
    """A column that comes, and where rows that are there already have their values from."""

    fact: Fact
    view: View

    @cached_property
    def reached(self) -> Sequence[Fact]:
        """The columns of tables below that come by the same statement."""
        return along(self.fact, self.view, live=False)

    @cached_property
    def rewrites(self) -> bool:
        """Whether the server itself writes values into all rows."""
        attrs = self.fact.attrs
        return "identity" in attrs or attrs.get("generated", {}).get("kind") == "s"

    @cached_property
    def has_rows(self) -> bool:
        """Whether rows may be there. Into a table that is made anew they come later, with their values."""
        return not self.view.appears(self.fact.parent or "")

    @cached_property
    def back(self) -> list[tuple[Fact, archive.Entry]]:
        """The columns that get values from the archive, and where these lie."""
        written = self.has_rows and "generated" not in self.fact.attrs
        columns = (self.fact, *self.reached) if written else ()
        return [(column, entry) for column in columns for entry in _values_of(column, self.view)]

    @cached_property
    def namesake(self) -> Fact | None:
        """The column whose values it gets, since nobody can tell the two apart."""
        return namesakes.namesake(self.fact, self.view) if self.has_rows else None

    @cached_property
    def lacking(self) -> Sequence[Fact]:
        """The columns for whose values something has to stand in."""
        by_server = self.rewrites or not self.has_rows
        return [] if by_server else filled_apart.lacking(self.fact, self.reached, self.view)

    @cached_property
    def at_once(self) -> list[str]:
        """Statements by which it comes with a constant that stands in, where no row gets anything else."""
        alone = self.lacking == [self.fact] and not self.back and self.namesake is None
        return column_values.with_constant(self.fact, self.reached, self.view) if alone else []

    @cached_property
    def written(self) -> bool:
        """Whether updates write its values."""
        return bool(self.back or self.namesake or (self.lacking and not self.at_once))


def created(fact: Fact, view: View) -> Draft:
    """The rule by which a column comes, unless its table or the statement for a parent's brings it."""
    made_with_table = view.appears(fact.parent or "") and fact.id not in view.apart.coming
    if made_with_table or comes_with_parent(fact, view):
        return NOTHING
    coming = _Coming(_counted_later(fact, view), view)
    made, absorbed = _made(coming)
    rewriting = rewrite_hazard(view, fact.parent or "") if coming.rewrites or coming.written else ()
    return Draft(
        summary=_stands_in(fact) if coming.lacking else "",
        statements=[*without_namesake(fact, view), *made, *_behind(fact, coming.reached, view)],
        undo=[f"ALTER TABLE {table_of(fact)} DROP COLUMN {last(fact.name)}"],
        secrets=column_secrets(fact),
        absorbs=[*coming.reached, *absorbed],
        needs=[*_needed(coming)],
        provides=[part for column in (fact, *coming.reached) for part in first_to_go(column, view)],
        lock=STRONGEST,
        hazards=[*rewriting, *_hazards(coming)],
    )


def _counted_later(fact: Fact, view: View) -> Fact:
    """The column, without its identity where it is NOT NULL by a parent's alone, and that comes behind it."""
    later = is_inherited(fact.attrs.get("not_null")) and any(map(view.appears, given_by(fact, view)))
    attrs = {key: value for key, value in fact.attrs.items() if not (later and key == "identity")}
    return Fact(fact.id, attrs, fact.parent, fact.needs)


def _made(coming: _Coming) -> tuple[list[str], Sequence[Fact]]:
    """The statements that make it, and the default that comes with them."""
    fact, reached, view = coming.fact, coming.reached, coming.view
    if coming.written:
        return column_values.returning(fact, coming.back, coming.lacking, coming.namesake, view), ()
    if coming.at_once:
        return coming.at_once, ()
    return column_values.added(fact, reached, view)


def _hazards(coming: _Coming) -> Iterator[Hazard]:
    """What nobody proves of the values that a column gets."""
    if coming.back:
        yield from label_stand_ins.hazards(coming.fact, coming.view)
        yield from (gaps.may_not_fit(c, coming.view) for c in coming.lacking if _may_not_fit(c, coming))
    elif coming.namesake:
        yield namesakes.hazard(coming.fact, coming.view)
    else:
        yield from (gaps.hazard(column, coming.view) for column in coming.lacking)


def _behind(fact: Fact, reached: Sequence[Fact], view: View) -> Iterator[str]:
    """Statements for what is said of a column once it is there, and of those that come by the statement for
    it."""
    yield from around_identity(fact, view)[1]
    for column in (fact, *reached):
        yield from column_settings(column, view)
    yield from (statement for column in reached for statement in foreign_settings(column, {}))
    yield from validated_below(fact, reached)
    yield from generated.own_expressions(fact, reached)
    yield from without_default([c for c in reached if not _counts_along(c, fact, view)], view)
    yield from flags_below(fact, reached, view)
    yield from _counting_below(fact, reached, view)


def _counting_below(fact: Fact, reached: Sequence[Fact], view: View) -> Iterator[str]:
    """Statements by which columns below count that come with this one, or are NOT NULL by it."""
    own = (c for c in own_parts_below(fact, view) if is_inherited(c.attrs.get("not_null")))
    for column in (*reached, *own):
        identity = column.attrs.get("identity")
        if identity and not _counts_along(column, fact, view):
            yield from identity_statements(column, None, identity, view)
            yield from positions.of_new_identity(column, view)


def _needed(coming: _Coming) -> Iterator[str]:
    """What is to be there before a column: by what its values are found, what they are held against, and what
    those are made of that stand in."""
    fact, view = coming.fact, coming.view
    yield from _keys(coming.back)
    yield from (above for above, _ in left_above(fact, view) if above in view.target)
    for column in (fact, *coming.reached):
        yield from checks_before(column, view)
    yield from (column.id for column in own_parts_below(fact, view))
    yield from marked_below(fact, view)
    yield from _calls_of_default(fact, view) if coming.back else ()
    for column in (*coming.lacking, *([fact] if coming.namesake else ())):
        yield from filling.needs(column, view)
    if coming.namesake:
        yield coming.namesake.id


def first_to_go(column: Fact, view: View) -> list[str]:
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


def _may_not_fit(column: Fact, coming: _Coming) -> bool:
    """Whether its values in the archive have other labels, or are of a type of the server's with other values
    than its own."""
    new, view = column.attrs["type"], coming.view
    if keeps_none(column, view):
        return archive.kept(view.request, column.id, "column") is None  # which has those of its labels
    kinds = [entry.facts.get("type", new) for to, entry in coming.back if to.id == column.id]
    return any("." not in kind + new and not widens(kind, new) for kind in kinds)


def _values_of(column: Fact, view: View) -> list[archive.Entry]:
    """Where its values lie. Those of one that went with its parent's are among the parent's."""
    before = view.live.get(column.id)
    along = before is not None and goes_along(before, view)
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
