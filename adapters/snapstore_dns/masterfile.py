"""Zones that lie in master files (RFC 1035) of this host: read as name servers read them, and written anew.

A file is replaced as a whole, so that who reads it gets the zone before or the one after. What is no record
(comments, what was included or generated) is then no longer there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.rdatatype
import dns.zone

from snapstore.errors import SnapError
from snapstore.remote.lost import MovedError
from snapstore_dns.provider import Provider
from snapstore_dns.records import (
    Change,
    Key,
    RecordSet,
    Soa,
    Zone,
    absolute,
    owner_of,
    value_of,
    zone_names,
    zone_of,
)
from snapstore_dns.settings import Settings
from snapstore_dns.zonefile import plain_record, sorted_sets

PAGE = "docs/adapters/dns-masterfile.md"
_ZONE = "{zone}"
_SERIALS = 1 << 32


@contextmanager
def opened(settings: Settings, resource: str) -> Iterator[Provider]:
    names = zone_names(settings.zones, resource)
    if not Path(settings.server).is_absolute() or (len(names) > 1 and _ZONE not in settings.server):
        raise SnapError(
            f"{settings.server!r} does not say where the master files are",
            where=f"resources.{resource}.server",
            fix='write it as "/etc/bind/zones/{zone}.zone"',
        )
    yield _Files(settings.server, names, resource)


class _Files:
    """The master files of some zones."""

    in_parts = False

    def __init__(self, pattern: str, names: list[str], resource: str) -> None:
        self._pattern = pattern
        self._names = names
        self._resource = resource

    def names(self) -> list[str]:
        return self._names

    def read(self, zone: str) -> Zone:
        return zone_of(zone, self._sets(zone).values())

    def batches(self, zone: str, changes: Sequence[Change]) -> Iterator[list[Change]]:
        yield list(changes)

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        from snapstore import safewrite

        path, sets = self._path(zone), self._sets(zone)
        now = zone_of(zone, sets.values())
        if now.signed:
            fix = f"restore the file that it is made from, and sign that; {PAGE} says more"
            raise SnapError(f"the zone in {path} is signed", where=self._resource, fix=fix)
        found = {**now.sets, Key(zone, "SOA"): now.soa}
        if any(found.get(change.key) != change.before for change in changes):
            raise MovedError(f"{path} was changed")
        text = "".join(f"{line}\n" for line in _lines(zone, _changed(sets, zone, now, changes)))
        mode = path.stat().st_mode & 0o777
        safewrite.replace(path.parent, path.name, [text.encode("ascii")], mode)

    def settle(self, zone: str) -> None:
        pass

    def lost(self, why: Exception) -> SnapError:
        return SnapError(f"{why}", where=self._resource, fix="run the command again")

    def _path(self, zone: str) -> Path:
        return Path(self._pattern.replace(_ZONE, zone.replace("/", "_")))

    def _sets(self, zone: str) -> dict[Key, RecordSet]:
        path = self._path(zone)
        try:
            with path.open(encoding="utf-8") as file:
                read = dns.zone.from_file(
                    file, absolute(zone), relativize=False, check_origin=False, allow_include=True
                )
        except (OSError, UnicodeDecodeError, dns.exception.DNSException) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise SnapError(
                f"{path} cannot be read as the master file of {zone}: {why}",
                where=self._resource,
                fix=f"see what is wrong with it: named-checkzone {zone} {path}",
            ) from error
        return {one.key: one for one in _told(read)}


def _told(read: dns.zone.Zone) -> Iterator[RecordSet]:
    for name, one in read.iterate_rdatasets():
        kind = dns.rdatatype.to_text(one.rdtype)
        yield RecordSet(owner_of(name), kind, one.ttl, tuple(sorted(map(value_of, one))))


def _changed(
    sets: Mapping[Key, RecordSet], zone: str, now: Zone, changes: Iterable[Change]
) -> dict[Key, RecordSet]:
    """What the file will hold: what nobody models stays, and the serial counts."""
    after = {change.key: change.after for change in changes}
    kept = {key: one for key, one in sets.items() if key not in after}
    come = {key: one for key, one in after.items() if isinstance(one, RecordSet)}
    head = Key(zone, "SOA")
    soa = after.get(head, now.soa)
    serial = (now.serial + 1) % _SERIALS or 1
    soas = {head: RecordSet(zone, "SOA", soa.ttl, (soa.record(serial),))} if isinstance(soa, Soa) else {}
    return kept | come | soas


def _lines(zone: str, sets: Mapping[Key, RecordSet]) -> Iterator[str]:
    yield f"$ORIGIN {absolute(zone)}"
    for one in sorted_sets(zone, sets.values()):
        yield from (plain_record(one, text) for text in one.records)
