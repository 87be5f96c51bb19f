"""What Cloudflare does to every request and answer where it is switched on: headers that it adds or removes,
and one form of addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from snapstore.model import Fact, Json
from snapstore.remote.cloudflare import Told
from snapstore.remote.web import Api
from snapstore_cdn.cloudflare.kinds import TRANSFORM, Place
from snapstore_cdn.cloudflare.optional import answer_of
from snapstore_cdn.provider import Change

_HEADERS, _URLS = "managed_headers", "url_normalization"
_SIDES = ("managed_request_headers", "managed_response_headers")


def read(made: Api, place: Place, wants: Callable[[str], bool]) -> Iterator[Fact]:
    """Those that are wanted, where the plan of the zone has them."""
    for name, plain in ((_HEADERS, _switched_on), (_URLS, dict)):
        identity = f"{TRANSFORM}:{place.name}/{name}"
        told = answer_of(made, f"{place.path}/{name}") if wants(identity) else None
        if told is not None:
            yield Fact(identity, plain(told))


def _switched_on(told: Told) -> dict[str, Json]:
    return {side: sorted(one["id"] for one in told[side] if one["enabled"]) for side in _SIDES}


def write(made: Api, place: Place, change: Change, begun: Callable[[], None]) -> None:
    """In one request, since some cannot be on together."""
    name = change.name.partition("/")[2]
    path = f"{place.path}/{name}"
    after: Mapping[str, Any] = change.after or {}
    if name == _HEADERS:
        now = made.call("GET", path)["result"]
        said = {side: list(_switches(now[side], after[side])) for side in _SIDES}
        begun()
        made.call("PATCH", path, said)
    else:
        begun()
        made.call("PUT", path, after)


def _switches(now: Sequence[Told], wanted: Sequence[str]) -> Iterator[Told]:
    """What has to be switched, off at first."""
    there = {one["id"] for one in now if one["enabled"]}
    yield from ({"id": id, "enabled": False} for id in sorted(there - set(wanted)))
    yield from ({"id": id, "enabled": True} for id in sorted(set(wanted) - there))
