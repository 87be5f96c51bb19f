"""The archive as text."""

from __future__ import annotations

from collections.abc import Sequence

from snapstore.model import Archived
from snapstore.render.style import name
from snapstore.render.values import count, size


def listed(found: Sequence[Archived]) -> str:
    """A line each: resource, when, what, and how much of it."""
    return "\n".join(_line(archived) for archived in found)


def _line(archived: Archived) -> str:
    much = [count(archived.rows, "row")] if archived.rows is not None else []
    much += [size(archived.bytes)] if archived.bytes is not None else []
    about = f" ({', '.join(much)})" if much else ""
    what = f"{name(archived.identity)}{about}, in {name(archived.place)}"
    return f"{name(archived.resource)}: {archived.archived_at}  {what}"
