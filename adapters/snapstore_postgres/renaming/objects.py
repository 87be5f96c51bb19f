"""The renaming of one object, with the names of what moves to another schema along with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore_postgres.names import last, parts, printed, qualifier
from snapstore_postgres.renaming import RELATIONS, Renaming, schema_of, split
from snapstore_postgres.renaming.evidence import holder
from snapstore_postgres.renaming.free_names import is_taken
from snapstore_postgres.renaming.statements import spare_names

KEYS = ("p", "u", "x")
"""The types of constraints that have an index: primary keys, unique ones and exclusions."""


def renaming_of(request: PlanRequest, identity: str, after: str) -> Renaming:
    """That of an object to the name that ``after`` has; both are identities of one kind."""
    kind, _, old = identity.partition(":")
    new = after.partition(":")[2]
    schema = split(kind, new)[0] if kind in RELATIONS else qualifier(old)
    return Renaming(kind, old, new, _moving_along(request, identity, schema))


def _moving_along(request: PlanRequest, identity: str, schema: str) -> dict[str, str]:
    """The names, before and after, of what moves with a relation to this schema."""
    if not identity.startswith(RELATIONS) or qualifier(identity.partition(":")[2]) == schema:
        return {}
    table = identity.partition(":")[2]
    columns = f"column:{table}."
    own, sequences = request.live.parts.get(identity, ()), request.live.kinds.get("sequence", ())
    parts_of = [f"{qualifier(table)}.{last(f.name)}" for f in _named_as_relations(request, identity)]
    parts_of += [fact.name for fact in sequences if (fact.parent or "").startswith(columns)]
    parts_of += [f.attrs["identity"]["sequence"] for f in own if "sequence" in f.attrs.get("identity", {})]
    return {name: f"{schema}.{last(name)}" for name in parts_of}


def free_on_the_way(request: PlanRequest, renaming: Renaming) -> Renaming:
    """The renaming; where an index or a key that moves along would meet another relation of its name, first
    one that gives it another name, of its own on both sides."""
    own = {last(part.name): part for part in _named_as_relations(request, renaming.before)}
    schema = schema_of(renaming.kind, renaming.new)
    if schema == schema_of(renaming.kind, renaming.old):
        return renaming
    for name, part in own.items():
        if holder(f"index:{schema}.{name}", request) is not None:
            return _to_free_name(request, part, schema)
    return renaming


def _named_as_relations(request: PlanRequest, identity: str) -> Iterator[Fact]:
    """The indexes of a table, and its keys, which have one each."""
    for part in request.live.parts.get(identity, ()):
        if part.kind == "index" or (part.kind == "constraint" and part.attrs.get("type") in KEYS):
            yield part


def _to_free_name(request: PlanRequest, part: Fact, schema: str) -> Renaming:
    """To a name that neither the schema it is in has, nor the one it goes to."""
    for spare in map(printed, spare_names(last(part.name))):
        if not any(is_taken(request, f"index:{where}.{spare}") for where in (parts(part.name)[0], schema)):
            break
    return with_index(Renaming(part.kind, part.name, f"{qualifier(part.name)}.{spare}"), part)


def with_index(renaming: Renaming, part: Fact) -> Renaming:
    """The renaming of a key, with the index that lies beside its table."""
    if part.kind != "constraint" or part.attrs.get("type") not in KEYS:
        return renaming
    schema = parts(renaming.old)[0]
    return replace(renaming, along={f"{schema}.{last(renaming.old)}": f"{schema}.{last(renaming.new)}"})
