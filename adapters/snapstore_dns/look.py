"""Looking at zones for ``snap doctor``."""

from __future__ import annotations

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Notice
from snapstore.remote.retrying import surely
from snapstore_dns.provider import Provider, opened
from snapstore_dns.settings import Settings


def check(settings: Settings, context: Context) -> list[Notice]:
    """[] when every zone can be read; otherwise what stands in the way."""
    try:
        with opened(settings, context.resource) as provider:
            return [notice for name in provider.names() for notice in _check(provider, name)]
    except SnapError as error:
        return [Notice(context.resource, error.what)]


def _check(provider: Provider, name: str) -> list[Notice]:
    try:
        zone = surely(lambda: provider.read(name), provider.lost)
    except SnapError as error:
        return [Notice(name, error.what)]
    return [
        Notice(name, f"{one.owner}/{one.type}, {one.why}, is seen and left alone") for one in zone.unmodelled
    ]
