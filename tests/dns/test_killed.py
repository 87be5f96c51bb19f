"""``snap restore`` that is killed while it waits for a zone's provider. ``SNAPSTORE_DNS_KILLS=all`` for every
request to every provider, before and after it was done, and both ways each time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import Snap
from tests.dns import cloudflare, powerdns, route53, servers
from tests.dns.conftest import ZONE, settings
from tests.dns.test_cloudflare import settings as cloudflare_settings
from tests.dns.test_faults import (
    after,
    bad_amazon,
    bad_cloudflare,
    bad_power,
    before,
    good_amazon,
    good_cloudflare,
    good_power,
)
from tests.dns.test_octodns import of_powerdns as octodns_settings
from tests.dns.test_powerdns import settings as power_settings
from tests.dns.test_route53 import settings as route53_settings
from tests.killed import walk
from tests.redis.proxy import proxy

EVERY = os.environ.get("SNAPSTORE_DNS_KILLS") == "all"


class Provider(NamedTuple):
    """One that is reached at a port: its zone made good or bad, and read."""

    port: int
    settings: Callable[[int], str]
    good: Callable[[], object]
    bad: Callable[[], object]
    state: Callable[[], Any]
    environment: Mapping[str, str] = {}


@contextmanager
def _name_server(kind: str, folder: Path) -> Iterator[Provider]:
    with servers.running(kind, folder, {ZONE: servers.START}) as server:
        yield Provider(
            server.port,
            lambda port: settings(f"127.0.0.1:{port}"),
            partial(before, server),
            partial(after, server),
            lambda: server.records(ZONE),
        )


@contextmanager
def _power(folder: Path) -> Iterator[Provider]:
    with powerdns.running(folder, ZONE) as server:
        good = partial(good_power, server, disabled=("192.0.2.2",), comments=[powerdns.comment("shop")])
        yield Provider(
            server.port,
            lambda port: power_settings(f"http://127.0.0.1:{port}"),
            good,
            partial(bad_power, server),
            lambda: server.zone(ZONE),
        )


@contextmanager
def _octodns(folder: Path) -> Iterator[Provider]:
    with powerdns.running(folder, ZONE) as server:
        good, bad = partial(good_power, server), partial(bad_power, server)
        yield Provider(server.port, octodns_settings, good, bad, lambda: server.zone(ZONE))


@contextmanager
def _amazon(_: Path) -> Iterator[Provider]:
    with route53.running() as service:
        yield Provider(
            int(service.url.rpartition(":")[2]),
            lambda port: route53_settings(f"http://127.0.0.1:{port}"),
            partial(good_amazon, service),
            partial(bad_amazon, service),
            service.sets,
            route53.ENVIRONMENT,
        )


@contextmanager
def _cloudflare(_: Path) -> Iterator[Provider]:
    with cloudflare.running() as service:
        yield Provider(
            service.port,
            lambda port: cloudflare_settings(f"http://127.0.0.1:{port}/client/v4"),
            partial(good_cloudflare, service),
            partial(bad_cloudflare, service),
            service.told,
        )


PROVIDERS = {
    "bind": partial(_name_server, "bind"),
    "knot": partial(_name_server, "knot"),
    "powerdns": _power,
    "route53": _amazon,
    "cloudflare": _cloudflare,
    "octodns": _octodns,
}


@pytest.mark.parametrize("name", PROVIDERS if EVERY else ["cloudflare"])
def test_killed_at_any_request_it_goes_on_or_back(name: str, snap: Snap, tmp_path: Path):
    with PROVIDERS[name](tmp_path / "server") as provider, proxy(provider.port) as between:
        snap.env |= provider.environment
        snap.configure(provider.settings(between.port))
        provider.good()
        walk(snap, between, provider.state, provider.bad, 1 if EVERY else 2)
