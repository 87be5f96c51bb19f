"""What plans know of Fastly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from snapstore.model import Hazard, HazardName
from snapstore_cdn.fastly.kinds import ORDER
from snapstore_cdn.provider import Change, Traits

_SECRET = re.compile(r"(?:^|_)(?:secret|password|token|key)(?:_|$)")
_CHECK, _OFF = "ssl_check_cert", (False, 0, "0", "false")


def _hazards(change: Change) -> Iterator[Hazard]:
    if change.kind == "domain" and change.after is None:
        yield Hazard(HazardName.DOWNTIME, f"{change.name.partition('/')[2]} is no longer answered")
    if change.kind == "backend" and change.after is not None:
        before: Mapping[str, object] = change.before or {}
        if change.after.get(_CHECK) in _OFF and before.get(_CHECK) not in _OFF:
            yield Hazard(HazardName.SECURITY, f"{change.name}: any certificate of the origin will do")


def _is_secret(identity: str, place: tuple[str, ...]) -> bool:
    return bool(place) and _SECRET.search(place[-1]) is not None


TRAITS = Traits(
    purge_takes="within a second",
    hazards=_hazards,
    rank=lambda change: ORDER.get(change.kind, 0),
    is_secret=_is_secret,
)
