"""The table of rules: how facts of each kind are created, dropped and altered."""

from __future__ import annotations

from snapstore.model import UNMODELLED
from snapstore.rules import NOTHING, Alteration, Rule
from snapstore_postgres.expressions import column_lists, growing, resolution
from snapstore_postgres.kinds import (
    aggregates,
    casts,
    cluster,
    collations,
    comments,
    database,
    default_privileges,
    event_triggers,
    extension_dependence,
    extensions,
    foreign_servers,
    labels,
    languages,
    large_objects,
    operator_classes,
    operators,
    partitions,
    policies,
    privileges,
    publications,
    rewrite_rules,
    routines,
    schemas,
    sequences,
    settings,
    statistics,
    subscriptions,
    supplied,
    text_search,
    triggers,
    views,
)
from snapstore_postgres.kinds.columns import columns, defaults
from snapstore_postgres.kinds.constraints import constraints
from snapstore_postgres.kinds.indexes import attached_indexes, index_uses, indexes
from snapstore_postgres.kinds.tables import tables
from snapstore_postgres.kinds.types import base_types, composites, domains, enums, ranges

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
    **aggregates.RULES,
    **triggers.RULES,
    **rewrite_rules.RULES,
    **policies.RULES,
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
    **settings.RULES,
    **supplied.RULES,
    **large_objects.RULES,
    **labels.RULES,
    **extension_dependence.RULES,
    **cluster.RULES,
}
for _kind in _GRANTED_BY_DEFAULT:
    RULES[_kind] = privileges.with_grants_of_owners(
        default_privileges.without_default_privileges(RULES[_kind])
    )
for _kind in _GRANTED_AND_OWNED:
    RULES[_kind] = privileges.with_grants_of_owners(RULES[_kind])
for _kind in resolution.PRINTED:
    RULES[_kind] = growing.left_alone(column_lists.behind_columns(resolution.read_anew(RULES[_kind])))
RULES["column"] = default_privileges.with_plain_identity(RULES["column"])
RULES["extension"] = default_privileges.without_defaults_for_members(RULES["extension"])
