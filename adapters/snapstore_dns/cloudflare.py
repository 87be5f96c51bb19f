"""Cloudflare, by its HTTP API: each record with whether it is proxied, its comment, tags and settings.

One batch is done as a whole or not at all: deletions first, then what changes, then what comes. It cannot be
told what has to be so before; the zone is looked at right before it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from snapstore.errors import SnapError
from snapstore.model import Json
from snapstore.remote import cloudflare
from snapstore.remote.lost import MovedError
from snapstore.remote.retrying import surely
from snapstore.remote.web import Api
from snapstore_dns import batching
from snapstore_dns.provider import Provider
from snapstore_dns.records import Change, Key, RecordSet, Soa, Unmodelled, Zone, name_of, owner_of, zone_name
from snapstore_dns.settings import Settings
from snapstore_dns.structured import said_of, told_of, value_of
from snapstore_dns.wording import EACH

PAGE = "docs/adapters/dns-cloudflare.md"
SIZE = 5_000
"""The records of a page; a server may give fewer."""
FREE, PAID = 200, 3_500
"""The records that a batch may touch."""
AUTOMATIC = 300
"""Seconds for which resolvers keep an answer whose TTL is left to Cloudflare: that of each proxied one is."""
_LEFT = 1
_OWN = frozenset({"name", "type", "content", "data", "priority", "ttl"})
"""What has a place of its own in a record set."""
_TOLD = frozenset(
    {
        *("id", "zone_id", "zone_name", "created_on", "modified_on", "proxiable", "locked", "meta"),
        *("comment_modified_on", "tags_modified_on"),
    }
)
"""What is told of a record and cannot be changed."""
_PLAIN: tuple[Json, ...] = (None, False, "", [], {})
"""What is the same as not to say anything."""


class _Place(NamedTuple):
    """A zone in the account: its id, and how many records may be touched at once."""

    id: str
    room: int


@contextmanager
def opened(settings: Settings, resource: str) -> Iterator[Provider]:
    with cloudflare.opened(settings.key, settings.server, resource, settings.timeout, PAGE) as made:
        yield _Cloudflare(made, settings.zones, resource)


class _Cloudflare:
    """The zones of one account that the settings speak of."""

    in_parts = False

    def __init__(self, made: Api, wanted: Sequence[str], resource: str) -> None:
        self._api = made
        self._wanted = wanted
        self._resource = resource
        self._places: dict[str, _Place] = {}
        self._ids: dict[tuple[Key, str], str] = {}

    def names(self) -> list[str]:
        return sorted(self._known())

    def read(self, zone: str) -> Zone:
        told = list(cloudflare.listed(self._api, f"/zones/{self._known()[zone].id}/dns_records", SIZE))
        self._ids = {(_key(one), value): one["id"] for value, one in _valued(told)}
        return zone_of(zone, told)

    def batches(self, zone: str, changes: Sequence[Change]) -> Iterator[list[Change]]:
        return batching.batches(changes, lambda change: [_cost(change)], [self._known()[zone].room])

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        try:
            body = self._batch(changes)
            self._api.call("POST", f"/zones/{self._known()[zone].id}/dns_records/batch", body)
        except SnapError as error:
            now = surely(lambda: self.read(zone), self.lost)
            if any(now.sets.get(change.key) != change.before for change in changes):
                raise MovedError(error.what) from error
            raise

    def settle(self, zone: str) -> None:
        pass

    def lost(self, why: Exception) -> SnapError:
        return self._api.lost(why)

    def _batch(self, changes: Sequence[Change]) -> dict[str, Json]:
        """One record takes another's place where there is one of its kind, so that a name keeps an answer."""
        body: dict[str, list[Json]] = {"deletes": [], "puts": [], "posts": []}
        for change in changes:
            before, after = _records(change.before), _records(change.after)
            gone = [value for value in before if value not in after]
            new = [value for value in after if value not in before]
            kept = [(value, value) for value in after if value in before and before[value] != after[value]]
            paired = [*kept, *zip(gone, new, strict=False)]
            body["puts"] += [{"id": self._id(change, old), **after[value]} for old, value in paired]
            body["deletes"] += [{"id": self._id(change, value)} for value in gone[len(new) :]]
            body["posts"] += [after[value] for value in new[len(gone) :]]
        return {name: some for name, some in body.items() if some}

    def _id(self, change: Change, value: str) -> str:
        found = self._ids.get((change.key, value))
        if found is None:
            raise SnapError(f"{change.owner}/{change.type} has no {value} any more", where=self._resource)
        return found

    # Which zones

    def _known(self) -> Mapping[str, _Place]:
        """The zones by their names. SnapError where a name stands for none or several."""
        if not self._places:
            for text in self._wanted:
                found = surely(partial(self._look_up, text), self.lost)
                name = owner_of(name_of(found["name"]))
                free = (found.get("plan") or {}).get("legacy_id", "free") == "free"
                self._places[name] = _Place(found["id"], FREE if free else PAID)
        return self._places

    def _look_up(self, text: str) -> Mapping[str, Json]:
        name = "" if cloudflare.is_id(text) else zone_name(text, self._resource)
        return cloudflare.zone_of(self._api, text, name, f"resources.{self._resource}.zones", PAGE)


