"""Changes of a database to actions: the table of rules, and what concerns the plan as a whole."""

from __future__ import annotations

from snapstore.adapter import PlanRequest
from snapstore.drafting import Finish
from snapstore.drafting import actions as drafted
from snapstore.errors import Exit, SnapError
from snapstore.model import UNMODELLED, Action, DataMode, HazardName
from snapstore.rules import NOTHING, Alteration, Rule
from snapstore_postgres import blocks, columnorder, costs, lineage, renames, rights, versions
from snapstore_postgres.expressions import (
    before_growing,
    bodies,
    default_classes,
    growing,
    immutable,
    resolution,
    sorting,
    vanished_casts,
)
from snapstore_postgres.kinds import (
    attached_indexes,
    base_types,
    casts,
    cluster,
    collations,
    columns,
    comments,
    composites,
    constraints,
    database,
    default_privileges,
    defaults,
    domains,
    enums,
    event_triggers,
    extensions,
    foreign_servers,
    index_partitions,
    index_uses,
    indexes,
    languages,
    lost_not_nulls,
    operator_classes,
    operators,
    partitions,
    privileges,
    publications,
    ranges,
    routines,
    schemas,
    sequences,
    statistics,
    subscriptions,
    tables,
    text_search,
    toast,
    views,
)
from snapstore_postgres.kinds.one_rewrite import with_one_rewrite
from snapstore_postgres.online import steps
from snapstore_postgres.relations import catalog_tables, inheritance, miscounted
from snapstore_postgres.renaming import doubts, moved_extensions
from snapstore_postgres.rows import (
    archive,
    carry,
    checks_first,
    disallowed,
    filled_meanwhile,
    forced_policies,
    giving_up,
    homecoming,
    naming,
    refreshing,
    still_empty,
    taking_back,
)
from snapstore_postgres.rows.chosen_rows.actions import with_rows
from snapstore_postgres.rows.chosen_rows.changes import split_rows

_GRANTED_BY_DEFAULT = ("table", "view", "matview", "sequence", "function", "procedure", "aggregate", "enum",
                       "composite", "domain", "range", "base_type", "schema", "large_object")  # fmt: skip
_GRANTED_AND_OWNED = ("database", "tablespace", "language", "fdw", "server")

RULES: dict[str, Rule] = {
    **schemas.RULES,
    **extensions.RULES,
    **collations.RULES,
    **enums.RULES,
    **composites.RULES,
    **domains.RULES,
    UNMODELLED: Rule(lambda f, v: NOTHING, lambda f, v: NOTHING, lambda b, a, v: Alteration()),
    **ranges.RULES,
    **tables.RULES,
    **columns.RULES,
    **defaults.RULES,
    **sequences.RULES,
    **constraints.RULES,
    **indexes.RULES,
    **attached_indexes.RULES,
    **index_uses.RULES,
    **partitions.RULES,
    **views.RULES,
    **routines.RULES,
    **base_types.RULES,
    **operators.RULES,
    **operator_classes.RULES,
    **casts.RULES,
    **languages.RULES,
    **statistics.RULES,
    **event_triggers.RULES,
    **text_search.RULES,
    **foreign_servers.RULES,
    **publications.RULES,
    **subscriptions.RULES,
    **comments.RULES,
    **privileges.RULES,
    **default_privileges.RULES,
    **database.RULES,
    **cluster.RULES,
}
for _kind in _GRANTED_BY_DEFAULT:
    RULES[_kind] = privileges.with_grants_of_owners(
        default_privileges.without_default_privileges(RULES[_kind])
    )
for _kind in _GRANTED_AND_OWNED:
    RULES[_kind] = privileges.with_grants_of_owners(RULES[_kind])
for _kind in resolution.PRINTED:
    RULES[_kind] = growing.left_alone(resolution.read_anew(RULES[_kind]))
RULES["column"] = default_privileges.with_plain_identity(RULES["column"])
RULES["extension"] = default_privileges.without_defaults_for_members(RULES["extension"])


def plan(request: PlanRequest) -> list[Action]:
    """The actions. SnapError REFUSED where rows would be lost and ``--data refuse`` was asked for, or where
    only one side was captured with the cluster's roles."""
    cluster.require_same_scope(request)
    request, lacking = versions.fitted(request)
    asked = request
    request, renamed = renames.rename_back(request)
    named = miscounted.set_right(moved_extensions.read_as_moved(request))
    request, changed_rows = split_rows(lost_not_nulls.as_if_kept(named))
    counted, back = taking_back.take_back(request, lambda fact: RULES[fact.kind].slots(fact))

    def finish(actions: list[Action]) -> list[Action]:
        actions = inheritance.with_new_links(counted, columnorder.noted(request, actions))
        actions = toast.with_toast_options(counted, index_partitions.behind_partitions(counted, actions))
        actions = carry.with_carried_rows(counted, partitions.after_detaching(counted, actions))
        return with_one_rewrite(taking_back.after_return(back, actions) if back else actions)

    actions = _drafted(request, counted, finish)
    actions = lineage.noted(counted, homecoming.with_rows_back(counted, actions))
    actions = naming.named_anew(counted, actions)
    actions = refreshing.with_refreshes(counted, with_rows(changed_rows, actions))
    actions = filled_meanwhile.with_sources_filled(counted, actions)
    actions = lost_not_nulls.lost_again(named, actions)
    actions = renames.after_renaming(renamed, doubts.noted(asked, request, actions))
    actions = archive.with_registry(request, actions)
    ahead = giving_up.before_refused if giving_up.are_given_up(request) else disallowed.told_first
    actions = ahead(request, checks_first.before_anything(request, actions))
    if request.options.data is DataMode.REFUSE:
        _refuse_loss(request.resource, actions)
    actions = before_growing.before_they_grow(request, giving_up.joined(steps.in_steps(request, actions)))
    actions = resolution.in_sight(request, actions)
    actions = sorting.for_a_moment(request, immutable.for_a_moment(request, actions))
    actions = vanished_casts.for_a_moment(request, actions)
    actions = forced_policies.for_a_moment(request, catalog_tables.for_a_moment(counted, actions))
    actions = blocks.with_language(request, actions)
    actions = default_classes.behind_classes(request, bodies.behind_bodies(request, actions))
    actions = versions.with_lacking(request.resource, lacking, rights.with_missing(request, actions))
    return costs.stated(request, still_empty.expecting(asked, request, actions))


def _drafted(request: PlanRequest, counted: PlanRequest, finish: Finish) -> list[Action]:
    """As the rules write them. Which columns are made anew, and so come to lie behind the others, is known
    only then; tables for which that matters are made anew themselves."""
    anew = columnorder.made_anew(request)
    while True:
        actions = drafted(RULES, counted, anew, finish)
        more = columnorder.made_anew(request, actions)
        if more <= anew:
            return actions
        anew |= more


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
