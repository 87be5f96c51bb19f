"""Rules for indexes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from snapstore.model import Fact, Hazard, HazardName, Json
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View
from snapstore_postgres.expressions import before_clause, reparsable
from snapstore_postgres.kinds.indexes.attached_indexes import (
    attached_indexes,
    separable,
    vanishes_with_parent_index,
)
from snapstore_postgres.kinds.indexes.index_partitions import come_without_parts, made_after
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.relations.slots import relation_slot
from snapstore_postgres.relations.storage import option_statements


def _create_index(fact: Fact, view: View) -> Draft:
    rows, bytes_ = size(view, fact.parent or "")
    text = reparsable(fact.attrs["definition"])
    if fact.attrs.get("tablespace"):
        text = before_clause(text, f" TABLESPACE {fact.attrs['tablespace']}")
    return Draft(
        statements=[text, *_index_statistics(fact, {})],
        undo=[f"DROP INDEX {fact.name}"],
        needs=made_after(fact, view),
        lock="SHARE",
        rows=rows,
        bytes=bytes_,
        hazards=[Hazard(HazardName.INDEX_BUILD, f"builds {fact.name}", rows=rows, bytes=bytes_)]
        if bytes_
        else (),
    )


def _index_statistics(fact: Fact, before: Mapping[str, Json]) -> list[str]:
    now = fact.attrs.get("statistics", {})
    targets = {**dict.fromkeys(before, -1), **now}
    return [
        f"ALTER INDEX {fact.name} ALTER COLUMN {number} SET STATISTICS {value}"
        for number, value in sorted(targets.items())
        if before.get(number, -1) != value
    ]


def _drop_index(fact: Fact, view: View) -> Draft:
    if vanishes_with_parent_index(fact, view):
        return NOTHING
    return Draft(
        statements=[f"DROP INDEX {fact.name}"],
        undo=[fact.attrs["definition"]],
        absorbs=attached_indexes(fact, view),
        lock=STRONGEST,
    )


_PARAMETER = r"\w+=(?:'[^']*'|[\w.]+)"
_PARAMETERS = re.compile(rf" WITH \(({_PARAMETER}(?:, {_PARAMETER})*)\)(?= TABLESPACE | WHERE |$)")


def _alter_index(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    was, now = (_PARAMETERS.search(attrs["definition"]) for attrs in (old, new))
    same = _PARAMETERS.sub("", old["definition"], 1) == _PARAMETERS.sub("", new["definition"], 1)
    if not same or old.get("invalid") != new.get("invalid"):
        return None
    parameters = [found[1].split(", ") if found else [] for found in (was, now)]
    if parameters[0] != parameters[1] and on_partitioned(after, view):
        return None
    statements = stored_otherwise(after.name, *parameters)
    if old.get("tablespace") != new.get("tablespace"):
        statements.append(f"ALTER INDEX {after.name} SET TABLESPACE {new.get('tablespace', 'pg_default')}")
    statements += _index_statistics(after, old.get("statistics", {}))
    return Alteration(statements=statements, lock=STRONGEST)


def on_partitioned(fact: Fact, view: View) -> bool:
    """Whether it is a partitioned index, whose storage parameters cannot be altered."""
    return "partition_key" in view.target[fact.parent or ""].attrs


def stored_otherwise(index: str, was: Sequence[str], now: Sequence[str]) -> list[str]:
    """Statements that change the storage parameters of an index; what is in it already stays as it lies."""
    old, new = ([item.replace("'", "") for item in items] for items in (was, now))
    return option_statements(f"ALTER INDEX {index}", old, new)


RULES: dict[str, Rule] = {
    "index": Rule(
        _create_index,
        _drop_index,
        _alter_index,
        rank=52,
        separable=separable,
        slots=relation_slot,
        along=come_without_parts,
    ),
}
