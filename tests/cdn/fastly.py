"""A Fastly of our own that keeps what it is told: versions that are locked once they were active, drafts that
are validated, what dictionaries, ACLs and dynamic snippets hold besides all versions, and purges.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.cdn.web import Answer, in_json, serving
from tests.dns.gateway import Gateway

TOKEN = "a token that only the tests know"
SERVICE = "SU1Z0isxPaozGVKXdv0eY"
Objects = dict[str, dict[str, Any]]
Parts = dict[str, Objects]
HOLDERS = ("dictionary", "acl", "pool", "snippet")
BY_ID = ("rate-limiters", "resource")
"""What is changed by its id; rate limiters have others in each version."""
STORES = {"store1": "kv-store", "store2": "config", "store3": "secret-store"}
"""What links are to."""
IMAGE = "image_optimizer_default_settings"
ONE = ("http3", IMAGE, "package")
IMAGES = {"resize_filter": "lanczos3", "webp": False, "webp_quality": 85, "jpeg_type": "auto"}
IMAGES |= {"jpeg_quality": 85, "upscale": False, "allow_video": False}
"""What is done where nothing is set."""
AT_ONCE = 1000
"""Operations that it takes at once."""


@dataclass
class Version:
    """Objects by kind and name. ``settings`` is one of them, without a name."""

    parts: Parts = field(default_factory=dict)
    locked: bool = False


@dataclass
class Fastly:
    """One service. ``activated`` are the numbers that were, in order; ``held`` is what holders hold, by their
    ids: values by key, entries and servers by their own ids, or the content of a snippet. ``steps`` are what
    was done that visitors may notice, ``sent`` all that was told."""

    url: str = ""
    versions: dict[int, Version] = field(default_factory=dict)
    active: int = 1
    activated: list[int] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    steps: list[str] = field(default_factory=list)
    sent: list[tuple[str, str, Any]] = field(default_factory=list)
    made: int = 0
    unknown: set[str] = field(default_factory=set)
    """Kinds of parts that it has no more."""
    faults: Gateway = field(default_factory=lambda: Gateway(0))

    def reset(self, parts: Parts) -> None:
        self.versions = {1: Version({"settings": {"": {"general.default_ttl": 3600}}, **parts}, locked=True)}
        self.active = 1
        self.activated.clear()
        self.steps.clear()
        self.held.clear()
        self._give_ids()

    def deploy(self, change: Any) -> None:
        """Change the parts of a new version, and activate that."""
        number = max(self.versions) + 1
        self.versions[number] = Version(copy.deepcopy(self.versions[self.active].parts), locked=True)
        change(self.versions[number].parts)
        self.active = number
        self._give_ids()

    def hold(self, kind: str, name: str) -> dict[str, Any]:
        """What a holder of the active version holds, to look at and to change."""
        return self.held[self.versions[self.active].parts[kind][name]["id"]]

    def serve(self, pool: str, address: str, port: int = 443, **more: Any) -> None:
        server = {"address": address, "port": port, "weight": 100, "comment": None, **more}
        self.hold("pool", pool)[self._id()] = server

    def enter(
        self, acl: str, ip: str, subnet: int | None = None, negated: str = "0", comment: str = ""
    ) -> None:
        entry = {"ip": ip, "subnet": subnet, "negated": negated, "comment": comment}
        self.hold("acl", acl)[self._id()] = entry

    def everything(self) -> Any:
        """What the active version has and its holders hold, without kinds of which there is nothing and
        without what is as it is where nothing is set."""
        parts = self.versions[self.active].parts
        found: Any = {
            kind: {name: _shown(one) for name, one in some.items()} for kind, some in parts.items() if some
        }
        if found.get(IMAGE, {}).get(IMAGE) == IMAGES:
            del found[IMAGE]
        for kind in HOLDERS:
            for name, one in parts.get(kind, {}).items():
                holding = self.held.get(one["id"], {})
                shown = (
                    sorted(repr(sorted(_shown(entry).items())) for entry in holding.values())
                    if kind in ("acl", "pool")
                    else dict(holding)
                )
                found[kind][name] = {**found[kind][name], "holds": shown}
        return found

    def _id(self) -> str:
        self.made += 1
        return f"id{self.made}"

    def _give_ids(self) -> None:
        for kind in HOLDERS:
            for one in self.versions[self.active].parts.get(kind, {}).values():
                if "id" not in one:
                    one["id"] = self._id()
                if kind != "snippet" or one.get("dynamic") == "1":
                    self.held.setdefault(one["id"], {"content": ""} if kind == "snippet" else {})
        self._number(self.versions[self.active].parts)

    def _number(self, parts: Parts) -> None:
        for one in parts.get("rate-limiters", {}).values():
            one["id"] = self._id()
        for one in parts.get("resource", {}).values():
            one.setdefault("id", self._id())

    # What it answers

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if headers.get("fastly-key") != TOKEN:
            return in_json({"msg": "Provided credentials are missing or invalid"}, 403)
        split = urlsplit(path)
        words = [unquote(word) for word in split.path.strip("/").split("/")]
        if method != "GET":
            self.sent.append((method, split.path, json.loads(body) if body else None))
        asked = {name: int(values[0]) for name, values in parse_qs(split.query).items()}
        if words[0] == "purge":
            self.purged.append(unquote(path.strip("/")))
            return in_json({"status": "ok"})
        try:
            if words[0] == "rate-limiters":
                return in_json(self._limiter(method, words[1], json.loads(body) if body else None))
            if words[2] in HOLDERS:
                return in_json(self._holder(method, words[2:], asked, json.loads(body) if body else None))
            return in_json(self._do(method, words, json.loads(body) if body else None))
        except Refused as refused:
            return in_json({"msg": refused.args[1], "detail": "as it is"}, refused.args[0])

    def _do(self, method: str, words: list[str], body: Any) -> Any:
        if words[2].startswith("purge"):
            self.purged.append("/".join(words[2:]))
            return {"status": "ok"}
        if words[1] != SERVICE:
            raise Refused(404, "Record not found")
        if len(words) == 3:
            return [
                {"number": number, "active": number == self.active, "locked": one.locked}
                for number, one in sorted(self.versions.items())
            ]
        number = int(words[3])
        return self._version(method, number, self._found(number), words[4:], body)

    def _found(self, number: int) -> Version:
        if number not in self.versions:
            raise Refused(404, "Record not found")
        return self.versions[number]

    def _version(self, method: str, number: int, version: Version, words: list[str], body: Any) -> Any:
        if words == ["clone"]:
            made = max(self.versions) + 1
            self.versions[made] = Version(copy.deepcopy(version.parts))
            self._number(self.versions[made].parts)
            return {"number": made}
        if words == ["validate"]:
            return self._validated(version)
        if words == ["activate"]:
            self.active = number
            self.activated.append(number)
            self.steps.append("activate")
            version.locked = True
            return {"number": number}
        if words[0] == "dictionary" and words[2:] == ["info"]:
            items = sorted(self.held[words[1]].items())
            return {"item_count": len(items), "digest": hashlib.sha256(repr(items).encode()).hexdigest()}
        if words[0] in ONE:
            return self._one(method, version, words[0], body)
        if words[0] in self.unknown:
            raise Refused(404, "Record not found")
        kind = "/".join(words[:2]) if words[0] == "logging" else words[0]
        rest = words[2:] if words[0] == "logging" else words[1:]
        if method != "GET" and version.locked:
            raise Refused(422, "Version is locked")
        some = version.parts.setdefault(kind, {})
        if kind in BY_ID and rest:
            rest = [_with_id(some, rest[0])]
        found = self._part(method, some, number, rest, body)
        if method == "POST" and kind in HOLDERS:
            self._begin(kind, some[body["name"]])
        elif method == "POST" and kind in BY_ID:
            some[body["name"]]["id"] = self._id()
        return found

    def _limiter(self, method: str, number: str, body: Any) -> Any:
        for version in self.versions.values():
            some = version.parts.get("rate-limiters", {})
            if number in [one["id"] for one in some.values()]:
                if version.locked:
                    raise Refused(422, "Version is locked")
                return self._part(method, some, 0, [_with_id(some, number)], body)
        raise Refused(404, "Record not found")

    def _one(self, method: str, version: Version, kind: str, body: Any) -> Any:
        """What there is one of, or none."""
        there = version.parts.setdefault(kind, {})
        if method != "GET" and version.locked:
            raise Refused(422, "Version is locked")
        if method == "PATCH":
            there[kind] = {**IMAGES, **there.get(kind, {}), **body}
        elif method == "POST":
            if there:
                raise Refused(409, "Duplicate record")
            there[kind] = dict(body)
        elif not there:
            raise Refused(404, "Record not found")
        return (
            {"status": "ok", "was": there.pop(kind)}
            if method == "DELETE"
            else {**there[kind], "version": "1"}
        )

    def _begin(self, kind: str, one: dict[str, Any]) -> None:
        one["id"] = self._id()
        if kind != "snippet":
            self.held[one["id"]] = {}
        elif one.get("dynamic") == "1":
            self.held[one["id"]] = {"content": one.pop("content", "")}

    def _part(self, method: str, some: Objects, number: int, rest: list[str], body: Any) -> Any:
        told = {"version": str(number), "service_id": SERVICE, "created_at": "then"}
        if "" in some:
            some[""].update(body or {})
            return {**some[""], **told}
        if method == "GET":
            return [{**one, **told, **_linked(one)} for one in some.values()]
        if len(rest) == 3:
            backends = some[rest[0]].setdefault("backends", [])
            backends.append(rest[2]) if method == "POST" else backends.remove(rest[2])
            return {}
        if method == "POST":
            if body["name"] in some or "backends" in body:
                raise Refused(409, "Duplicate record")
            some[body["name"]] = dict(body)
            return body
        if rest[0] not in some:
            raise Refused(404, "Record not found")
        if method == "DELETE":
            del some[rest[0]]
            return {"status": "ok"}
        if any(some[rest[0]].get(name) != body.get(name) for name in ("dynamic", "write_only")):
            raise Refused(400, "Bad request")
        some[rest[0]].update(body)
        return some[rest[0]]

    def _holder(self, method: str, words: list[str], asked: dict[str, int], body: Any) -> Any:
        kind, number = words[:2]
        if number not in self.held:
            raise Refused(404, "Record not found")
        if method != "GET":
            self.steps.append(f"{kind} {_operations(body)}")
        if kind == "snippet":
            self.held[number].update(body or {})
            return {**self.held[number], "snippet_id": number}
        if kind == "pool":
            return self._server(method, self.held[number], words[2:], body)
        if method == "GET":
            return self._page(kind, number, asked)
        self.held[number] = self._changed(kind, self.held[number], body)
        return {"status": "ok"}

    def _server(self, method: str, servers: dict[str, Any], words: list[str], body: Any) -> Any:
        if words == ["servers"]:
            return [{**one, "id": key, "created_at": "then"} for key, one in servers.items()]
        key = self._id() if method == "POST" else words[1]
        if method != "POST" and key not in servers:
            raise Refused(404, "Record not found")
        if method == "DELETE":
            return servers.pop(key)
        servers[key] = {**servers.get(key, {"weight": 100, "comment": None}), **body}
        return servers[key]

    def _page(self, kind: str, number: str, asked: dict[str, int]) -> Any:
        if any(one.get("write_only") for one in self._holders(number)):
            raise Refused(403, "Not authorized to read items of a write-only dictionary")
        if kind == "dictionary":
            told = [{"item_key": key, "item_value": value} for key, value in self.held[number].items()]
        else:
            told = [{"id": key, **entry} for key, entry in self.held[number].items()]
        size = asked.get("per_page", 20)
        return told[(asked.get("page", 1) - 1) * size :][:size]

    def _holders(self, number: str) -> Iterator[dict[str, Any]]:
        for version in self.versions.values():
            for one in version.parts.get("dictionary", {}).values():
                if one.get("id") == number:
                    yield one

    def _changed(self, kind: str, holding: dict[str, Any], body: Any) -> dict[str, Any]:
        """All of it or nothing."""
        operations = body["items" if kind == "dictionary" else "entries"]
        if len(operations) > AT_ONCE:
            raise Refused(400, "Exceeded max number of operations")
        made = dict(holding)
        for one in operations:
            key = one["item_key"] if kind == "dictionary" else one.get("id") or self._id()
            if (one["op"] == "create") is (key in made):
                raise Refused(409 if key in made else 404, f"cannot {one['op']} {key}")
            if one["op"] == "delete":
                del made[key]
            elif kind == "dictionary":
                made[key] = one["item_value"]
            else:
                said = {name: one[name] for name in ("ip", "subnet", "comment") if name in one}
                made[key] = {"subnet": None, **made.get(key, {}), **said, "negated": str(one["negated"])}
        return made

    def _validated(self, version: Version) -> Any:
        conditions = version.parts.get("condition", {})
        for one in version.parts.get("backend", {}).values():
            if one.get("request_condition") and one["request_condition"] not in conditions:
                return {"status": "error", "msg": f"no condition {one['request_condition']}"}
        return {"status": "ok"}


def _with_id(some: Objects, number: str) -> str:
    """The name of what has this id."""
    found = next((name for name, one in some.items() if one["id"] == number), None)
    if found is None:
        raise Refused(404, "Record not found")
    return found


def _linked(one: Mapping[str, Any]) -> dict[str, Any]:
    number = one.get("resource_id")
    return {"resource_type": STORES[number], "href": f"/resources/{number}"} if number else {}


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if value not in (None, []) and name != "id"}


def _operations(body: Any) -> str:
    body = body or {}
    some = body.get("items") or body.get("entries") or [{"op": "write"}]
    return "+".join(sorted({one["op"] for one in some}))


class Refused(Exception):
    """A status and a message."""


@contextmanager
def running() -> Iterator[Fastly]:
    fastly = Fastly()
    with serving(fastly.answer, fastly.faults) as url:
        fastly.url = url
        yield fastly
