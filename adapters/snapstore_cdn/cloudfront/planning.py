"""What plans know of CloudFront."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from snapstore.model import Hazard, HazardName
from snapstore_cdn.cloudfront.kinds import DISTRIBUTION
from snapstore_cdn.provider import Attrs, Change, Traits

_OPEN = "allow-all"


def _hazards(change: Change) -> Iterator[Hazard]:
    if change.kind != DISTRIBUTION or change.before is None or change.after is None:
        return
    name, before, after = change.name, change.before, change.after
    if before.get("Enabled") and not after.get("Enabled"):
        yield Hazard(HazardName.DOWNTIME, f"{name} is disabled: it answers nobody")
    for alias in sorted(set(before.get("Aliases", [])) - set(after.get("Aliases", []))):
        yield Hazard(HazardName.DOWNTIME, f"{name} no longer answers for {alias}")
    if before.get("WebACLId") and not after.get("WebACLId"):
        yield Hazard(HazardName.SECURITY, f"{name} has no web ACL any more")
    yield from _opened(name, before, after)


def _opened(name: str, before: Attrs, after: Attrs) -> Iterator[Hazard]:
    old, new = _behaviors(before), _behaviors(after)
    for path, behavior in new.items():
        was = old.get(path, old["*"])
        if behavior.get("ViewerProtocolPolicy") == _OPEN and was.get("ViewerProtocolPolicy") != _OPEN:
            yield Hazard(HazardName.SECURITY, f"{name} {path}: answers without TLS")
        for field in ("TrustedSigners", "TrustedKeyGroups"):
            if _is_on(was, field) and not _is_on(behavior, field):
                yield Hazard(HazardName.SECURITY, f"{name} {path}: needs no signed URL any more")


def _behaviors(attrs: Attrs) -> dict[str, Mapping[str, Any]]:
    found = {one["PathPattern"]: one for one in attrs.get("CacheBehaviors", [])}
    return {"*": attrs.get("DefaultCacheBehavior", {}), **found}


def _is_on(behavior: Mapping[str, Any], field: str) -> bool:
    return bool(isinstance(behavior.get(field), dict) and behavior[field].get("Enabled"))


def _left_alone(change: Change) -> bool:
    """Distributions that one of two captures was not asked for: none is made or removed here."""
    return change.kind == DISTRIBUTION and (change.before is None or change.after is None)


TRAITS = Traits(
    purge_takes="a minute or two",
    hazards=_hazards,
    rank=lambda change: 1 if change.kind == DISTRIBUTION else 0,
    left_alone=_left_alone,
    goes_by_itself=lambda change: change.kind != DISTRIBUTION and change.after is None,
    is_secret=lambda identity, place: place[-2:] == ("CustomHeaders", "HeaderValue"),
)
