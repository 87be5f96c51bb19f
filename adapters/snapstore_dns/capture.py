"""Zones to facts."""

from __future__ import annotations

from snapstore.adapter import Context
from snapstore.model import Captured, Notice
from snapstore.remote.retrying import surely
from snapstore_dns.facts import document
from snapstore_dns.provider import Provider, opened
from snapstore_dns.records import Zone
from snapstore_dns.settings import Settings


def capture(settings: Settings, context: Context) -> Captured:
    with opened(settings, context.resource) as provider:
        names = provider.names()
        zones = [_read(provider, name) for name in names]
    return Captured(
        documents=[document(zone, names) for zone in zones],
        notices=[notice for zone in zones for notice in _notices(zone)],
        hints={"provider": settings.provider, "serials": {zone.name: zone.serial for zone in zones}},
    )


def _read(provider: Provider, name: str) -> Zone:
    return surely(lambda: provider.read(name), provider.lost)


def _notices(zone: Zone) -> list[Notice]:
    found = []
    for why in sorted({one.why for one in zone.unmodelled}):
        kinds = sorted({one.type for one in zone.unmodelled if one.why == why})
        found.append(Notice(zone.name, f"{', '.join(kinds)}: {why}; seen, and left alone by restores"))
    return found
