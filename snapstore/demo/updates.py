"""Dynamic updates of a zone (RFC 2136, section 3): all of a message is done, or nothing of it."""

from __future__ import annotations

import copy
from collections import defaultdict

import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.update
import dns.zone

ANY, NONE = dns.rdataclass.ANY, dns.rdataclass.NONE
_KEPT_AT_APEX = frozenset({dns.rdatatype.SOA, dns.rdatatype.NS})
_SERIALS = 1 << 32


class RefusedError(Exception):
    """Nothing is done, for a reason that has a code."""

    def __init__(self, code: dns.rcode.Rcode) -> None:
        super().__init__(dns.rcode.to_text(code))
        self.code = code


def update(zone: dns.zone.Zone, message: dns.update.UpdateMessage) -> dns.zone.Zone:
    """The zone after the update, as a value of its own. RefusedError where its prerequisites are not met."""
    _require(zone, message)
    after = copy.deepcopy(zone)
    for found in message.update:
        _do(after, found)
    _count(zone, after)
    return after


def _require(zone: dns.zone.Zone, message: dns.update.UpdateMessage) -> None:
    """Single records are told one by one: those of one set are its whole."""
    whole: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], set[str]] = defaultdict(set)
    for wanted in message.prerequisite:
        if wanted.deleting is None:
            whole[wanted.name, wanted.rdtype].add(wanted[0].to_text())
        elif wanted.rdtype == dns.rdatatype.ANY:
            _meet(wanted.name in zone.nodes, wanted, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN)
        else:
            there = zone.get_rdataset(wanted.name, wanted.rdtype) is not None
            _meet(there, wanted, dns.rcode.NXRRSET, dns.rcode.YXRRSET)
    for (name, kind), values in whole.items():
        found = zone.get_rdataset(name, kind)
        if found is None or {value.to_text() for value in found} != values:
            raise RefusedError(dns.rcode.NXRRSET)


def _meet(there: bool, wanted: dns.rrset.RRset, missing: dns.rcode.Rcode, extra: dns.rcode.Rcode) -> None:
    if there and wanted.deleting == NONE:
        raise RefusedError(extra)
    if not there and wanted.deleting == ANY:
        raise RefusedError(missing)


def _do(zone: dns.zone.Zone, wanted: dns.rrset.RRset) -> None:
    if wanted.deleting == ANY:
        _take(zone, wanted)
    elif wanted.deleting == NONE:
        _take_one(zone, wanted)
    elif _fits(zone, wanted):
        _give(zone, wanted)


def _take(zone: dns.zone.Zone, wanted: dns.rrset.RRset) -> None:
    node = zone.get_node(wanted.name)
    for found in list(node or ()):
        kept = wanted.name == zone.origin and found.rdtype in _KEPT_AT_APEX
        if wanted.rdtype in (found.rdtype, dns.rdatatype.ANY) and not kept:
            zone.delete_rdataset(wanted.name, found.rdtype)


def _take_one(zone: dns.zone.Zone, wanted: dns.rrset.RRset) -> None:
    """Never the SOA, and never the last name server of the zone."""
    found = zone.get_rdataset(wanted.name, wanted.rdtype)
    last = wanted.name == zone.origin and wanted.rdtype in _KEPT_AT_APEX and found and len(found) == 1
    if found is None or last:
        return
    left = [value for value in found if value != wanted[0]]
    if left:
        zone.replace_rdataset(wanted.name, dns.rdataset.from_rdata_list(found.ttl, left))
    else:
        zone.delete_rdataset(wanted.name, wanted.rdtype)


def _fits(zone: dns.zone.Zone, wanted: dns.rrset.RRset) -> bool:
    """An alias stands alone: what comes beside it is left out, without a word."""
    others = [found.rdtype for found in zone.get_node(wanted.name) or () if found.rdtype != wanted.rdtype]
    alias = dns.rdatatype.CNAME
    return alias not in others and not (wanted.rdtype == alias and others)


def _give(zone: dns.zone.Zone, wanted: dns.rrset.RRset) -> None:
    """A record more; the time to live of its set is that of the last one that came."""
    found = zone.get_rdataset(wanted.name, wanted.rdtype)
    alone = wanted.rdtype in (dns.rdatatype.SOA, dns.rdatatype.CNAME)
    values = [wanted[0]] if alone or found is None else [*found, wanted[0]]
    zone.replace_rdataset(wanted.name, dns.rdataset.from_rdata_list(wanted.ttl, values))


def _count(before: dns.zone.Zone, after: dns.zone.Zone) -> None:
    """Raise the serial of a zone that has changed, where the update has not done so."""
    head = after.get_soa()
    if _content(before) != _content(after) and head.serial == before.get_soa().serial:
        found = after.find_rdataset("@", dns.rdatatype.SOA)
        raised = head.replace(serial=(head.serial + 1) % _SERIALS)
        after.replace_rdataset("@", dns.rdataset.from_rdata_list(found.ttl, [raised]))


def _content(zone: dns.zone.Zone) -> set[tuple[str, int, str]]:
    return {(name.to_text(), ttl, value.to_text()) for name, ttl, value in zone.iterate_rdatas()}
