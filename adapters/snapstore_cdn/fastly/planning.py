"""What plans know of Fastly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from snapstore.model import Hazard, HazardName, Json
from snapstore_cdn.fastly.kinds import (
    ALONE,
    ENTRY,
    ITEM,
    LIMITER,
    NUMBERS,
    ORDER,
    PACKAGE,
    PRIVATE,
    PRODUCTS,
    SERVER,
)
from snapstore_cdn.provider import Change, Traits

_SECRET = re.compile(r"(?:^|[^a-z])(?:secret|password|token|key)(?:[^a-z]|$)", re.IGNORECASE)
_CHECK, _OFF = "ssl_check_cert", (False, 0, "0", "false")


def _hazards(change: Change) -> Iterator[Hazard]:
    if change.kind == "domain" and change.after is None:
        yield Hazard(HazardName.DOWNTIME, f"{change.name.partition('/')[2]} is no longer answered")
    if change.kind == "backend" and change.after is not None:
        before: Mapping[str, object] = change.before or {}
        if change.after.get(_CHECK) in _OFF and before.get(_CHECK) not in _OFF:
            yield Hazard(HazardName.SECURITY, f"{change.name}: any certificate of the origin will do")
    if change.kind == LIMITER:
        yield Hazard(HazardName.SECURITY, f"{change.name}: whom this rate limiter keeps out changes")
    if change.kind == ENTRY:
        yield Hazard(HazardName.SECURITY, f"{change.name}: who is let in or kept out by this ACL changes")


def _obstacle(change: Change, hints: Mapping[str, Json]) -> str | None:
    if change.kind == PRIVATE:
        return "nobody is told the items of a private dictionary; write them yourself where they are gone"
    if change.kind == PACKAGE and int(change.earlier or 0) not in hints.get(NUMBERS, {}).get(change.name, ()):
        return "no version has it any more, and Fastly gives packages to nobody; deploy it yourself"
    return None


def _is_secret(identity: str, place: tuple[str, ...]) -> bool:
    """By the name of the field, and for an item by its key."""
    if identity.startswith(f"{ITEM}:"):
        place = (identity.split("/", 2)[2],)
    if identity.startswith(f"{LIMITER}:"):
        return False  # its ``client_key`` is what clients are told apart by
    return bool(place) and _SECRET.search(place[-1]) is not None


TRAITS = Traits(
    purge_takes="within a second",
    hazards=_hazards,
    obstacle=_obstacle,
    rank=lambda change: ORDER.get(change.kind, 0),
    is_secret=_is_secret,
    later=(*PRODUCTS, *ALONE, SERVER),
)
