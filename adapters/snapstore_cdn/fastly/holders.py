"""What no version of a service holds: items of dictionaries, entries of ACLs, texts of dynamic snippets,
servers of pools.

It belongs to a holder, by the id of that. Versions that have the holder share it, so a change is in effect
at once; a holder that only a draft has can be filled before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any
from urllib.parse import quote

import msgspec

from snapstore.model import Json
from snapstore.remote.web import Api
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


class Held(msgspec.Struct, frozen=True):
    """What a holder holds: ``ids`` are what the API calls entries and servers by."""

    facts: dict[str, dict[str, Json]]
    ids: Mapping[str, str] = {}


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
    some = sorted(told, key=lambda each: (_negated(each), each.get("comment") or "", each["id"]))
    return _by_address(
        one,
        (
            (
                entry["ip"] if entry.get("subnet") is None else f"{entry['ip']}/{entry['subnet']}",
                {"negated": _negated(entry), "comment": entry.get("comment") or ""},
                entry["id"],
            )
            for entry in some
        ),
    )


def _servers(one: Holder, told: list[dict[str, Any]]) -> Held:
    some = (({name: server[name] for name in server.keys() - _OF_SERVERS}, server) for server in told)
    plain = [({name: value for name, value in attrs.items() if value is not None}, of) for attrs, of in some]
    plain.sort(key=lambda each: (repr(sorted(each[0].items())), each[1]["id"]))
    return _by_address(one, ((f"{of['address']}:{of['port']}", attrs, of["id"]) for attrs, of in plain))


def _by_address(one: Holder, some: Iterable[tuple[str, dict[str, Json], str]]) -> Held:
    """A second one of the same address has its number too."""
    facts: dict[str, dict[str, Json]] = {}
    ids = {}
    for address, attrs, number in some:
        names = (address if turn == 1 else f"{address} ({turn})" for turn in count(1))
        identity = next(name for name in map(one.identity, names) if name not in facts)
        facts[identity], ids[identity] = attrs, number
    return Held(facts, ids)


def _negated(entry: Mapping[str, Any]) -> bool:
    return entry.get("negated") in (True, 1, "1")


# Writing


def write(api: Api, one: Holder, now: Held, wanted: Wanted) -> None:
    """Bring what is wanted of it to what it is to be, in as few requests as Fastly takes. Nothing is asked of
    it that is done already, so that it can be called again."""
    due = {name: attrs for name, attrs in wanted.items() if now.facts.get(name) != attrs}
    if one.is_private or not due:
        return
    if one.kind == SNIPPET:
        for attrs in due.values():
            api.call("PUT", _place(one), attrs or {"content": ""})
        return
    if one.kind == POOL:
        for name, attrs in sorted(due.items(), key=lambda each: (each[1] is None, each[0])):
            _on_server(api, one, now, name, attrs)
        return
    words, operation = ("items", _on_item) if one.kind == DICTIONARY else ("entries", _on_entry)
    gone_first = sorted(due, key=lambda name: (due[name] is not None, name))
    operations = [operation(now, name, due[name]) for name in gone_first]
    for start in range(0, len(operations), AT_ONCE):
        api.call("PATCH", f"{_place(one)}/{words}", {words: operations[start : start + AT_ONCE]})


def _on_item(now: Held, identity: str, attrs: Attrs | None) -> dict[str, Json]:
    key = {"item_key": identity.split("/", 2)[2]}
    if attrs is None:
        return {"op": "delete", **key}
    return {"op": "update" if identity in now.facts else "create", **key, "item_value": attrs["value"]}


def _on_entry(now: Held, identity: str, attrs: Attrs | None) -> dict[str, Json]:
    if attrs is None:
        return {"op": "delete", "id": now.ids[identity]}
    said = {"negated": int(bool(attrs["negated"])), "comment": attrs["comment"]}
    if identity in now.facts:
        return {"op": "update", "id": now.ids[identity], **said}
    return {"op": "create", **_address(identity), **said}


def _on_server(api: Api, one: Holder, now: Held, identity: str, attrs: Attrs | None) -> None:
    """There is no request for several of them."""
    there = quote(now.ids.get(identity, ""), safe="")
    place = f"{_place(one)}/server{f'/{there}' if there else ''}"
    if attrs is None:
        api.call("DELETE", place)
        return
    address, _, port = identity.split("/", 2)[2].partition(" ")[0].rpartition(":")
    said = {**dict.fromkeys(now.facts.get(identity, ())), **attrs}
    if there:
        api.call("PUT", place, said)
    else:
        api.call("POST", place, {"address": address, "port": int(port), **said})


def _address(identity: str) -> dict[str, Json]:
    ip, _, subnet = identity.split("/", 2)[2].partition(" ")[0].partition("/")
    return {"ip": ip, **({"subnet": int(subnet)} if subnet else {})}
