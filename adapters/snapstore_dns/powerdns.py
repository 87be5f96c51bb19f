"""PowerDNS, by its HTTP API: values in its own words, disabled records and comments with them.

One PATCH changes a zone as a whole or not at all. It cannot be told what has to be so before; the zone is
looked at right before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from snapstore.errors import SnapError
from snapstore.model import Json
from snapstore.remote.web import Api, RefusedError, api
from snapstore.secrets import REDACTOR
from snapstore_dns.provider import Provider
from snapstore_dns.records import (
    Change,
    Key,
    RecordSet,
    Soa,
    Unmodelled,
    Zone,
    absolute,
    is_signers,
    soa_of,
    unmodelled,
    zone_names,
)
from snapstore_dns.settings import Settings

_SERIALS = 1 << 32
_NOT_FOUND = 404
DISABLED, COMMENTS = "disabled", "comments"


@contextmanager
def opened(settings: Settings, resource: str) -> Iterator[Provider]:
    REDACTOR.add(settings.key)
    key = {"X-API-Key": settings.key}
    with api(settings.server, key, resource, settings.timeout, "docs/adapters/dns-powerdns.md") as made:
        yield _PowerDns(made, settings.server_id, zone_names(settings.zones, resource))


class _PowerDns:
    """The zones of one server."""

    in_parts = False

    def __init__(self, made: Api, server: str, names: list[str]) -> None:
        self._api = made
        self._names = names
        self._zones = f"/api/v1/servers/{server}/zones"
        self._serials: dict[str, int] = {}

    def names(self) -> list[str]:
        return self._names

    def read(self, zone: str) -> Zone:
        found = zone_of(zone, self._told(zone))
        self._serials[zone] = found.serial
        return found

    def _told(self, zone: str) -> Any:
        try:
            return self._api.call("GET", f"{self._zones}/{_id(zone)}")
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            fix = "make it there, or leave it out of `zones`; see that `server_id` is right"
            raise SnapError(f"the server has no zone {zone}", where=error.where, fix=fix) from error

    def batches(self, zone: str, changes: Sequence[Change]) -> Iterator[list[Change]]:
        yield list(changes)

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        serial = (self._serials.get(zone, 0) + 1) % _SERIALS
        rrsets = [_told(change, serial) for change in sorted(changes, key=_turn)]
        self._api.call("PATCH", f"{self._zones}/{_id(zone)}", {"rrsets": rrsets})

    def settle(self, zone: str) -> None:
        pass

    def lost(self, why: Exception) -> SnapError:
        return self._api.lost(why)


def _id(zone: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", lambda found: f"={ord(found[0]):02X}", absolute(zone))


# What it tells


def zone_of(name: str, told: Mapping[str, Json]) -> Zone:
    """A zone from the answer of the API."""
    sets = {one.key: one for one in map(_record_set, told["rrsets"])}
    head = sets.pop(Key(name, "SOA"), None)
    if head is None or not head.records:
        raise SnapError(f"the server tells no SOA of {name}", where=name, fix="see what it serves as this")
    soa, serial = soa_of(head.ttl, head.records[0])
    signed = bool(told.get("dnssec"))
    seen = unmodelled(name, sets, signed)
    return Zone(
        name=name,
        serial=serial,
        soa=soa,
        sets={key: one for key, one in sets.items() if not is_signers(key, name)},
        signed=signed,
        unmodelled=sorted([*seen, *_notes(head)]),
    )


def _notes(head: RecordSet) -> Iterator[Unmodelled]:
    if COMMENTS in head.extras:
        yield Unmodelled(head.owner, "comments of the SOA", "no record set is changed for these alone")


def _record_set(told: Mapping[str, Json]) -> RecordSet:
    values: dict[bool, list[str]] = {False: [], True: []}
    for record in told["records"]:
        values[bool(record["disabled"])].append(record["content"])
    extras: dict[str, Json] = {DISABLED: sorted(values[True])} if values[True] else {}
    if told["comments"]:
        extras[COMMENTS] = sorted(told["comments"], key=lambda comment: sorted(comment.items()))
    owner = told["name"].lower()
    return RecordSet(
        owner if owner == "." else owner.removesuffix("."),
        told["type"],
        told["ttl"],
        tuple(sorted(values[False])),
        extras,
    )


# What it is told


def _turn(change: Change) -> int:
    """What goes is first, or it is in the way of what comes; then what is left without records."""
    if change.after is None:
        return 0
    return 1 if isinstance(change.after, RecordSet) and not _records(change.after) else 2


def _records(side: RecordSet | Soa | None) -> list[dict[str, Json]]:
    if not isinstance(side, RecordSet):
        return []
    enabled: list[dict[str, Json]] = [{"content": text, "disabled": False} for text in side.records]
    return enabled + [{"content": text, "disabled": True} for text in side.extras.get(DISABLED, ())]


def _told(change: Change, serial: int) -> dict[str, Json]:
    where = {"name": absolute(change.owner), "type": change.type}
    if isinstance(change.after, Soa):
        record = {"content": change.after.record(serial), "disabled": False}
        return {**where, "changetype": "REPLACE", "ttl": change.after.ttl, "records": [record]}
    if change.after is None:
        return {**where, "changetype": "DELETE"}
    comments = {"comments": list(change.after.extras.get(COMMENTS, ()))}
    records = _records(change.after)
    if not records and not _records(change.before):
        # Told of no records, it lets a comment stand beside an alias.
        return {**where, "changetype": "REPLACE", **comments}
    return {**where, "changetype": "REPLACE", "ttl": change.after.ttl, "records": records, **comments}
