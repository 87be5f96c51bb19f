"""Lists of the account and their items, which are replaced as a whole, while nobody waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from snapstore.errors import SnapError
from snapstore.model import Fact, Json
from snapstore.remote.abreast import answers
from snapstore.remote.cloudflare import Told, followed
from snapstore.remote.lost import LostError, MovedError
from snapstore.remote.retrying import once, surely
from snapstore.remote.web import Api
from snapstore_cdn.cloudflare.kinds import LIST, Place
from snapstore_cdn.provider import Attrs, Change

_SIZE = 500
_TOLD = frozenset({"id", "created_on", "modified_on"})
_NAMES = {"redirect": "source_url", "hostname": "url_hostname"}
"""What tells apart the items of lists whose items have parts."""
_LOOK_AGAIN = 0.5


class Waiting(NamedTuple):
    """For how many seconds, and what to tell whoever waits along."""

    within: float
    resource: str


def read(made: Api, place: Place) -> Iterator[Fact]:
    heads = sorted(_heads(made, place).values(), key=lambda one: str(one["name"]))
    for head, items in zip(
        heads, answers(lambda one: _items(made, place, one), heads, made.lost), strict=True
    ):
        yield Fact(f"{LIST}:{head['name']}", _plain(head, items))


def _items(made: Api, place: Place, head: Told) -> list[Told]:
    return list(followed(made, f"{place.path}/rules/lists/{head['id']}/items", _SIZE))


def _heads(made: Api, place: Place) -> dict[str, Told]:
    return {one["name"]: one for one in made.call("GET", f"{place.path}/rules/lists")["result"] or ()}


def _surely_heads(made: Api, place: Place) -> dict[str, Told]:
    return surely(lambda: _heads(made, place), made.lost)


def _plain(head: Told, items: Iterable[Told]) -> dict[str, Json]:
    texts = {"description": head["description"]} if head.get("description") else {}
    kind = head["kind"]
    return {"kind": kind, **texts, "items": {_name(kind, one): _plain_item(kind, one) for one in items}}


def _name(kind: str, item: Told) -> str:
    return str(item[kind][_NAMES[kind]] if kind in _NAMES else item[kind])


def _plain_item(kind: str, told: Told) -> dict[str, Json]:
    """What an item has beside its name."""
    rest = {
        name: value for name, value in told.items() if name not in _TOLD | {kind} and value not in ("", None)
    }
    parts = told[kind] if kind in _NAMES else {}
    return {**rest, **{name: value for name, value in parts.items() if name != _NAMES[kind]}}


def _said_item(kind: str, name: str, attrs: Attrs) -> dict[str, Json]:
    comment = {"comment": attrs["comment"]} if "comment" in attrs else {}
    if kind not in _NAMES:
        return {kind: int(name) if kind == "asn" else name, **comment}
    parts = {part: value for part, value in attrs.items() if part != "comment"}
    return {kind: {_NAMES[kind]: name, **parts}, **comment}


def write(made: Api, place: Place, change: Change, waiting: Waiting, begun: Callable[[], None]) -> None:
    """One list; each request is repeated by itself, and what is there already is left as it is."""
    heads = _heads(made, place)
    now: Mapping[str, Json] | None = None
    if change.name in heads:
        head = heads[change.name]
        now = _plain(head, _items(made, place, head))
    if now not in (change.before, change.after):
        raise MovedError(f"the list {change.name} is not what it was")
    begun()
    if change.after is None:
        _remove(made, place, change.name, begun)
        return
    id = _made(made, place, change.name, change.after, begun)
    before: Mapping[str, Any] = now or {"items": {}}
    if before.get("description") != change.after.get("description"):
        said = {"description": change.after.get("description", "")}
        surely(lambda: made.call("PUT", f"{place.path}/rules/lists/{id}", said), made.lost)
    if before["items"] != change.after["items"]:
        _fill(made, place, id, change.after, waiting)


def _remove(made: Api, place: Place, name: str, begun: Callable[[], None]) -> None:
    there = partial(_surely_heads, made, place)
    id = there().get(name, {}).get("id")
    if id:
        path = f"{place.path}/rules/lists/{id}"
        once(lambda: made.call("DELETE", path), lambda: name not in there(), begun, made.lost)


def _made(made: Api, place: Place, name: str, attrs: Attrs, begun: Callable[[], None]) -> str:
    """The id of a list, which is made where there is none."""
    there = partial(_surely_heads, made, place)
    if name not in there():
        said = {"name": name, "kind": attrs["kind"], "description": attrs.get("description", "")}
        path = f"{place.path}/rules/lists"
        once(lambda: made.call("POST", path, said), lambda: name in there(), begun, made.lost)
    id: str = there()[name]["id"]
    return id


def _fill(made: Api, place: Place, id: str, attrs: Attrs, waiting: Waiting) -> None:
    """Replace all items, and wait until it is so. Cloudflare does one such thing at a time: it is asked again
    while it is busy with another, and doing the same twice does no harm."""
    said = [_said_item(attrs["kind"], name, item) for name, item in sorted(attrs["items"].items())]
    until = time.monotonic() + waiting.within
    started = _patiently(lambda: made.call("PUT", f"{place.path}/rules/lists/{id}/items", said), made, until)
    path = f"{place.path}/rules/lists/bulk_operations/{started['result']['operation_id']}"
    while True:
        told = surely(lambda: made.call("GET", path), made.lost)["result"]
        if told["status"] == "completed":
            return
        if told["status"] == "failed" or time.monotonic() > until:
            text = told.get("error") or f"it is {told['status']} after {waiting.within:g} s"
            fix = "look at the list; snap restore --resume goes on from here"
            raise SnapError(f"Cloudflare has not replaced the items: {text}", where=waiting.resource, fix=fix)
        time.sleep(_LOOK_AGAIN)


def _patiently(ask: Callable[[], Any], made: Api, until: float) -> Any:
    """The answer to what is put off for longer than other things."""

    def on_time() -> Any:
        while True:
            try:
                return ask()
            except LostError as error:
                if not error.put_off or time.monotonic() > until:
                    raise
                time.sleep(max(error.wait, _LOOK_AGAIN))

    return surely(on_time, made.lost)
