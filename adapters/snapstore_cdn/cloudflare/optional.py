"""What only some zones have: those of another plan are told that there is no such thing."""

from __future__ import annotations

from snapstore.remote.cloudflare import Told, listed
from snapstore.remote.web import Api, RefusedError

_ABSENT = frozenset({1006, 1015, 1142})
"""Codes for what there is no such setting of, what is not in the plan, and what was never set."""


def answer_of(made: Api, path: str) -> Told | None:
    """What is there; None where the zone has no such thing. RefusedError where nobody may ask."""
    try:
        found: Told = made.call("GET", path)["result"]
        return found
    except RefusedError as error:
        _require_absent(error)
        return None


def all_of(made: Api, path: str, size: int) -> list[Told]:
    """The whole list; [] where the zone has no such thing."""
    try:
        return list(listed(made, path, size))
    except RefusedError as error:
        _require_absent(error)
        return []


def _require_absent(error: RefusedError) -> None:
    if error.status != 404 and not _ABSENT.intersection(error.codes):
        raise error
