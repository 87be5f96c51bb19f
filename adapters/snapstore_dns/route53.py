"""Amazon Route 53: record sets in its own words, with all that it chooses answers by.

One change batch is done as a whole or not at all. In it a record set goes and another one comes, instead of
one taking the other's place: what goes has to be exactly what is there, so that a zone that somebody else
has changed meanwhile is refused.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from snapstore.errors import SnapError
from snapstore.model import Json
from snapstore.remote.aws import Aws, RefusedError, aws
from snapstore.remote.lost import MovedError
from snapstore.remote.retrying import surely
from snapstore_dns import batching
from snapstore_dns.provider import Provider
from snapstore_dns.records import (
    ALIAS,
    Change,
    Key,
    RecordSet,
    Soa,
    Unmodelled,
    Zone,
    absolute,
    name_of,
    owner_of,
    soa_of,
    zone_name,
)
from snapstore_dns.settings import Settings

PAGE = "docs/adapters/dns-route53.md"
ELEMENTS, LETTERS = 1_000, 32_000
"""The values that a batch may have, and the characters of all of them."""
_OWN = frozenset({"Name", "Type", "SetIdentifier", "TTL", "ResourceRecords"})
"""What has a place of its own in a record set; all the rest goes beside it as it is."""
_POLICY = "TrafficPolicyInstanceId"
_ID = re.compile(r"(?:/hostedzone/)?([A-Z0-9]{8,32})")
_OCTAL = re.compile(r"\\([0-7]{3})")
_LOOK_AGAIN, _PATIENCE = 2.0, 300.0
"""Seconds between two looks whether all name servers have a change, and until one gives up."""


@contextmanager
def opened(settings: Settings, resource: str) -> Iterator[Provider]:
    with aws(
        "route53",
        profile=settings.profile,
        endpoint=settings.server,
        timeout=settings.timeout,
        resource=resource,
        page=PAGE,
    ) as made:
        yield _Route53(made, settings.zones, resource)


class _Route53:
    """The hosted zones of one account that the settings speak of."""

    in_parts = False

    def __init__(self, made: Aws, wanted: Sequence[str], resource: str) -> None:
        self._aws = made
        self._wanted = wanted
        self._resource = resource
        self._ids: dict[str, str] = {}
        self._last: dict[str, Zone] = {}
        self._pending: dict[str, str] = {}

    def names(self) -> list[str]:
        return sorted(self._known())

    def read(self, zone: str) -> Zone:
        self._last[zone] = zone_of(zone, self._told(self._known()[zone]))
        return self._last[zone]

    def batches(self, zone: str, changes: Sequence[Change]) -> Iterator[list[Change]]:
        return batching.batches(changes, lambda change: _cost(zone, change), [ELEMENTS, LETTERS])

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        try:
            self._pending[zone] = self._change(zone, changes, self._last[zone].serial + 1)
        except RefusedError as error:
            if error.name == "InvalidChangeBatch" and self._has_moved(zone, changes):
                raise MovedError(error.what) from error
            raise

    def settle(self, zone: str) -> None:
        change = self._pending.pop(zone, "") or self._behind_all(zone)
        until = time.monotonic() + _PATIENCE
        while not self._is_everywhere(change):
            if time.monotonic() > until:
                raise SnapError(
                    f"the change {change} is not on all name servers of Route 53 after {_PATIENCE:g} s",
                    where=f"{self._resource}: {zone}",
                    fix="look at the status page of AWS; snap restore --resume goes on from here",
                )
            time.sleep(_LOOK_AGAIN)

    def lost(self, why: Exception) -> SnapError:
        return self._aws.lost(why)

    def _change(self, zone: str, changes: Sequence[Change], serial: int) -> str:
        """The id that the service gives to a batch; ``serial`` is for a SOA in it."""
        batch = {"Changes": list(_batch(zone, changes, serial))}
        words = {"HostedZoneId": self._known()[zone], "ChangeBatch": batch}
        answer = self._aws.call("change_resource_record_sets", **words)
        return str(answer["ChangeInfo"]["Id"])

    def _behind_all(self, zone: str) -> str:
        """The id of a batch that leaves the SOA as it is, behind one whose id nobody knows, as when an answer
        got lost: name servers get the changes of a zone in their order, and none tells what is on its way."""
        now = surely(lambda: self.read(zone), self.lost)
        same = Change(zone, "SOA", now.soa, now.soa)
        return surely(lambda: self._change(zone, [same], now.serial), self.lost)

    def _is_everywhere(self, change: str) -> bool:
        answer = surely(lambda: self._aws.call("get_change", Id=change), self.lost)
        return bool(answer["ChangeInfo"]["Status"] == "INSYNC")

    def _has_moved(self, zone: str, changes: Sequence[Change]) -> bool:
        now = surely(lambda: self.read(zone), self.lost)
        sets = [change for change in changes if change.type != "SOA"]
        return any(now.sets.get(change.key) != change.before for change in sets)

    def _told(self, zone: str) -> Iterator[Mapping[str, Json]]:
        start: dict[str, str] = {}
        while True:
            answer = self._aws.call("list_resource_record_sets", HostedZoneId=zone, **start)
            yield from answer["ResourceRecordSets"]
            if not answer["IsTruncated"]:
                return
            parts = ("Name", "Type", "Identifier")
            start = {f"StartRecord{part}": answer.get(f"NextRecord{part}") for part in parts}
            start = {name: value for name, value in start.items() if value}

    # Which zones

    def _known(self) -> Mapping[str, str]:
        """The ids of the zones by their names. SnapError where a name stands for none or several."""
        if not self._ids:
            for text in self._wanted:
                name, found = self._look_up(text)
                if self._ids.setdefault(name, found) != found:
                    raise self._ambiguous(name, [self._ids[name], found])
        return self._ids

    def _look_up(self, text: str) -> tuple[str, str]:
        named = _ID.fullmatch(text)
        if named:
            told = surely(lambda: self._aws.call("get_hosted_zone", Id=named[1]), self.lost)["HostedZone"]
            return owner_from(told["Name"]), named[1]
        name = zone_name(text, self._resource)
        asked = {"DNSName": owner_to(name)}
        told = surely(lambda: self._aws.call("list_hosted_zones_by_name", **asked), self.lost)
        ids = [one["Id"].rpartition("/")[2] for one in told["HostedZones"] if owner_from(one["Name"]) == name]
        if len(ids) > 1:
            raise self._ambiguous(name, ids)
        if not ids:
            raise SnapError(
                f"there is no hosted zone {name} in this account",
                where=f"resources.{self._resource}.zones",
                fix="see which there are: aws route53 list-hosted-zones",
            )
        return name, ids[0]

    def _ambiguous(self, name: str, ids: Sequence[str]) -> SnapError:
        return SnapError(
            f"there are several hosted zones {name}: {', '.join(ids)}",
            where=f"resources.{self._resource}.zones",
            fix="name one by its id, and give each a resource of its own",
        )


# What it tells


def zone_of(name: str, told: Iterator[Mapping[str, Json]]) -> Zone:
    """A zone from all that the service tells of it."""
    sets: dict[Key, RecordSet] = {}
    seen = []
    for one in told:
        if _POLICY in one:
            seen.append(Unmodelled(owner_from(one["Name"]), one["Type"], "made by a traffic policy"))
        else:
            found = _record_set(one)
            sets[found.key] = found
    head = sets.pop(Key(name, "SOA"), None)
    if head is None:
        raise SnapError(f"the service tells no SOA of {name}", where=name, fix="see what it serves as this")
    soa, serial = soa_of(head.ttl, head.records[0])
    return Zone(name, serial, soa, sets, unmodelled=sorted(set(seen)))


def _record_set(told: Mapping[str, Json]) -> RecordSet:
    return RecordSet(
        owner_from(told["Name"]),
        told["Type"],
        told.get("TTL", 0),
        tuple(sorted(record["Value"] for record in told.get("ResourceRecords", ()))),
        {name: told[name] for name in sorted(told.keys() - _OWN)},
        told.get("SetIdentifier", ""),
    )


def owner_from(name: str) -> str:
    r"""The owner for a name of the service, which escapes in octal: ``\052.example.com.``."""
    decimal = _OCTAL.sub(lambda found: f"\\{int(found[1], 8):03}", name)
    return owner_of(name_of(decimal))


def owner_to(owner: str) -> str:
    """The name that the service has for an owner."""
    labels = [label for label in name_of(owner).labels if label]
    return absolute(".".join("*" if label == b"*" else "".join(map(_letter, label)) for label in labels))


def _letter(byte: int) -> str:
    letter = chr(byte)
    plain = letter.isascii() and (letter.isalnum() or letter in "-_")
    return letter if plain else f"\\{byte:03o}"


# What it is told


def _batch(zone: str, changes: Sequence[Change], serial: int) -> Iterator[dict[str, Any]]:
    """What goes is first, or it is in the way of what comes; aliases go before what they point at."""
    stay = [change for change in changes if _stays(zone, change)]
    others = [change for change in changes if not _stays(zone, change)]
    going = [change.before for change in others if isinstance(change.before, RecordSet)]
    for one in sorted(going, key=lambda one: ALIAS not in one.extras):
        yield {"Action": "DELETE", "ResourceRecordSet": _set(one)}
    for change in others:
        if isinstance(change.after, RecordSet):
            yield {"Action": "CREATE", "ResourceRecordSet": _set(change.after)}
    for change in stay:
        head = _head(zone, change.after, serial) if isinstance(change.after, Soa) else change.after
        if head is not None:
            yield {"Action": "UPSERT", "ResourceRecordSet": _set(head)}


def _stays(zone: str, change: Change) -> bool:
    """The SOA and the name servers of a zone can be changed, but are always there."""
    return change.owner == zone and change.type in ("SOA", "NS")


def _head(zone: str, soa: Soa, serial: int) -> RecordSet:
    return RecordSet(zone, "SOA", soa.ttl, (soa.record(serial),))


def _set(one: RecordSet) -> dict[str, Any]:
    found: dict[str, Any] = {"Name": owner_to(one.owner), "Type": one.type, **one.extras}
    if one.variant:
        found["SetIdentifier"] = one.variant
    if ALIAS not in one.extras:
        found |= {"TTL": one.ttl, "ResourceRecords": [{"Value": text} for text in one.records]}
    return found


def _cost(zone: str, change: Change) -> tuple[int, int]:
    """The values and characters that a change takes of a batch: one that replaces counts twice."""
    if isinstance(change.after, Soa):
        return 2, 1_000
    sides = [change.after] * 2 if _stays(zone, change) else [change.before, change.after]
    sets = [one for one in sides if isinstance(one, RecordSet)]
    values = sum(max(1, len(one.records)) for one in sets)
    return values, sum(len(text) for one in sets for text in one.records)
