"""Zones to facts."""

from __future__ import annotations

from snapstore.adapter import Context
from snapstore.model import Captured, Notice
from snapstore.remote.retrying import surely
from snapstore_dns.facts import document
from snapstore_dns.provider import Provider, opened
from snapstore_dns.records import Zone, zone_name
from snapstore_dns.settings import Settings


def capture(settings: Settings, context: Context) -> Captured:
    names = zone_names(settings, context.resource)
    with opened(settings, context.resource) as provider:
        zones = [_read(provider, name) for name in names]
    return Captured(
        documents=[document(zone, names) for zone in zones],
        notices=[notice for zone in zones for notice in _notices(zone)],
        hints={"provider": settings.provider, "serials": {zone.name: zone.serial for zone in zones}},
    )


def zone_names(settings: Settings, resource: str) -> list[str]:
    return sorted({zone_name(text, resource) for text in settings.zones})


def _read(provider: Provider, name: str) -> Zone:
    return surely(lambda: provider.read(name), provider.lost)


def _notices(zone: Zone) -> list[Notice]:
    seen = sorted({kind for _, kind in zone.unmodelled})
    if not seen:
        return []
    text = f"{', '.join(seen)} in a zone that is not signed: seen, and left alone by restores"
    return [Notice(zone.name, text)]
