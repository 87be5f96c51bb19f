"""A Cloudflare of our own on loopback: zones, and records with their batch endpoint, as it is documented.

It refuses what the real one refuses: parts that a record of a type does not have, a TTL that is out of range,
a proxied record of another type than those that can be, a record that is there twice, an alias beside others,
too many records in a batch. A batch is done as a whole or not at all: deletions, changes, then what comes.
"""

from __future__ import annotations

import copy
import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import Handler, serving

TOKEN = "a token that only the tests know"
ZONE = "example.com"
Record = dict[str, Any]
_HASH = {"usage", "selector", "matching_type", "certificate"}
_SERVICE = {"priority", "target", "value"}
DATA: Mapping[str, set[str]] = {
    "CAA": {"flags", "tag", "value"},
    "CERT": {"type", "key_tag", "algorithm", "certificate"},
    "DNSKEY": {"flags", "protocol", "algorithm", "public_key"},
    "DS": {"key_tag", "algorithm", "digest_type", "digest"},
    "HTTPS": _SERVICE,
    "LOC": {
        *("lat_degrees", "lat_minutes", "lat_seconds", "lat_direction"),
        *("long_degrees", "long_minutes", "long_seconds", "long_direction"),
        *("altitude", "size", "precision_horz", "precision_vert"),
    },
    "NAPTR": {"order", "preference", "flags", "service", "regex", "replacement"},
    "SMIMEA": _HASH,
    "SRV": {"priority", "weight", "port", "target"},
    "SSHFP": {"algorithm", "type", "fingerprint"},
    "SVCB": _SERVICE,
    "TLSA": _HASH,
    "URI": {"weight", "target"},
}
"""What the data of each type that has any consists of, as Cloudflare's own library has it."""
CONTENT = {"A", "AAAA", "CNAME", "MX", "NS", "OPENPGPKEY", "PTR", "TXT"}
PRIORITY = {"MX", "URI"}
COMMON = {"name", "type", "ttl", "comment", "proxied", "settings", "tags"}
PROXIED = {"A", "AAAA", "CNAME"}
SETTINGS = {"ipv4_only", "ipv6_only", "flatten_cname"}