# What it tells


def zone_of(name: str, told: Sequence[Mapping[str, Json]]) -> Zone:
    """A zone from all its records."""
    grouped: dict[Key, dict[str, Mapping[str, Json]]] = defaultdict(dict)
    seen = set()
    for value, one in _valued(told):
        if (one.get("meta") or {}).get("read_only"):
            seen.add(Unmodelled(*_key(one)[:2], "made by another product of Cloudflare"))
        else:
            grouped[_key(one)][value] = one
    sets = {key: _record_set(key, records) for key, records in grouped.items()}
    return Zone(name, 0, None, sets, unmodelled=sorted(seen))


def _key(told: Mapping[str, Json]) -> Key:
    return Key(owner_of(name_of(told["name"])), told["type"])


def _valued(told: Sequence[Mapping[str, Json]]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """Each record with its value; of two that master files have one form for, one keeps its own."""
    seen = set()
    for one in sorted(told, key=lambda one: str(one["content"])):
        place = _key(one), value_of(one)
        value = str(one["content"]) if place in seen else place[1]
        seen.add(place)
        yield value, one


def _record_set(key: Key, records: Mapping[str, Mapping[str, Json]]) -> RecordSet:
    seconds = {value: _seconds(one) for value, one in records.items()}
    ttl = max(seconds.values())
    each = {value: _beside(value, one, ttl) for value, one in sorted(records.items())}
    kept = {value: found for value, found in each.items() if found}
    return RecordSet(key.owner, key.type, ttl, tuple(sorted(records)), {EACH: kept} if kept else {})


def _seconds(told: Mapping[str, Json]) -> int:
    return AUTOMATIC if told["ttl"] == _LEFT else int(told["ttl"])


def _beside(value: str, told: Mapping[str, Json], ttl: int) -> dict[str, Json]:
    """What a record has beside its value and the TTL of all; nothing where that is what all have."""
    found = {
        name: sorted(content) if name == "tags" else content
        for name, content in sorted(told.items())
        if name not in _OWN | _TOLD and content not in _PLAIN
    }
    if told["ttl"] == _LEFT:
        found |= {} if told.get("proxied") else {"automatic": True}
    elif told["ttl"] != ttl or told.get("proxied"):
        found["ttl"] = told["ttl"]
    if not _leads_back(value, told):
        found["said"] = said_of(told)
    return found


def _leads_back(value: str, told: Mapping[str, Json]) -> bool:
    try:
        return told_of(told["type"], value) == said_of(told)
    except ValueError:
        return False


# What it is told


def _records(side: RecordSet | Soa | None) -> dict[str, dict[str, Json]]:
    """The records of a set as the API takes them, by their values."""
    if not isinstance(side, RecordSet):
        return {}
    each = side.extras.get(EACH, {})
    return {value: _record(side, value, each.get(value, {})) for value in side.records}


def _record(side: RecordSet, value: str, beside: Mapping[str, Json]) -> dict[str, Json]:
    rest = {name: content for name, content in beside.items() if name not in ("automatic", "ttl", "said")}
    left = "automatic" in beside or ("proxied" in beside and "ttl" not in beside)
    return {
        "name": side.owner,
        "type": side.type,
        "ttl": _LEFT if left else beside.get("ttl", side.ttl),
        **(beside.get("said") or told_of(side.type, value)),
        **rest,
    }


def _cost(change: Change) -> int:
    return max(len(_records(change.before)), len(_records(change.after)))
