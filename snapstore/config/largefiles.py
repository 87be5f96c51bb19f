"""The table ``[large_files]``: which files are kept beside Git, and where."""

from __future__ import annotations

import re
import sys

import msgspec

from snapstore.config.sizes import size
from snapstore.config.source import Source
from snapstore.large import LargeSettings


class LargeFilesTable(msgspec.Struct, forbid_unknown_fields=True):
    """Which files are kept beside Git, with Git LFS pointers in their place, and where."""

    limit: str = "100MB"
    url: str | None = None
    options: dict[str, str] = {}


def large_settings(source: Source, table: LargeFilesTable) -> LargeSettings:
    """What the table says. SnapError when it makes no sense."""
    if table.url and not re.match(r"[a-z0-9+]+://", table.url):
        fix = "write the address of a bucket, such as s3://bucket/prefix; without it they are in the store"
        raise source.error(("large_files", "url"), "`large_files.url` is no URL", fix)
    limit = sys.maxsize
    if table.limit != "off":
        limit = size(source, ("large_files", "limit"), table.limit, ', or "off" to keep all in Git')
    return LargeSettings(max(limit, 1), table.url, dict(table.options))
