"""Any name server that gives zones away by AXFR and takes UPDATE: BIND, Knot, PowerDNS, Windows, …"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dns.message
import dns.rdatatype

from snapstore.errors import Exit, SnapError
from snapstore.remote.lost import LostError, MovedError
from snapstore_dns import updating
from snapstore_dns.provider import Provider
from snapstore_dns.records import Change, Zone, name_of, soa_of, value_of, zone_names, zone_of
from snapstore_dns.settings import Settings
from snapstore_dns.talking import BUSY, Line, UntrustedError, address, exchange, lost, said
from snapstore_dns.transfer import transfer
from snapstore_dns.tsig import key_of

HERE = "127.0.0.1"
_MOVED = frozenset({"NXRRSET", "YXRRSET", "NXDOMAIN", "YXDOMAIN"})
_WHY = {
    "REFUSED": "it allows this key no updates, or a record breaks a rule of its own: its log says which",
    "NOTAUTH": "it is not the primary of the zone, or does not know the key",
    "NOTIMP": "it takes no updates",
}


@contextmanager
def opened(settings: Settings, resource: str) -> Iterator[Provider]:
    host, port = address(settings.server or HERE, resource)
    line = Line(resource, host, port, key_of(settings.key, resource), settings.timeout)
    yield _Server(line, zone_names(settings.zones, resource))


class _Server:
    """A name server."""

    in_parts = False

    def __init__(self, line: Line, names: list[str]) -> None:
        self._line = line
        self._names = names

    def names(self) -> list[str]:
        return self._names

    def read(self, zone: str) -> Zone:
        return zone_of(zone, transfer(self._line, zone))

    def batches(self, zone: str, changes: Sequence[Change]) -> Iterator[list[Change]]:
        return updating.batches(zone, changes)

    def write(self, zone: str, changes: Sequence[Change]) -> None:
        serial = self._serial(zone) if any(change.type == "SOA" for change in changes) else 0
        try:
            code = said(exchange(self._line, updating.message(zone, changes, serial)))
        except UntrustedError as error:
            raise LostError(f"its answer cannot be trusted: {error.__cause__}") from error
        if code in _MOVED:
            raise MovedError(code)
        if code == BUSY:
            raise LostError(f"it says {code}")
        if code != "NOERROR":
            raise self._refused(zone, changes, code)

    def settle(self, zone: str) -> None:
        pass

    def lost(self, why: Exception) -> SnapError:
        return lost(why if isinstance(why, LostError) else LostError(str(why)), self._line)

    def _serial(self, zone: str) -> int:
        answer = exchange(self._line, dns.message.make_query(name_of(zone), dns.rdatatype.SOA))
        found = answer.get_rrset(answer.answer, name_of(zone), dns.rdataclass.IN, dns.rdatatype.SOA)
        if not found:
            raise LostError(f"it tells no SOA of {zone}", sent=False)
        return soa_of(found.ttl, value_of(found[0]))[1]

    def _refused(self, zone: str, changes: Sequence[Change], code: str) -> SnapError:
        first = f"{changes[0].owner}/{changes[0].type}"
        what = first if len(changes) == 1 else f"{len(changes)} record sets, from {first}"
        return SnapError(
            f"the name server {self._line.place} says {code} to an update of {what}",
            where=f"{self._line.resource}: {zone}",
            fix=f"{_WHY[code]}. Nothing of this message was done" if code in _WHY else "see its log",
            code=Exit.ERROR,
        )
