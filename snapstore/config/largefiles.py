"""The table ``[large_files]``: which files are kept beside Git, and where."""

from __future__ import annotations

import re
import sys

import msgspec

from snapstore.config.source import Source
from snapstore.large import LargeSettings

_UNITS = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_UNITS |= {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


class LargeFilesTable(msgspec.Struct, forbid_unknown_fields=True):
    """Which files are kept beside Git, with Git LFS pointers in their place, and where."""

    limit: str = "100MB"
    url: str | None = None
    options: dict[str, str] = {}


def large_settings(source: Source, table: LargeFilesTable) -> LargeSettings:
    """What the table says. SnapError when it makes no sense."""
    found = re.fullmatch(rf"(\d{{1,12}})\s*({'|'.join(_UNITS)})?", table.limit)
    if found is None and table.limit != "off":
        fix = 'write "100MB" or "2GiB", or "off" to keep all in Git'
        raise source.error(("large_files", "limit"), "`large_files.limit` is no size", fix)
    if table.url and not re.match(r"[a-z0-9+]+://", table.url):
        fix = "write the address of a bucket, such as s3://bucket/prefix; without it they are in the store"
        raise source.error(("large_files", "url"), "`large_files.url` is no URL", fix)
    limit = int(found[1]) * _UNITS[found[2] or "B"] if found else sys.maxsize
    return LargeSettings(max(limit, 1), table.url, dict(table.options))
