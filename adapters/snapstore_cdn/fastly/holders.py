"""What no version of a service holds: items of dictionaries, entries of ACLs, texts of dynamic snippets,
servers of pools.

It belongs to a holder, by the id of that. Versions that have the holder share it, so a change is in effect
at once; a holder that only a draft has can be filled before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, zip_longest
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec

from snapstore.canonical import dumps
from snapstore.model import Json
from snapstore.remote.web import Api
from snapstore_cdn.between import SEVERAL, each_of
from snapstore_cdn.fastly.kinds import (
    ACL,
    CONTENT,
    DICTIONARY,
    ENTRY,
    ITEM,
    POOL,
    PRIVATE,
    SERVER,
    SNIPPET,
    VOLATILE,
)
from snapstore_cdn.provider import Attrs

AT_ONCE = 1000
"""Operations that Fastly takes in one request."""
_PAGE = 100
_OF_SERVERS = VOLATILE | {"address", "port", "pool_id"}
"""What is told of a server and is in its identity, or no configuration of it."""
Wanted = Mapping[str, Attrs | None]
"""What is to be, by identity; None for what is not."""


class Holder(msgspec.Struct, frozen=True):
    """A dictionary, an ACL, a pool or a dynamic snippet; ``number`` is that of the version that has it."""

    service: str
    kind: str
    name: str
    id: str
    number: int
    is_private: bool = False

    @property
    def part(self) -> str:
        """The identity of the part of a version which it is."""
        return f"{self.kind}:{self.service}/{self.name}"

    def identity(self, name: str = "") -> str:
        """That of the fact of one thing that it holds."""
        kind = PRIVATE if self.is_private else _HOLDS[self.kind]
        return f"{kind}:{self.service}/{self.name}{f'/{name}' if name else ''}"


_HOLDS = {DICTIONARY: ITEM, ACL: ENTRY, SNIPPET: CONTENT, POOL: SERVER}
HOLDING = {ITEM: DICTIONARY, PRIVATE: DICTIONARY, ENTRY: ACL, CONTENT: SNIPPET, SERVER: POOL}
"""The kind of what holds each."""


class One(NamedTuple):
    """An entry or a server, and what the API calls it by."""

    attrs: dict[str, Json]
    id: str


class Held(msgspec.Struct, frozen=True):
    """What a holder holds: ``each`` are the entries and servers that there are of an address."""

    facts: dict[str, dict[str, Json]]
    each: Mapping[str, Sequence[One]] = {}


def holder(service: str, number: int, kind: str, told: Mapping[str, Any]) -> Holder | None:
    """That which a part of a version is, None where the version itself has all of it."""
    if kind not in _HOLDS or (kind == SNIPPET and not is_dynamic(told)):
        return None
    is_private = kind == DICTIONARY and bool(told.get("write_only"))
    return Holder(service, kind, told["name"], told["id"], number, is_private)


def is_dynamic(snippet: Attrs) -> bool:
    return snippet.get("dynamic") in (1, "1")


def holder_of(identity: str) -> str:
    """The identity of what holds this: of ``item:SERVICE/flags/a/b`` it is ``dictionary:SERVICE/flags``."""
    kind, _, name = identity.partition(":")
    words = name if kind in (CONTENT, PRIVATE) else "/".join(name.split("/", 2)[:2])
    return f"{HOLDING[kind]}:{words}"


# Reading


def held(api: Api, one: Holder) -> Held:
    if one.is_private:
        told = api.call(
            "GET", f"/service/{one.service}/version/{one.number}/dictionary/{quote(one.id, safe='')}/info"
        )
        return Held({one.identity(): {name: told.get(name) for name in ("digest", "item_count")}})
    if one.kind == SNIPPET:
        return Held({one.identity(): {"content": api.call("GET", _place(one)).get("content") or ""}})
    if one.kind == DICTIONARY:
        items = _listed(api, f"{_place(one)}/items", "item_key")
        return Held({one.identity(item["item_key"]): {"value": item["item_value"]} for item in items})
    if one.kind == POOL:
        return _servers(one, api.call("GET", f"{_place(one)}/servers"))
    return _entries(one, _listed(api, f"{_place(one)}/entries", "id"))


def _place(one: Holder) -> str:
    return f"/service/{one.service}/{one.kind}/{quote(one.id, safe='')}"


def _listed(api: Api, path: str, key: str) -> list[dict[str, Any]]:
    """All pages; a server that knows of none tells everything with each."""
    found: dict[str, dict[str, Any]] = {}
    for page in count(1):
        told = {one[key]: one for one in api.call("GET", f"{path}?page={page}&per_page={_PAGE}")}
        is_last = len(told) < _PAGE or told.keys() <= found.keys()
        found |= told
        if is_last:
            return list(found.values())
    raise AssertionError("not reached")


def _entries(one: Holder, told: list[dict[str, Any]]) -> Held:
    return _by_address(one, ((_place_of(entry), One(_plain_entry(entry), entry["id"])) for entry in told))


def _place_of(entry: Mapping[str, Any]) -> str:
    return str(entry["ip"] if entry.get("subnet") is None else f"{entry['ip']}/{entry['subnet']}")


def _plain_entry(entry: Mapping[str, Any]) -> dict[str, Json]:
    return {"negated": _negated(entry), "comment": entry.get("comment") or ""}


def _servers(one: Holder, told: list[dict[str, Any]]) -> Held:
    def plain(server: Mapping[str, Any]) -> dict[str, Json]:
        return {
            name: value for name, value in server.items() if name not in _OF_SERVERS and value is not None
        }

    return _by_address(one, ((f"{of['address']}:{of['port']}", One(plain(of), str(of["id"]))) for of in told))


def _by_address(one: Holder, some: Iterable[tuple[str, One]]) -> Held:
    """All of one address are one fact: they have nothing else that tells them apart and stays as it is."""
    each: dict[str, list[One]] = {}
    for address, single in some:
        each.setdefault(one.identity(address), []).append(single)
    return Held(
        {identity: _fact_of([single.attrs for single in found]) for identity, found in each.items()}, each
    )


def _fact_of(some: Sequence[dict[str, Json]]) -> dict[str, Json]:
    return some[0] if len(some) == 1 else {SEVERAL: sorted(some, key=dumps)}


def _negated(entry: Mapping[str, Any]) -> bool:
    return entry.get("negated") in (True, 1, "1")


# Writing


def write(api: Api, one: Holder, now: Held, wanted: Wanted, *, removes: bool) -> None:
    """Bring what is wanted of it to what it is to be, in as few requests as Fastly takes, with ``removes``
    also by removing something. Nothing is asked of it that is done already: it can be called again."""
    due = {name: attrs for name, attrs in wanted.items() if now.facts.get(name) != attrs}
    if one.is_private or not due:
        return
    if one.kind == SNIPPET:
        for attrs in due.values():
            if removes or attrs is not None:
                api.call("PUT", _place(one), attrs or {"content": ""})
        return
    if one.kind == DICTIONARY:
        _patch(api, one, "items", [_on_item(now, name, due[name]) for name in sorted(due)], removes=removes)
        return
    steps = [step for name in sorted(due) for step in _steps(name, now.each.get(name, ()), due[name])]
    if one.kind == ACL:
        _patch(api, one, "entries", [_on_entry(step) for step in steps], removes=removes)
        return
    for step in sorted(steps, key=lambda step: step.after is None):
        if removes or step.after is not None:
            _on_server(api, one, step)


class _Step(NamedTuple):
    """What becomes of one entry or server of an address, which has an id where it is there."""

    identity: str
    id: str
    before: Attrs | None
    after: Attrs | None


def _steps(identity: str, there: Sequence[One], wanted: Attrs | None) -> Iterator[_Step]:
    """What is wanted and there stays; of the rest as many as possible become something else."""
    missing, rest = list(each_of(wanted)), []
    for single in there:
        if single.attrs in missing:
            missing.remove(single.attrs)
        else:
            rest.append(single)
    for old, new in zip_longest(rest, missing):
        yield _Step(identity, old.id if old else "", old.attrs if old else None, new)


def _patch(
    api: Api, one: Holder, words: str, operations: Iterable[dict[str, Json]], *, removes: bool
) -> None:
    """What goes at first."""
    due = [step for step in operations if removes or step["op"] != "delete"]
    due.sort(key=lambda step: step["op"] != "delete")
    for start in range(0, len(due), AT_ONCE):
        api.call("PATCH", f"{_place(one)}/{words}", {words: due[start : start + AT_ONCE]})


def _on_item(now: Held, identity: str, attrs: Attrs | None) -> dict[str, Json]:
    key = {"item_key": identity.split("/", 2)[2]}
    if attrs is None:
        return {"op": "delete", **key}
    return {"op": "update" if identity in now.facts else "create", **key, "item_value": attrs["value"]}


def _on_entry(step: _Step) -> dict[str, Json]:
    if step.after is None:
        return {"op": "delete", "id": step.id}
    said = {"negated": int(bool(step.after["negated"])), "comment": step.after["comment"]}
    if step.id:
        return {"op": "update", "id": step.id, **said}
    ip, _, subnet = step.identity.split("/", 2)[2].partition("/")
    return {"op": "create", "ip": ip, **({"subnet": int(subnet)} if subnet else {}), **said}


def _on_server(api: Api, one: Holder, step: _Step) -> None:
    """There is no request for several of them."""
    number = quote(step.id, safe="")
    place = f"{_place(one)}/server/{number}" if number else f"{_place(one)}/server"
    if step.after is None:
        api.call("DELETE", place)
        return
    address, _, port = step.identity.split("/", 2)[2].rpartition(":")
    said = {**dict.fromkeys(step.before or ()), **step.after}
    if step.id:
        api.call("PUT", place, said)
    else:
        api.call("POST", place, {"address": address, "port": int(port), **said})
