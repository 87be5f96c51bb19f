"""Changes of a database to actions: the stages of a plan, in their order."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from snapstore.adapter import PlanRequest
from snapstore.drafting import actions as drafted
from snapstore.errors import Exit, SnapError
from snapstore.model import Action, DataMode, HazardName
from snapstore_postgres import blocks, columnorder, costs, lineage, renames, rights, versions
from snapstore_postgres.expressions import (
    before_growing,
    bodies,
    default_classes,
    immutable,
    made_too_late,
    resolution,
    rows_of_functions,
    sorting,
    vanished_casts,
)
from snapstore_postgres.kinds import cluster, partitions
from snapstore_postgres.kinds.columns.one_rewrite import with_one_rewrite
from snapstore_postgres.kinds.constraints import lost_not_nulls
from snapstore_postgres.kinds.indexes import index_partitions
from snapstore_postgres.kinds.rules import RULES
from snapstore_postgres.kinds.tables import toast
from snapstore_postgres.online import steps
from snapstore_postgres.relations import catalog_tables, inheritance, miscounted
from snapstore_postgres.renaming import doubts, moved_extensions
from snapstore_postgres.rows import forced_policies, still_empty
from snapstore_postgres.rows.archived import archive, taking_back
from snapstore_postgres.rows.carried import carry, naming
from snapstore_postgres.rows.chosen_rows.actions import with_rows
from snapstore_postgres.rows.chosen_rows.changes import split_rows
from snapstore_postgres.rows.disallowed import giving_up
from snapstore_postgres.rows.disallowed.told import told_first
from snapstore_postgres.rows.matviews import filled_meanwhile, refreshing
from snapstore_postgres.rows.partitions import homecoming
from snapstore_postgres.rows.types import checks_first


class _Prepared(NamedTuple):
    """The request as the stages see it, and what is to be seen to for having made it so."""

    asked: PlanRequest
    """As it came, but for what the live server's version does not know."""
    named: PlanRequest
    """With the names of the target on the live side."""
    schema: PlanRequest
    """The same without rows: what the rules are about."""
    counted: PlanRequest
    """The same, with the archived tables that the target wants as live ones."""
    rows: PlanRequest
    """With nothing but rows changed."""
    lacking: dict[str, str]
    """What the live server cannot have: identities with the reason."""
    renamed: renames.Renames
    back: list[Action]
    """What moves archived tables back."""


def plan(request: PlanRequest) -> list[Action]:
    """The actions. SnapError REFUSED where rows would be lost and ``--data refuse`` was asked for, or where
    only one side was captured with the cluster's roles."""
    cluster.require_same_scope(request)
    prepared = _prepared(request)
    actions = _with_rows(prepared, _drafted(prepared))
    actions = _looked_at_first(prepared.schema, archive.with_registry(prepared.schema, actions))
    actions = giving_up.joined(steps.in_steps(prepared.schema, actions))
    return _stated(prepared, _as_read(prepared, actions))


def _prepared(request: PlanRequest) -> _Prepared:
    asked, lacking = versions.fitted(request)
    renamed, renamings = renames.rename_back(asked)
    named = miscounted.set_right(moved_extensions.read_as_moved(renamed))
    named = rows_of_functions.before_columns(named)
    schema, rows = split_rows(lost_not_nulls.as_if_kept(named))
    counted, back = taking_back.take_back(schema, lambda fact: RULES[fact.kind].slots(fact))
    return _Prepared(asked, named, schema, counted, rows, lacking, renamings, back)


def _drafted(prepared: _Prepared) -> list[Action]:
    """As the rules write them. Which columns are made anew, and so come to lie behind the others, is known
    only then; tables for which that matters are made anew themselves."""
    schema = prepared.schema
    anew = columnorder.made_anew(schema) | rows_of_functions.taken_back_too_late(schema, prepared.counted)
    while True:
        actions = drafted(RULES, prepared.counted, anew, partial(_finished, prepared))
        more = columnorder.made_anew(schema, actions)
        if more <= anew:
            return actions
        anew |= more


def _finished(prepared: _Prepared, actions: list[Action]) -> list[Action]:
    """What the rules have written, before circles are looked for: with what concerns several facts."""
    counted, back = prepared.counted, prepared.back
    actions = inheritance.with_new_links(counted, columnorder.noted(prepared.schema, actions))
    actions = toast.with_toast_options(counted, index_partitions.behind_partitions(counted, actions))
    actions = carry.with_carried_rows(counted, partitions.after_detaching(counted, actions))
    return with_one_rewrite(taking_back.after_return(back, actions) if back else actions)


def _with_rows(prepared: _Prepared, actions: list[Action]) -> list[Action]:
    """The actions, with those that bring rows to where they belong, and behind those that rename."""
    counted = prepared.counted
    actions = lineage.noted(counted, homecoming.with_rows_back(counted, actions))
    actions = naming.named_anew(counted, actions)
    actions = refreshing.with_refreshes(counted, with_rows(prepared.rows, actions))
    actions = filled_meanwhile.with_sources_filled(counted, actions)
    actions = lost_not_nulls.lost_again(prepared.named, actions)
    actions = doubts.noted(prepared.asked, prepared.schema, actions)
    return renames.after_renaming(prepared.renamed, actions)


def _looked_at_first(request: PlanRequest, actions: list[Action]) -> list[Action]:
    """The actions, behind looks at the rows that may be in their way. SnapError where these would be lost and
    may not."""
    ahead = giving_up.before_refused if giving_up.are_given_up(request) else told_first
    actions = ahead(request, checks_first.before_anything(request, actions))
    if request.options.data is DataMode.REFUSE:
        _refuse_loss(request.resource, actions)
    return actions


def _as_read(prepared: _Prepared, actions: list[Action]) -> list[Action]:
    """The actions, with what it takes for the server to read their texts as they are meant."""
    request = prepared.schema
    actions = made_too_late.told(request, before_growing.before_they_grow(request, actions))
    actions = resolution.in_sight(request, actions)
    actions = sorting.for_a_moment(request, immutable.for_a_moment(request, actions))
    actions = vanished_casts.for_a_moment(request, actions)
    actions = catalog_tables.for_a_moment(prepared.counted, actions)
    actions = blocks.with_language(request, forced_policies.for_a_moment(request, actions))
    actions = default_classes.behind_classes(request, bodies.behind_bodies(request, actions))
    return columnorder.in_order(request, actions)


def _stated(prepared: _Prepared, actions: list[Action]) -> list[Action]:
    """The actions, with what they cost, what they rely on, and what the role or the server may not allow."""
    request = prepared.schema
    actions = versions.with_lacking(request.resource, prepared.lacking, rights.with_missing(request, actions))
    return costs.stated(request, still_empty.expecting(prepared.asked, request, actions))


def _refuse_loss(resource: str, actions: list[Action]) -> None:
    for action in actions:
        for hazard in action.hazards:
            if hazard.name is HazardName.DATA_LOSS:
                raise SnapError(
                    f"the restore would destroy {hazard.text}, about {hazard.rows} rows",
                    where=resource,
                    fix="use --data archive to keep them beside, or --data discard with --allow data-loss",
                    code=Exit.REFUSED,
                )
