"""What restores have put aside in the live systems, over all resources."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from msgspec import structs

from snapstore import adapter as adapters
from snapstore.capture import adapter_error, context_of
from snapstore.model import Archived, Scope
from snapstore.take import in_scope
from snapstore.workspace import Workspace


def kept(ws: Workspace, scope: Scope) -> list[Archived]:
    """All that lies in the archives of the resources in scope, by resource, oldest first."""
    return [found for resource in in_scope(ws, scope) for found in _of(ws, resource)]


def prune(ws: Workspace, found: Sequence[Archived]) -> None:
    """Remove these for good, those of one resource all or none. Not while a restore runs."""
    with ws.store.lock("gc"):
        for resource, group in groupby(found, key=lambda archived: archived.resource):
            config = ws.config.resources[resource]
            places = [archived.place for archived in group]
            try:
                adapter = adapters.load(config.adapter)
                adapter.prune(config.settings, context_of(ws.config, ws.keys, resource), places)
            except Exception as error:
                raise adapter_error(resource, error) from error


def _of(ws: Workspace, resource: str) -> list[Archived]:
    config = ws.config.resources[resource]
    try:
        adapter = adapters.load(config.adapter)
        found = adapter.archived(config.settings, context_of(ws.config, ws.keys, resource))
    except Exception as error:
        raise adapter_error(resource, error) from error
    return [structs.replace(archived, resource=resource) for archived in found]
