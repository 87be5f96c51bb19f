"""Names that nothing has: for what makes way, and for what would meet another of its name."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.adapter import PlanRequest
from snapstore_postgres.names import last, printed, qualifier
from snapstore_postgres.renaming import IN_SCHEMAS, split
from snapstore_postgres.renaming.evidence import holder
from snapstore_postgres.renaming.statements import spare_names


def is_taken(request: PlanRequest, identity: str) -> bool:
    return holder(identity, request) is not None


def aside(identity: str, *requests: PlanRequest) -> str:
    """Another name for it, that nothing has on any side of these requests."""
    spares = _spare_identities(identity)
    return next(name for name in spares if all(_is_free(name, request) for request in requests))


def _spare_identities(identity: str) -> Iterator[str]:
    kind, _, name = identity.partition(":")
    if kind in IN_SCHEMAS:
        schema, plain, behind = split(kind, name)
        before = f"{kind}:{schema}."
    else:
        before, plain, behind = f"{kind}:{qualifier(name)}{'.' if qualifier(name) else ''}", last(name), ""
    return (before + printed(spare) + behind for spare in spare_names(plain))


def _is_free(identity: str, request: PlanRequest) -> bool:
    return holder(identity, request) is None and identity not in request.target
