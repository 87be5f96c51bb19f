"""Looking at a cache for ``snap doctor``."""

from __future__ import annotations

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Notice
from snapstore.remote.retrying import surely
from snapstore_cdn.provider import opened
from snapstore_cdn.settings import Settings


def check(settings: Settings, context: Context) -> list[Notice]:
    """[] when all can be read; otherwise what stands in the way. What is not captured, ``take`` says."""
    try:
        with opened(settings, context) as provider:
            surely(provider.read, provider.lost)
    except SnapError as error:
        return [Notice(context.resource, error.what)]
    return []
