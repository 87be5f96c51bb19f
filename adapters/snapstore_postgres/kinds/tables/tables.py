"""Rules for tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from snapstore.errors import Exit, SnapError
from snapstore.model import Fact
from snapstore.rules import Draft, Rule, View
from snapstore_postgres.kinds.constraints import late_checks
from snapstore_postgres.kinds.constraints.keys_to_partitions import of_table
from snapstore_postgres.kinds.constraints.merging import taken_off
from snapstore_postgres.kinds.partitions import detached
from snapstore_postgres.kinds.subscriptions import subscribers
from snapstore_postgres.kinds.tables import stripping
from snapstore_postgres.kinds.tables.new_table import created
from snapstore_postgres.kinds.tables.table_changes import altered
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.relations.inheritance import parents, partitions_below
from snapstore_postgres.relations.sizes import data_loss, size
from snapstore_postgres.relations.slots import row_slots
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.positions.noted_positions import noting_all
from snapstore_postgres.words import designation


def _drop_table(fact: Fact, view: View) -> Draft:
    rows, bytes_ = size(view, fact.id)
    carried = _made_anew(fact, view)
    subscribed = subscribers(fact.id, view)
    # The rows of a partitioned table are those of its partitions, which speak for themselves.
    rowless = carried or "partition_key" in fact.attrs
    draft = Draft(
        statements=[f"DROP {designation(fact)}"],
        undo=["put back by restoring the safety snapshot"],
        hazards=() if rowless else data_loss(view, fact.id, f"table {fact.name}"),
        needs=subscribed.before,
        # What changes of its parents would reach it, and what stands on it, unless it is detached before.
        provides=[
            *([detached(fact.name)] if _takes_leave(fact, view) else ()),
            *(taken_off(key.name) for key in of_table(fact, view)),
        ],
        lock=STRONGEST,
        rows=rows,
        bytes=bytes_,
    )
    bound = subscribed.copying or bytes_ != 0
    moves = archive.wanted(view) and bound and "partition_key" not in fact.attrs and not carried
    if subscribed.copying and not moves:
        _refuse_to_cut(fact, subscribed.copying[0], view)
    draft = stripping.table_draft(fact, view, draft) if moves else noting_all(fact, draft, view)
    return replace(draft, hazards=[*draft.hazards, *subscribed.hazards(fact.name, carried)])


def _takes_leave(fact: Fact, view: View) -> bool:
    """Whether its parents have it until it goes."""
    return f"partition:{fact.name}" not in view.apart.going and bool(parents(fact.name, view.live))


def _refuse_to_cut(table: Fact, subscription: str, view: View) -> None:
    raise SnapError(
        f"table {table.name} cannot be dropped while subscription {subscription} copies its rows",
        where=view.request.resource,
        fix=f"wait until it has done so, or run DROP SUBSCRIPTION {subscription}",
        code=Exit.REFUSED,
    )


def _made_anew(fact: Fact, view: View) -> bool:
    """Whether its rows are carried over into a new table: of this name, or that it was a partition of."""
    if fact.id in view.target:
        return True
    attachment = view.live.get(f"partition:{fact.name}")
    parent = view.live.get(f"table:{attachment.attrs['of']}") if attachment else None
    return parent is not None and view.vanishes(parent.id) and _made_anew(parent, view)


def _remade_with(table: Fact, view: View) -> Iterable[str]:
    """The partitions that a table made anew keeps, since its rows are put into the new tree, wherever they
    fit; and the checks that have to come to it."""
    yield from late_checks.live_above(table, view)
    if table.id not in view.live or "partition_key" not in table.attrs:
        return
    kept = set(partitions_below(table.id, view.target))
    yield from (identity for identity in partitions_below(table.id, view.live) if identity in kept)


RULES: dict[str, Rule] = {
    "table": Rule(created, _drop_table, altered, rank=30, slots=row_slots, along=_remade_with),
}
