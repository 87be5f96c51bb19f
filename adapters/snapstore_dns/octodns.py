"""All that octoDNS reaches, best effort: it tells less of a zone than there is, and changes it step by step.

What it does not tell, or tells otherwise, is found by a transfer of the zone where its name server allows
one; where none is named, nobody can promise that octoDNS has told everything, and that is said.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import dns.exception

from snapstore.errors import SnapError
from snapstore.model import Json
from snapstore.remote.lost import LostError
from snapstore.remote.retrying import surely
from snapstore.secrets import REDACTOR
from snapstore_dns.provider import Provider
from snapstore_dns.records import (
    Change,
    Key,
    RecordSet,
    Unmodelled,
    Zone,
    absolute,
    is_signers,
    name_of,
    owner_of,
    rdata_of,
    value_of,
    zone_names,
)
from snapstore_dns.settings import Settings
from snapstore_dns.talking import Line, address
from snapstore_dns.transfer import transfer
from snapstore_dns.tsig import key_of
from snapstore_dns.wording import DATA

PAGE = "docs/adapters/dns-octodns.md"
UNTOLD, OTHERWISE = "octoDNS does not tell it", "octoDNS tells it otherwise than the name server"
_SECRET = re.compile("key|token|secret|pass", re.IGNORECASE)
"""What options are called that no message may show."""
BLIND = "all that octoDNS may not tell"


@contextmanager
def opened(settings: Settings, resource: str) -> Iterator[Provider]:
    quiet = logging.NullHandler()
    logging.getLogger().addHandler(quiet)  # or Python prints what octoDNS warns of
    try:
        target = _target(settings.options, resource)
        names = zone_names(settings.zones, resource)
        yield _OctoDns(target, names, resource, _line(settings, resource))
    finally:
        logging.getLogger().removeHandler(quiet)


def _target(options: Mapping[str, Any], resource: str) -> Any:
    where = f"resources.{resource}.options"
    module, _, name = str(options.get("class", "")).rpartition(".")
    if not module:
        fix = 'name the class as octoDNS has it: class = "octodns_powerdns.PowerDnsProvider"'
        raise SnapError("which provider of octoDNS is not said", where=where, fix=fix)
    try:
        made = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        fix = f"pip install 'snapstore[octodns]' {module.partition('.')[0].replace('_', '-')}"
        raise SnapError(f"there is no {module}.{name}: {error}", where=where, fix=fix) from error
    words = {key: value for key, value in options.items() if key != "class"}
    for key, value in words.items():
        if isinstance(value, str) and _SECRET.search(key):
            REDACTOR.add(value)
    try:
        return made("snap", **{**words, "strict_supports": True})
    except Exception as error:  # its author may raise anything
        fix = f"see {PAGE}, and what the class takes"
        raise SnapError(f"{name}: {type(error).__name__}: {error}", where=where, fix=fix) from error


def _line(settings: Settings, resource: str) -> Line | None:
    """The name server to compare with."""
    if not settings.server:
        return None
    host, port = address(settings.server, resource)
    return Line(resource, host, port, key_of(settings.key, resource), settings.timeout)


class _OctoDns:
    """The zones of one provider of octoDNS."""

    in_parts = True

    def __init__(self, target: Any, names: list[str], resource: str, line: Line | None) -> None:
        self._target = target
        self._names = names
        self._resource = resource
        self._line = line
        self._last: dict[str, Any] = {}
        self._wanted: dict[str, Any] = {}

    def names(self) -> list[str]:
        return self._names

    def read(self, zone: str) -> Zone:
        self._last[zone] = self._populated(zone)
        sets = {one.key: one for one in map(_record_set, self._last[zone].records)}
        seen = set(self._unheld(zone, sets))
        kept = {key: one for key, one in sets.items() if key[:2] not in {one[:2] for one in seen}}
        return Zone(zone, 0, None, kept, unmodelled=sorted(seen))

    def batches(self, zone: str, changes: Sequence[Change]) -> Iterator[list[Change]]:
        yield list(changes)

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        self._wanted[zone] = self._desired(zone, changes)
        plan = self._plan(zone)
        if plan is None:
            return
        self._require_ours(zone, plan, changes)
        try:
            self._target.apply(plan)
        except Exception as error:  # some of it may be done, whatever it is
            raise LostError(f"{type(error).__name__}: {error}") from error

    def settle(self, zone: str) -> None:
        if zone in self._wanted:
            left = surely(lambda: self._plan(zone), self.lost)
            if left is not None:
                text = f"octoDNS does not come to rest: it still wants to change {_changed(left)}"
                fix = "see what its provider does with these; snap restore --resume tries again"
                raise SnapError(text, where=f"{self._resource}: {zone}", fix=fix)

    def lost(self, why: Exception) -> SnapError:
        name = type(self._target).__name__
        fix = "repair that, then run the command again; what was interrupted goes on with --resume"
        return SnapError(f"{name} of octoDNS failed: {why}", where=self._resource, fix=fix)

    def _populated(self, zone: str) -> Any:
        found = import_module("octodns.zone").Zone(absolute(zone), [])
        with self._said():
            exists = self._target.populate(found, lenient=True)
        if exists is False:
            raise SnapError(f"there is no zone {zone}", where=self._resource, fix="see what its provider has")
        return found

    def _plan(self, zone: str) -> Any:
        with self._said():
            return self._target.plan(self._wanted[zone])

    def _desired(self, zone: str, changes: Sequence[Change]) -> Any:
        make = import_module("octodns.record").Record.new
        desired = self._last[zone].copy()
        there = {_key(record): record for record in desired.records}
        for change in changes:
            if change.key in there:
                desired.remove_record(there[change.key])
        for change in changes:
            if isinstance(change.after, RecordSet):
                name = "" if change.owner == zone else change.owner.removesuffix(f".{zone}")
                record = make(desired, name, _data(change.after), lenient=True)
                desired.add_record(record, lenient=True)
        return desired

    def _require_ours(self, zone: str, plan: Any, changes: Sequence[Change]) -> None:
        """SnapError for a plan of octoDNS that has other changes than ours, or that it calls unsafe."""
        others = {_key(change.record) for change in plan.changes} - {change.key for change in changes}
        if others:
            text = ", ".join(f"{key.owner}/{key.type}" for key in sorted(others)[:5])
            raise self._refused(zone, f"octoDNS would change {text} as well")
        try:
            plan.raise_if_unsafe()
        except Exception as error:  # their UnsafePlan, and whatever a provider makes of it
            raise self._refused(zone, f"octoDNS calls this unsafe: {error}") from error

    def _refused(self, zone: str, text: str) -> SnapError:
        fix = f"see {PAGE} for what octoDNS lets one set"
        return SnapError(text, where=f"{self._resource}: {zone}", fix=fix)

    @contextmanager
    def _said(self) -> Iterator[None]:
        """What a provider raises while it changes nothing: providers are written by anybody."""
        try:
            yield
        except Exception as error:
            if _is_lost(error):
                raise LostError(f"{type(error).__name__}: {error}") from error
            raise self.lost(Exception(f"{type(error).__name__}: {error}")) from error

    def _unheld(self, zone: str, sets: Mapping[Key, RecordSet]) -> Iterator[Unmodelled]:
        root = Key(zone, "NS")
        if root in sets:
            yield Unmodelled(zone, "NS", "octoDNS changes it only by force")
        if self._line is None:
            yield Unmodelled(zone, BLIND, "no server is named to compare with")
            return
        for one in transfer(self._line, zone):
            if one.type == "SOA" or is_signers(one.key, zone) or one.key == root:
                continue
            if one.key not in sets:
                yield Unmodelled(one.owner, one.type, UNTOLD)
            elif (one.ttl, one.records) != (sets[one.key].ttl, _canonical(sets[one.key])):
                yield Unmodelled(one.owner, one.type, OTHERWISE)


def _is_lost(error: Exception) -> bool:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return bool(status == 429 or status >= 500)
    return isinstance(error, OSError | dns.exception.Timeout)


def _changed(plan: Any) -> str:
    return ", ".join(sorted(f"{change.record.fqdn} {change.record._type}" for change in plan.changes)[:5])


def _key(record: Any) -> Key:
    return Key(owner_of(name_of(record.fqdn)), record._type)


def _record_set(record: Any) -> RecordSet:
    """Values as texts for people, and what octoDNS has of them beside these."""
    rest: dict[str, Json] = json.loads(json.dumps(record.data))
    values = {name: rest.pop(name) for name in ("value", "values") if name in rest}
    ttl = rest.pop("ttl")
    texts = tuple(sorted(str(text) for text in record.to_rrset().rdatas))
    key = _key(record)
    return RecordSet(key.owner, key.type, ttl, texts, {DATA: values, **rest})


def _data(one: RecordSet) -> dict[str, Json]:
    rest = {name: value for name, value in one.extras.items() if name != DATA}
    return {"type": one.type, "ttl": one.ttl, **one.extras[DATA], **rest}


def _canonical(one: RecordSet) -> tuple[str, ...] | None:
    try:
        return tuple(sorted(value_of(rdata_of(one.type, text)) for text in one.records))
    except (dns.exception.DNSException, ValueError):
        return None
