"""A Fastly of our own that keeps what it is told: versions that are locked once they were active, drafts that
are validated, and purges.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.cdn.web import Answer, serving
from tests.dns.gateway import Gateway

TOKEN = "a token that only the tests know"
SERVICE = "SU1Z0isxPaozGVKXdv0eY"
Objects = dict[str, dict[str, Any]]
Parts = dict[str, Objects]


@dataclass
class Version:
    """Objects by kind and name. ``settings`` is one of them, without a name."""

    parts: Parts = field(default_factory=dict)
    locked: bool = False


@dataclass
class Fastly:
    """One service. ``activated`` are the numbers that were, in order."""

    url: str = ""
    versions: dict[int, Version] = field(default_factory=dict)
    active: int = 1
    activated: list[int] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)
    faults: Gateway = field(default_factory=lambda: Gateway(0))

    def reset(self, parts: Parts) -> None:
        self.versions = {1: Version({"settings": {"": {"general.default_ttl": 3600}}, **parts}, locked=True)}
        self.active = 1
        self.activated.clear()

    def deploy(self, change: Any) -> None:
        """Change the parts of a new version, and activate that."""
        number = max(self.versions) + 1
        self.versions[number] = Version(copy.deepcopy(self.versions[self.active].parts), locked=True)
        change(self.versions[number].parts)
        self.active = number

    def everything(self) -> Parts:
        """What the active version holds, without kinds of which there is nothing."""
        parts = self.versions[self.active].parts
        return {
            kind: {name: {k: v for k, v in one.items() if v is not None} for name, one in some.items()}
            for kind, some in parts.items()
            if some
        }

    # What it answers

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if headers.get("fastly-key") != TOKEN:
            return _told({"msg": "Provided credentials are missing or invalid"}, 403)
        words = [unquote(word) for word in path.strip("/").split("/")]
        try:
            return _told(self._do(method, words, json.loads(body) if body else None))
        except Refused as refused:
            return _told({"msg": refused.args[1], "detail": "as it is"}, refused.args[0])

    def _do(self, method: str, words: list[str], body: Any) -> Any:
        if words[0] == "purge" or words[2].startswith("purge"):
            self.purged.append("/".join(words if words[0] == "purge" else words[2:]))
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
            return {"number": made}
        if words == ["validate"]:
            return self._validated(version)
        if words == ["activate"]:
            self.active = number
            self.activated.append(number)
            version.locked = True
            return {"number": number}
        kind = "/".join(words[:2]) if words[0] == "logging" else words[0]
        rest = words[2:] if words[0] == "logging" else words[1:]
        if method != "GET" and version.locked:
            raise Refused(422, "Version is locked")
        return self._part(method, version.parts.setdefault(kind, {}), number, rest, body)

    def _part(self, method: str, some: Objects, number: int, rest: list[str], body: Any) -> Any:
        told = {"version": str(number), "service_id": SERVICE, "created_at": "then"}
        if "" in some:
            some[""].update(body or {})
            return {**some[""], **told}
        if method == "GET":
            return [{**one, **told} for one in some.values()]
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
        some[rest[0]].update(body)
        return some[rest[0]]

    def _validated(self, version: Version) -> Any:
        conditions = version.parts.get("condition", {})
        for one in version.parts.get("backend", {}).values():
            if one.get("request_condition") and one["request_condition"] not in conditions:
                return {"status": "error", "msg": f"no condition {one['request_condition']}"}
        return {"status": "ok"}


class Refused(Exception):
    """A status and a message."""


def _told(body: Any, status: int = 200) -> Answer:
    return status, json.dumps(body).encode(), {"Content-Type": "application/json"}


@contextmanager
def running() -> Iterator[Fastly]:
    fastly = Fastly()
    with serving(fastly.answer, fastly.faults) as url:
        fastly.url = url
        yield fastly
