"""What plans know of Varnish."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from snapstore.model import Hazard, HazardName, Json
from snapstore_cdn.provider import Change, Traits
from snapstore_cdn.varnish.facts import ACTIVE, PARAM, VCL
from snapstore_cdn.varnish.parameters import is_compiling


def _hazards(change: Change) -> Iterator[Hazard]:
    after = change.after or {}
    if change.kind != PARAM:
        old = (change.before or {}).get("health", {})
        for name, health in after.get("health", {}).items():
            if health == "sick" and old.get(name) != "sick":
                yield Hazard(
                    HazardName.DOWNTIME, f"the backend {name} gets no requests: it is told to be sick"
                )
    elif change.name == "vcc_allow_inline_c" and after.get("value") == "on":
        yield Hazard(HazardName.SECURITY, "VCL may hold C: who may load it may do anything on the host")
    elif change.name == "vcc_unsafe_path" and after.get("value") == "on":
        yield Hazard(HazardName.SECURITY, "VCL may include files from anywhere")


def _obstacle(change: Change, hints: Mapping[str, Json]) -> str | None:
    if change.id == ACTIVE and change.after is None:
        return "a server that has an active VCL keeps one"
    if change.kind != PARAM:
        return None
    if change.before is None:
        return "this version of Varnish has no such parameter"
    if change.name in hints.get("protected", ()):
        return "the server was started with it read-only (varnishd -r)"
    return None


def _rank(change: Change) -> int:
    """What the compiler goes by, then programs, then the rest: a program that does not compile then changes
    nothing."""
    if change.kind == PARAM:
        return 0 if is_compiling(change.name) else 3
    return 2 if change.kind == VCL or change.after is None else 1


def _left_alone(change: Change) -> bool:
    """Parameters that only a newer version has."""
    return change.kind == PARAM and change.after is None


TRAITS = Traits(
    purge_takes="at once",
    hazards=_hazards,
    obstacle=_obstacle,
    rank=_rank,
    left_alone=_left_alone,
)