class RefusedError(Exception):
    """The code and the words of a no."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


def _require(right: bool, code: int, text: str) -> None:
    if not right:
        raise RefusedError(code, text)


@dataclass
class Cloudflare:
    """An account with one zone; ``page`` is the most records of a page, ``batches`` what was done."""

    port: int = 0
    page: int = 5000
    plan: str = "free"
    zones: dict[str, str] = field(default_factory=dict)
    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    batches: list[Record] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/client/v4"

    def reset(self) -> None:
        self.zones = {}
        self.records, self.batches, self.page, self.plan = {}, [], 5000, "free"
        self.make(ZONE)

    def make(self, name: str) -> str:
        made = uuid.uuid4().hex
        self.zones[made], self.records[made] = name, {}
        return made

    @property
    def zone(self) -> str:
        return next(iter(self.zones))

    def add(self, *records: Record, strict: bool = True) -> None:
        self.do(strict=strict, posts=records)

    def remove(self, *records: Record, strict: bool = True) -> None:
        """By name and type, and by content where there is one."""
        there = self.records[self.zone].items()
        gone = [{"id": key} for key, one in there if any(wanted.items() <= one.items() for wanted in records)]
        self.do(strict=strict, deletes=gone)

    def do(self, *, strict: bool = True, **batch: Any) -> None:
        try:
            self._done(self.zone, batch, 100_000)
        except RefusedError:
            assert not strict

    def told(self) -> list[Record]:
        """All records without what the service makes up."""
        made_up = {"id", "created_on", "modified_on"}
        found = [
            {name: one[name] for name in one.keys() - made_up} for one in self.records[self.zone].values()
        ]
        return sorted(found, key=lambda one: json.dumps(one, sort_keys=True))

    def batch(self, zone: str, body: Record) -> Record:
        with self.lock:
            found = self._done(zone, body, 200 if self.plan == "free" else 3500)
            self.batches.append(body)
        return found

    def _done(self, zone: str, body: Record, room: int) -> Record:
        unknown = body.keys() - {"deletes", "patches", "puts", "posts"}
        _require(not unknown, 9207, f"unknown lists {unknown}")
        _require(sum(map(len, body.values())) <= room, 9999, "too many records in a batch")
        there = copy.deepcopy(self.records[zone])
        answer: Record = {"deletes": [], "patches": [], "puts": [], "posts": []}
        for one in body.get("deletes", ()):
            _require(one["id"] in there, 81044, "Record does not exist.")
            answer["deletes"].append(there.pop(one["id"]))
        for one in body.get("puts", ()):
            _require(one.get("id") in there, 81044, "Record does not exist.")
            there[one["id"]] = _made({name: part for name, part in one.items() if name != "id"}, one["id"])
            _require_alone(there, one["id"])
        for one in body.get("posts", ()):
            made = _made(one, uuid.uuid4().hex)
            there[made["id"]] = made
            _require_alone(there, made["id"])
        self.records[zone] = there
        return answer


def _made(told: Record, name: str) -> Record:
    kind = told.get("type")
    _require(kind in CONTENT | DATA.keys(), 9004, f"{kind} is no type of records")
    own = {"data"} if kind in DATA else {"content"}
    parts = COMMON | own | ({"priority"} if kind in PRIORITY else set())
    _require(told.keys() <= parts, 9207, f"a record of type {kind} has no {sorted(told.keys() - parts)}")
    _require({"name", "type", "ttl"} <= told.keys(), 9207, "name, type and ttl have to be given")
    _require(("data" if kind in DATA else "content") in told, 9207, f"{kind} has to have a value")
    _require((kind in PRIORITY) == ("priority" in told), 9207, f"{kind} and its priority")
    ttl, proxied = told["ttl"], bool(told.get("proxied"))
    _require(ttl == 1 or 60 <= ttl <= 86400, 9021, f"Invalid TTL {ttl}")
    _require(not proxied or kind in PROXIED, 9041, f"{kind} cannot be proxied")
    _require(set(told.get("settings") or ()) <= SETTINGS, 9207, "unknown settings")
    _require(len(told.get("comment") or "") <= 100, 9207, "the comment is too long")
    data = told.get("data")
    if data is not None:
        _require(data.keys() <= DATA[str(kind)], 9207, f"{kind} has no {data.keys() - DATA[str(kind)]}")
    made = {
        "id": name,
        "name": told["name"].lower().rstrip("."),
        "type": kind,
        "content": told.get("content") or " ".join(str(part) for _, part in sorted((data or {}).items())),
        "proxiable": kind in PROXIED,
        "proxied": proxied,
        "ttl": 1 if proxied else ttl,
        "settings": told.get("settings") or {},
        "meta": {},
        "comment": told.get("comment") or None,
        "tags": sorted(told.get("tags") or []),
        "created_on": "2026-01-01T00:00:00Z",
        "modified_on": "2026-01-01T00:00:00Z",
    }
    if kind in ("MX", "TXT") or data is None:
        made["content"] = told["content"]
    if data is not None:
        made["data"] = data
    if "priority" in told:
        made["priority"] = told["priority"]
    return made


def _require_alone(there: Mapping[str, Record], name: str) -> None:
    made = there[name]
    for other in there.values():
        if other is made or other["name"] != made["name"]:
            continue
        same = all(other.get(part) == made.get(part) for part in ("type", "content", "data", "priority"))
        _require(not same, 81058, "An identical record already exists.")
        alias = "CNAME" in (other["type"], made["type"])
        _require(not alias, 81053, "An A, AAAA, or CNAME record with that host already exists.")


def _handler(service: Cloudflare) -> type[Handler]:
    class Answers(Handler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.body()))

        def _answer(self, body: Any) -> None:
            try:
                if self.headers.get("authorization") != f"Bearer {TOKEN}":
                    raise RefusedError(10000, "Authentication error", 403)
                self._send(200, {"success": True, "errors": [], **self._found(body)})
            except RefusedError as error:
                told = [{"code": error.code, "message": str(error)}]
                self._send(error.status, {"success": False, "errors": told, "result": None})

        def _found(self, body: Any) -> Record:
            parts = urlsplit(self.path)
            query = {name: found[0] for name, found in parse_qs(parts.query).items()}
            match parts.path.removeprefix("/client/v4").strip("/").split("/"):
                case ["zones"]:
                    found = [self._zone(key) for key, name in service.zones.items() if name == query["name"]]
                    return {"result": found}
                case ["zones", key] if key in service.zones:
                    return {"result": self._zone(key)}
                case ["zones", key, "dns_records"] if key in service.zones:
                    return self._page(list(service.records[key].values()), query)
                case ["zones", key, "dns_records", "batch"] if key in service.zones and body:
                    return {"result": service.batch(key, body)}
            raise RefusedError(7003, "Could not route to this place", 404)

        def _zone(self, key: str) -> Record:
            return {"id": key, "name": service.zones[key], "plan": {"legacy_id": service.plan}}

        def _page(self, found: list[Record], query: Mapping[str, str]) -> Record:
            size = min(int(query.get("per_page", 100)), service.page)
            page = int(query.get("page", 1))
            pages = max(1, -(-len(found) // size))
            some = found[(page - 1) * size : page * size]
            info = {"page": page, "per_page": size, "count": len(some), "total_pages": pages}
            return {"result": some, "result_info": {**info, "total_count": len(found)}}

        def _send(self, status: int, told: Record) -> None:
            self.send(status, json.dumps(told).encode(), [("Content-Type", "application/json")])

    return Answers


def record(owner: str, kind: str, ttl: int, content: str = "", **more: Any) -> Record:
    """What makes a record; ``priority`` and ``data`` as its type wants them."""
    value = {} if kind in DATA else {"content": content}
    return {"name": owner, "type": kind, "ttl": ttl, **value, **more}


@contextmanager
def running() -> Iterator[Cloudflare]:
    """An account with one zone, ``example.com``; gone at the end."""
    service = Cloudflare()
    service.reset()
    with serving(_handler(service)) as service.port:
        yield service
