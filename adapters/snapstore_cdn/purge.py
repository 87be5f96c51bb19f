"""What a cache is told to forget."""

from __future__ import annotations

import msgspec

EVERYTHING, TAG, PATH = "everything", "tag", "path"


class Purge(msgspec.Struct, frozen=True):
    """What is purged: ``everything``, what carries a ``tag``, or a ``path``, of one ``host`` or of any."""

    what: str
    name: str = ""
    host: str = ""


def purge_of(text: str) -> Purge:
    """The purge of a setting."""
    if text == EVERYTHING:
        return Purge(EVERYTHING)
    if text.startswith(f"{TAG}:"):
        return Purge(TAG, text.partition(":")[2])
    host, _, path = text.partition("/")
    return Purge(PATH, f"/{path}", host)
