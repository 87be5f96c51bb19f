"""A Vercel and a Heroku of our own on loopback: one project each, with the calls on its variables.

They refuse what the real ones refuse: variables of one name for the same environment and branch, a branch
without preview, types that do not exist, a sensitive variable for development, one that becomes readable
again; changes of what an add-on keeps. ``sent`` are the calls that came, for a look at their bodies.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import Handler, serving

TOKEN = "a-token-that-only-the-tests-know"
TEAM = "team_1"
OWN = {"production", "preview", "development"}
TYPES = {"system", "secret", "encrypted", "plain", "sensitive"}
Entry = dict[str, Any]


class RefusedError(Exception):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Service:
    """What both are."""

    port: int = 0
    sent: list[tuple[str, str, dict[str, list[str]], Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, parts: list[str], query: dict[str, list[str]], body: Any) -> Any:
        raise NotImplementedError

    def state(self) -> Any:
        """All that could be seen by its owner."""
        raise NotImplementedError


@dataclass
class Vercel(Service):
    """``decrypts`` is whether its list gives values in clear where it is asked to."""

    entries: dict[str, Entry] = field(default_factory=dict)
    decrypts: bool = True
    clock: int = 1_700_000_000_000

    def add(self, key: str, value: str, *targets: str, type: str = "encrypted", **more: Any) -> str:
        return str(
            self._make({"key": key, "value": value, "type": type, "target": list(targets), **more})["id"]
        )

    def set(self, handle: str, **more: Any) -> None:
        self._change(handle, more)

    def remove(self, handle: str) -> None:
        del self.entries[handle]

    def state(self) -> list[Entry]:
        left = ("id", "updatedAt", "createdAt")
        found = [
            {
                name: sorted(value) if name == "target" else value
                for name, value in entry.items()
                if name not in left and value
            }
            for entry in self.entries.values()
        ]
        return sorted(found, key=lambda entry: json.dumps(entry, sort_keys=True))

    def answer(self, method: str, parts: list[str], query: dict[str, list[str]], body: Any) -> Any:
        if query.get("teamId") != [TEAM]:
            raise RefusedError(403, "Not authorized")
        match method, parts:
            case "GET", ["v9", "projects", "shop", "env"]:
                clear = self.decrypts and query.get("decrypt") == ["true"]
                return {"envs": [self._told(entry, clear=clear) for entry in self.entries.values()]}
            case "GET", ["v1", "projects", "shop", "env", handle] if handle in self.entries:
                return self._told(self.entries[handle], clear=True)
            case "POST", ["v10", "projects", "shop", "env"]:
                return {"created": self._told(self._make(body), clear=False), "failed": []}
            case "PATCH", ["v9", "projects", "shop", "env", handle] if handle in self.entries:
                return self._told(self._change(handle, body), clear=False)
            case "DELETE", ["v9", "projects", "shop", "env", handle] if handle in self.entries:
                return self.entries.pop(handle)
        raise RefusedError(404, "The requested resource was not found")

    def _make(self, body: Entry) -> Entry:
        handle = uuid.uuid4().hex[:16]
        self.clock += 1000
        made = {"id": handle, **body, "updatedAt": self.clock, "createdAt": self.clock}
        self._require(made)
        self.entries[handle] = made
        return made

    def _change(self, handle: str, body: Entry) -> Entry:
        before = self.entries[handle]
        if before["type"] == "sensitive" and body.get("type", "sensitive") != "sensitive":
            raise RefusedError(400, "You cannot change the type of a Sensitive Environment Variable")
        self.clock += 1000
        made = {**before, **body, "updatedAt": self.clock}
        self._require(made)
        self.entries[handle] = made
        return made

    def _require(self, made: Entry) -> None:
        targets, branch = set(made["target"]), made.get("gitBranch")
        custom = set(made.get("customEnvironmentIds") or ())
        if made["type"] not in TYPES or not targets <= OWN or not (targets or custom):
            raise RefusedError(400, "Invalid request")
        if branch and targets != {"preview"}:
            raise RefusedError(400, "gitBranch needs target preview")
        if made["type"] == "sensitive" and "development" in targets:
            raise RefusedError(400, "You cannot set a Sensitive Environment Variable's target to development")
        for other in self.entries.values():
            shared = targets & set(other["target"]) or custom & set(other.get("customEnvironmentIds") or ())
            same = other["key"] == made["key"] and other.get("gitBranch") == branch
            if other["id"] != made["id"] and same and shared:
                raise RefusedError(
                    403, f"A variable with the name {made['key']} already exists for the target"
                )

    def _told(self, entry: Entry, *, clear: bool) -> Entry:
        told = dict(entry)
        told["decrypted"] = entry["type"] == "plain" or (clear and entry["type"] == "encrypted")
        if not told["decrypted"]:
            told["value"] = "" if entry["type"] == "sensitive" else "eyJ2IjoidjIiLCJj"
        return told


@dataclass
class Heroku(Service):
    variables: dict[str, str] = field(default_factory=dict)
    addons: list[Entry] = field(default_factory=list)
    releases: int = 1

    def state(self) -> dict[str, str]:
        return dict(self.variables)

    def answer(self, method: str, parts: list[str], query: dict[str, list[str]], body: Any) -> Any:
        match method, parts:
            case "GET", ["apps", "shop", "addons"]:
                return self.addons
            case "GET", ["apps", "shop", "config-vars"]:
                return self.variables
            case "PATCH", ["apps", "shop", "config-vars"]:
                return self._change(body)
        raise RefusedError(404, "Couldn't find that app.")

    def _change(self, body: dict[str, str | None]) -> dict[str, str]:
        kept = {name for addon in self.addons for name in addon["config_vars"]}
        if kept & body.keys():
            raise RefusedError(422, f"Cannot overwrite attachment values {', '.join(kept & body.keys())}.")
        if not all(isinstance(value, str | None) for value in body.values()):
            raise RefusedError(422, "Config vars are strings")
        changed = self.variables | body
        self.variables = {name: value for name, value in changed.items() if value is not None}
        self.releases += 1
        return self.variables


def _handler(service: Service) -> type[Handler]:
    class Answers(Handler):
        def _do(self) -> None:
            sent = self.body()
            body = json.loads(sent) if sent else None
            place = urlsplit(self.path)
            query = parse_qs(place.query)
            with service.lock:
                service.sent.append((self.command, place.path, query, body))
                try:
                    if self.headers.get("authorization") != f"Bearer {TOKEN}":
                        raise RefusedError(401, "Invalid credentials provided.")
                    self._send(
                        200, service.answer(self.command, place.path.strip("/").split("/"), query, body)
                    )
                except RefusedError as error:
                    told = {"code": "refused", "message": str(error)}
                    self._send(error.status, {"error": told} if isinstance(service, Vercel) else told)

        do_GET = do_POST = do_PATCH = do_DELETE = _do

        def _send(self, status: int, told: Any) -> None:
            self.send(status, json.dumps(told).encode(), [("Content-Type", "application/json")])

    return Answers


@contextmanager
def running(service: Service) -> Iterator[None]:
    with serving(_handler(service)) as service.port:
        yield
