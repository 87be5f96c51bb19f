"""What has to be away while a column changes."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import View
from snapstore_postgres.kinds.columns.changing_column import Changing
from snapstore_postgres.kinds.columns.identities import identity_slot
from snapstore_postgres.names import qualifier
from snapstore_postgres.rows.disallowed.unvalidated import is_validated_below
from snapstore_postgres.rows.types.held_rows import holds


def displaces(change: Changing, dependent: Fact) -> bool:
    """Whether what stands on the column has to be away: for a new type much, for a new source its default."""
    if dependent.kind == "comment":
        return change.not_null_differs and dependent.id.startswith("comment:not_null:")
    if change.reindexes and _is_index_or_key(dependent):
        return True
    if dependent.id in (*change.violated, *change.forgotten):
        return True
    if change.rewritten and holds(dependent, change.before.parent or ""):
        return True
    if dependent.kind == "partition" and (change.not_null_renames or dependent.id in _leaving(change)):
        return True
    if change.retyped:
        return _is_in_the_way_of_type(change, dependent)
    if dependent.kind == "identity_sequence":  # what is said of it is taken back under its name
        return dependent.id not in numbers_by(change.after)
    return change.source_differs and dependent.kind == "default"


def _leaving(change: Changing) -> set[str]:
    """The attachments of partitions that are detached meanwhile, so as not to lose a NOT NULL."""
    return {f"partition:{qualifier(column.partition(':')[2])}" for column in change.losing}


def _is_in_the_way_of_type(change: Changing, dependent: Fact) -> bool:
    view = change.view
    kept = change.keeps_rows and _is_plain_foreign_key(dependent, view)
    if blocks_type_change(dependent) and not kept:
        return True
    # What goes anyway has to be gone: the server would read it anew with the new type.
    return view.vanishes(dependent.id) or is_validated_below(dependent, view)


_BLOCKS_TYPE_CHANGE = (
    "view",
    "matview",
    "policy",
    "rule",
    "trigger",
    "default",
    "column",
    "function",
    "procedure",
    "publication_member",
)


def blocks_type_change(dependent: Fact) -> bool:
    """What PostgreSQL does not rebuild by itself when a column it stands on gets another type.

    Foreign keys it would rebuild, but against a column whose type may change later in the same plan; indexes
    and extended statistics too, but without their statistics targets. Of keys that include the column it
    forgets the foreign keys that refer to them.
    """
    if dependent.kind == "constraint":
        return bool(dependent.attrs.get("type") == "f") or _includes(dependent)
    if dependent.kind == "index":
        return "statistics" in dependent.attrs or _includes(dependent)
    if dependent.kind == "statistics":
        return "target" in dependent.attrs
    return dependent.kind in _BLOCKS_TYPE_CHANGE


def is_rebuilt_otherwise(dependent: Fact, view: View) -> bool:
    """What a server rebuilds on partitions has the names that it gives to new ones, and is on all of them."""
    return _is_index_or_key(dependent) and "partition_key" in view.live[dependent.parent or ""].attrs


def _is_index_or_key(fact: Fact) -> bool:
    return fact.kind in ("index", "constraint") and fact.attrs.get("type") != "c"


def _includes(key: Fact) -> bool:
    definition = str(key.attrs.get("definition", ""))
    return definition.startswith(("PRIMARY KEY", "UNIQUE", "CREATE UNIQUE")) and " INCLUDE (" in definition


def _is_plain_foreign_key(fact: Fact, view: View) -> bool:
    """Whether it is one that the server makes anew under the same name, and without looking at a row where
    the values stay as they are stored: a foreign key between tables without partitions."""
    if fact.kind != "constraint" or fact.attrs["type"] != "f":
        return False
    columns = (view.live[need] for need in fact.needs if need.startswith("column:"))
    return not any("partition_key" in view.live[column.parent or ""].attrs for column in columns)


def numbers_by(column: Fact) -> list[str]:
    """What is said of the sequence of an identity column, by its name."""
    sequences = (slot.partition(":")[2] for slot in identity_slot(column))
    return [f"identity_sequence:{name}" for name in sequences]
