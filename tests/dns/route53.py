"""Amazon Route 53 as moto plays it on loopback, held to what the real one does where moto is laxer.

moto takes a batch change by change and leaves what it did before the one that fails; it creates what is there
and deletes what is not as it was told; it gives all of a name and type again at the next page, has every
change on all name servers at once, and forgets some ways of choosing an answer. All that is mended here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto.core.responses import ActionResult
from moto.route53 import models, responses
from moto.route53.exceptions import Route53ClientError
from moto.server import ThreadedMotoServer

Told = dict[str, Any]
KEYS = {"aws_access_key_id": "tests", "aws_secret_access_key": "a key that only the tests know"}
ENVIRONMENT = {name.upper(): value for name, value in KEYS.items()}
CHOICES = {
    "Weight": "weight",
    "Region": "region",
    "Failover": "failover",
    "GeoLocation": "geo_location",
    "MultiValueAnswer": "multi_value_answer",
    "CidrRoutingConfig": "cidr_routing_config",
    "GeoProximityLocation": "geo_proximity_location",
}
"""The ways of choosing, and what moto calls them."""
ZONE = "example.com"


@dataclass
class Route53:
    """The service; ``batches`` are those that it has done, ``page`` the entries that a page has at most,
    ``room`` the values and the characters of them that a batch has at most. Of its ``changes``, which are
    numbered, those up to ``settled`` were told to be on all name servers."""

    url: str
    page: int = 300
    room: tuple[int, int] = (1000, 32_000)
    batches: list[list[Told]] = field(default_factory=list)
    looks: int = 0
    changes: int = 0
    settled: int = 0
    ids: dict[str, str] = field(default_factory=dict)

    @cached_property
    def client(self) -> Any:
        session: Any = boto3.session.Session(**KEYS)
        return session.client("route53", region_name="us-east-1", endpoint_url=self.url)

    def reset(self) -> None:
        """One hosted zone, with what each has from the start."""
        models.route53_backends.reset()
        self.ids, self.batches, self.looks, self.page, self.room = {}, [], 0, 300, (1000, 32_000)
        self.make(ZONE)

    def make(self, name: str, **words: Any) -> str:
        """The id of a new hosted zone."""
        made = self.client.create_hosted_zone(Name=name, CallerReference=f"{name}{len(self.ids)}", **words)
        found: str = made["HostedZone"]["Id"].rpartition("/")[2]
        self.ids[name] = found
        return found

    def change(self, *changes: tuple[str, Told], zone: str = ZONE, strict: bool = True) -> bool:
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": one} for action, one in changes]}
        client = self.client
        try:
            client.change_resource_record_sets(HostedZoneId=self.ids[zone], ChangeBatch=batch)
        except client.exceptions.InvalidChangeBatch:
            assert not strict
            return False
        return True

    def sets(self, zone: str = ZONE) -> list[Told]:
        """All record sets with all that is told of them."""
        pages = self.client.get_paginator("list_resource_record_sets").paginate(HostedZoneId=self.ids[zone])
        found = [one for page in pages for one in page["ResourceRecordSets"]]
        for one in found:
            one.get("ResourceRecords", []).sort(key=str)
        return sorted(found, key=_place)


def rrset(owner: str, kind: str, ttl: int, *values: str, **more: Any) -> Told:
    return {
        "Name": owner,
        "Type": kind,
        "TTL": ttl,
        "ResourceRecords": [{"Value": value} for value in values],
        **more,
    }


def alias(owner: str, kind: str, target: str, zone: str, *, healthy: bool = False, **more: Any) -> Told:
    found = {"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": healthy}
    return {"Name": owner, "Type": kind, "AliasTarget": found, **more}


def _place(one: Mapping[str, Any]) -> tuple[str, str, str]:
    return one["Name"], one["Type"], one.get("SetIdentifier", "")


Key = tuple[str, str, str]
Sets = dict[Key, models.RecordSet]


def _key(one: models.RecordSet) -> Key:
    return one.name, str(one.type), one.set_identifier or ""


def _made(told: Told) -> models.RecordSet:
    name = told["Name"].lower().rstrip(".").replace("*", "\\052") + "."
    values = [record["Value"] for record in told.get("ResourceRecords") or ()]
    made: Any = models.RecordSet({**told, "Name": name, "ResourceRecords": values})
    made.ttl = None if told.get("TTL") is None else int(told["TTL"])
    for theirs, ours in CHOICES.items():
        setattr(made, ours, told.get(theirs))
    found: models.RecordSet = made
    return found


def _content(one: models.RecordSet) -> dict[str, Any]:
    found = dict(vars(one))
    return {**found, "records": sorted(found["records"]), "ttl": str(found["ttl"])}


def _no(text: str) -> Route53ClientError:
    return Route53ClientError("InvalidChangeBatch", text)


def _changed(sets: Sets, changes: Sequence[Told]) -> Sets:
    """What a batch makes of a zone, or the reason why it makes nothing of it."""
    found = dict(sets)
    for change in changes:
        one = _made(change["ResourceRecordSet"])
        there = found.get(_key(one))
        if change["Action"] == "CREATE" and there is not None:
            raise _no(f"Tried to create resource record set {_key(one)} but it already exists")
        if change["Action"] == "DELETE":
            if there is None or _content(there) != _content(one):
                raise _no(f"Tried to delete resource record set {_key(one)} but it was not found")
            del found[_key(one)]
        else:
            found[_key(one)] = one
    _require_sound(found)
    return found


def _require_sound(sets: Sets) -> None:
    """A name may have an alias or others; a name and type one record set, or several chosen in one way."""
    kinds: dict[str, set[str]] = {}
    ways: dict[tuple[str, str], set[str]] = {}
    for (owner, kind, name), one in sets.items():
        kinds.setdefault(owner, set()).add(kind)
        way = [theirs for theirs, ours in CHOICES.items() if getattr(one, ours, None) is not None]
        if bool(name) != (len(way) == 1):
            raise _no(f"{owner} {kind} needs a set identifier and one way of choosing, or neither")
        ways.setdefault((owner, kind), set()).update(way or [""])
    for owner, found in kinds.items():
        if "CNAME" in found and len(found) > 1:
            raise _no(f"RRSet of type CNAME with DNS name {owner} conflicts with others")
    for place, chosen in ways.items():
        if len(chosen) > 1:
            raise _no(f"{place} is chosen in more than one way")


def _require_room(changes: Sequence[Told], room: tuple[int, int]) -> None:
    values, letters = 0, 0
    for change in changes:
        times = 2 if change["Action"] == "UPSERT" else 1
        records = change["ResourceRecordSet"].get("ResourceRecords") or ()
        values += times * len(records)
        letters += times * sum(len(record["Value"]) for record in records)
    if values > room[0] or letters > room[1] or len(changes) > 1000:
        raise _no(f"the batch is too large: {values} values, {letters} characters")


def _patches(service: Route53) -> Iterator[Any]:
    asked: set[int] = set()

    def change(self: Any) -> ActionResult:
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        changes = self._get_param("ChangeBatch.Changes")
        _require_room(changes, service.room)
        sets = {_key(one): one for one in map(_normal, zone.rrsets)}
        zone.rrsets = list(_changed(sets, changes).values())
        service.batches.append(changes)
        service.changes += 1
        return ActionResult({"ChangeInfo": _info(service.changes, "PENDING")})

    def look(self: Any) -> ActionResult:
        service.looks += 1
        number = int(self._get_param("Id").rpartition("C")[2])
        state = "INSYNC" if number in asked else "PENDING"
        if number in asked:
            service.settled = max(service.settled, number)
        asked.add(number)
        return ActionResult({"ChangeInfo": _info(number, state)})

    def told(self: Any) -> ActionResult:
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        parts = ("Name", "Type", "Identifier")
        start = tuple(self._get_param(f"StartRecord{part}") or "" for part in parts)
        found = sorted((one for one in map(_normal, zone.rrsets) if _key(one) >= start), key=_key)
        page, rest = found[: service.page], found[service.page :]
        more = dict(zip(parts, _key(rest[0]) if rest else (None,) * 3, strict=True))
        result = {"ResourceRecordSets": page, "IsTruncated": bool(rest), "MaxItems": service.page}
        return ActionResult(result | {f"NextRecord{part}": more[part] or None for part in parts})

    for name, function in (
        ("change_resource_record_sets", change),
        ("get_change", look),
        ("list_resource_record_sets", told),
    ):
        yield patch.object(responses.Route53, name, function)


def _normal(one: models.RecordSet) -> models.RecordSet:
    """moto makes the first records of a zone in forms of its own."""
    one.name = one.name.rstrip(".") + "."
    one.records = [text["Value"] if isinstance(text, dict) else text for text in one.records]
    one.ttl = None if one.ttl is None else int(one.ttl)
    return one


def _info(number: int, state: str) -> Told:
    return {"Id": f"/change/C{number}", "Status": state, "SubmittedAt": "2026-01-01T00:00:00Z"}


def prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials for the tests, and looks whether a change is everywhere without a pause."""
    monkeypatch.setattr("snapstore_dns.route53._LOOK_AGAIN", 0.001)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@contextmanager
def running() -> Iterator[Route53]:
    """A service with one hosted zone, ``example.com``; gone at the end."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    service = Route53(f"http://{host}:{port}")
    started = []
    try:
        for one in _patches(service):
            one.start()
            started.append(one)
        service.reset()
        yield service
    finally:
        for one in started:
            one.stop()
        server.stop()
