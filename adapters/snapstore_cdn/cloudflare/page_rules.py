"""Page rules by the address that they are for, and their order, which is a fact of its own.

Cloudflare numbers them anew whenever one comes or goes, so that numbers are no state. What is told in several
requests is done as one: each is repeated by itself, and what is there already is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from snapstore.model import UNMODELLED, Fact, Json
from snapstore.remote.cloudflare import Told
from snapstore.remote.lost import MovedError
from snapstore.remote.retrying import once, surely
from snapstore.remote.web import Api
from snapstore_cdn.cloudflare.kinds import PAGE_RULE, PAGE_RULES, Place
from snapstore_cdn.provider import Attrs, Change

_Rules = Mapping[str, Told]
"""By their addresses, the one that counts first at first."""


def read(made: Api, place: Place) -> Iterator[Fact]:
    told = _told(made, place)
    there = _by_url(told)
    for url, one in there.items():
        yield Fact(f"{PAGE_RULE}:{place.name}/{url}", _plain(one))
    if len(there) > 1:
        yield Fact(f"{PAGE_RULES}:{place.name}", {"urls": list(there)})
    for url in sorted({_url(one) for one in told if there[_url(one)] is not one}):
        yield Fact(f"{UNMODELLED}:{place.name}: another page rule for {url}")


def _told(made: Api, place: Place) -> list[Told]:
    told: list[Told] = made.call("GET", f"{place.path}/pagerules")["result"]
    return sorted(told, key=lambda one: -int(one["priority"]))


def _by_url(told: Sequence[Told]) -> _Rules:
    """Of several for one address, which Cloudflare does not take any more, the one that counts."""
    found: dict[str, Told] = {}
    for one in told:
        found.setdefault(_url(one), one)
    return found


def _there(made: Api, place: Place) -> _Rules:
    return _by_url(_told(made, place))


def _url(told: Told) -> str:
    url: str = told["targets"][0]["constraint"]["value"]
    return url


def _plain(told: Told) -> dict[str, Json]:
    return {"actions": {one["id"]: one.get("value") for one in told["actions"]}, "status": told["status"]}


def _said(url: str, attrs: Attrs) -> dict[str, Json]:
    actions = attrs["actions"].items()
    return {
        "targets": [{"target": "url", "constraint": {"operator": "matches", "value": url}}],
        "actions": [{"id": id, **({} if value is None else {"value": value})} for id, value in actions],
        "status": attrs["status"],
    }


def write(made: Api, place: Place, changes: Sequence[Change], begun: Callable[[], None]) -> None:
    """All that changes of the page rules of a zone: what goes first, since their number is limited."""
    rules = {one.name.partition("/")[2]: one for one in changes if one.kind == PAGE_RULE}
    there = _there(made, place)
    for url, change in rules.items():
        if (_plain(there[url]) if url in there else None) not in (change.before, change.after):
            raise MovedError(f"the page rule for {url} is not what it was")
    begun()
    for url in sorted(rules, key=lambda url: rules[url].after is not None):
        _put(made, place, url, rules[url].after, there, begun)
    for order in (one for one in changes if one.kind == PAGE_RULES):
        _arrange(made, place, (order.after or {"urls": []})["urls"])


def _put(
    made: Api, place: Place, url: str, after: Attrs | None, there: _Rules, begun: Callable[[], None]
) -> None:
    path = f"{place.path}/pagerules"

    def is_done() -> bool:
        now = surely(lambda: _there(made, place), made.lost)
        return (_plain(now[url]) if url in now else None) == after

    def tell() -> None:
        if after is None:
            made.call("DELETE", f"{path}/{there[url]['id']}")
        elif url not in there:
            made.call("POST", path, _said(url, after))
        else:
            kept = {"priority": there[url]["priority"]}
            made.call("PUT", f"{path}/{there[url]['id']}", {**_said(url, after), **kept})

    if (_plain(there[url]) if url in there else None) != after:
        once(tell, is_done, begun, made.lost)


def _arrange(made: Api, place: Place, urls: Sequence[str]) -> None:
    """Give each its number, from the last one on: those that have theirs are not moved by what follows."""
    there = surely(lambda: _there(made, place), made.lost)
    wanted = [url for url in urls if url in there]
    if [url for url in there if url in wanted] == wanted:
        return
    for number, url in enumerate(reversed(wanted), 1):
        path = f"{place.path}/pagerules/{there[url]['id']}"
        surely(lambda: made.call("PATCH", path, {"priority": number}), made.lost)  # noqa: B023
