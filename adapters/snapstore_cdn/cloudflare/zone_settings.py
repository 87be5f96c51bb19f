"""Settings of a zone: a value each, and whether the plan of the zone lets it be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from snapstore.model import Fact
from snapstore.remote.abreast import answers
from snapstore.remote.web import Api
from snapstore_cdn.cloudflare.kinds import ALONE, BESIDE, PASSING, SETTING, Place
from snapstore_cdn.cloudflare.optional import answer_of
from snapstore_cdn.provider import Change

_STATE = ("enabled", "value")


def read(made: Api, place: Place, wants: Callable[[str], bool]) -> Iterator[tuple[Fact, bool]]:
    """Every setting, and whether it can be changed; of those that are asked for by name the wanted ones."""
    told = {one["id"]: one for one in made.call("GET", f"{place.path}/settings")["result"]}
    names = [name for name in (*ALONE, *BESIDE) if name not in told and wants(_identity(place, name))]
    found = answers(lambda name: answer_of(made, _path(place, name)), names, made.lost)
    told |= {name: one for name, one in zip(names, found, strict=True) if one is not None}
    for name in sorted(told.keys() - {PASSING}):
        attrs = {part: told[name][part] for part in _STATE if part in told[name]}
        yield Fact(_identity(place, name), attrs), told[name].get("editable") is not False


def _identity(place: Place, name: str) -> str:
    return f"{SETTING}:{place.name}/{name}"


def _path(place: Place, name: str) -> str:
    return f"{place.path}/{name}" if "/" in name else f"{place.path}/settings/{name}"


def write(made: Api, place: Place, change: Change, begun: Callable[[], None]) -> None:
    name = change.name.partition("/")[2]
    begun()
    if change.after is None:
        made.call("DELETE", _path(place, name))
    else:
        made.call("PATCH", _path(place, name), change.after)
