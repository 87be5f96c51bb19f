"""Killed at any boundary of its journal, the demo's rollback can go on and back: old state or new state."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from snapstore import embedded, journal
from snapstore.demo import cache, evidence, nameserver
from snapstore.demo.evidence import Evidence
from snapstore.demo.shop import ORIGIN, ZONE, Shop, create, deploy
from tests.e2e import killing

PARTS = 4
EVERY = "SNAPSTORE_EVERY_BOUNDARY" in os.environ


@dataclass(frozen=True)
class State:
    """``tree`` as snapstore sees it, ``evidence`` as everybody else does."""

    tree: str
    evidence: Evidence


@dataclass(frozen=True)
class Scene:
    """A shop with one snapshot, after the bad deploy. Copies of what is ``kept`` of it, with servers of their
    own, are what is restored and killed; all of them at its place, which the cache knows by name."""

    server: str
    kept: Path
    shop: Shop
    good: State
    broken: State

    @contextmanager
    def copy(self) -> Iterator[Shop]:
        shutil.copytree(self.kept, self.shop.folder.parent)
        with _shop(self.shop.folder, self.server, template=_name(self.shop.url)) as shop:
            yield shop
        shutil.rmtree(self.shop.folder.parent)


@pytest.fixture(scope="module")
def scene(postgres_url: str) -> Iterator[Scene]:
    # Short: the path of a socket has about 100 bytes.
    base = Path(tempfile.mkdtemp(prefix="snap-test-", dir=embedded.in_memory()))
    folder = base / "live" / "shop"
    folder.mkdir(parents=True)
    (folder.parent / "zone").write_text(ZONE)
    with _database(postgres_url, template="template0") as url:
        with _servers(folder.parent) as (cache_url, dns):
            shop = Shop(folder, url, cache_url, dns)
            create(shop)
            for words in (["init"], ["take", "-m", "before 2.4"]):
                assert snap(shop, *words)[0] == 0
            good = state(shop)
            deploy(shop)
            broken = state(shop)
        kept = folder.parent.rename(base / "kept")
        yield Scene(postgres_url, kept, shop, good, broken)
    shutil.rmtree(base)


@contextmanager
def _shop(folder: Path, server: str, template: str) -> Iterator[Shop]:
    with _database(server, template) as url, _servers(folder.parent) as (cache_url, dns):
        yield Shop(folder, url, cache_url, dns)


@contextmanager
def _servers(folder: Path) -> Iterator[tuple[str, nameserver.NameServer]]:
    with cache.running(folder / "cache") as url, nameserver.running(folder / "zone", ORIGIN) as dns:
        yield url, dns


@contextmanager
def _database(server: str, template: str) -> Iterator[str]:
    name = f"snap_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _name(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


def environment(shop: Shop) -> Mapping[str, str]:
    home = str(shop.folder.parent)
    return {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "XDG_CONFIG_HOME": home,
        "DATABASE_URL": shop.url,
        "REDIS_URL": shop.cache,
        "DNS_SERVER": shop.dns.address,
        "DNS_KEY": shop.dns.key,
        "LC_ALL": "C.UTF-8",
    }


def snap(shop: Shop, *words: str, nth: int = -1, moment: str = "never") -> tuple[int, str]:
    return killing.snap(list(words), shop.folder, environment(shop), nth, moment)


def journals(shop: Shop) -> Path:
    return shop.folder / "snapshots" / "snapstore" / "journal"


def state(shop: Shop) -> State:
    code, text = snap(shop, "show", "live", "--json")
    assert code == 0, text
    return State(json.loads(text)["tree"], evidence.gather(shop))


def boundaries(records: int) -> list[tuple[int, str, str]]:
    """Each record, both sides of it and a way out with SNAPSTORE_EVERY_BOUNDARY; without it one of each two
    records, which come as an intent and its end: either gets every side and every way in turn."""
    found = [
        (nth, side, (nth // 8 + side) % 2)
        for nth in range(records)
        for side in ((0, 1) if EVERY else (nth // 4 % 2,))
        if EVERY or (nth // 2 + nth) % 2 == 0
    ]
    return [(nth, ("before", "after")[side], ("--resume", "--abort")[way]) for nth, side, way in found]


@pytest.fixture(scope="module")
def records(scene: Scene) -> int:
    """How many records the journal of this restore has when nothing goes wrong."""
    with scene.copy() as shop:
        code, text = snap(shop, "restore", "HEAD", "--yes")
        assert code == 0, text
        assert state(shop) == scene.good
        done = next(journal.history(journals(shop)))
        assert len({action.resource for action in done.plan.actions}) == 6
        return len(done.records)


@pytest.mark.long
@pytest.mark.postgres
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_any_boundary_it_ends_in_the_old_or_the_new_state(scene: Scene, records: int, part: int):
    interrupted = 0
    for nth, moment, way in islice(boundaries(records), part, None, PARTS):
        with scene.copy() as shop:
            code, text = snap(shop, "restore", "HEAD", "--yes", nth=nth, moment=moment)
            assert code == killing.KILLED, text
            interrupted += check_way_out(scene, shop, way, f"{moment} record {nth}")
    assert interrupted > records // PARTS // 4


def check_way_out(scene: Scene, shop: Shop, way: str, where: str) -> bool:
    """Whether there was a journal to work from; old or new state either way."""
    if journal.unfinished(journals(shop)) is None:
        assert state(shop) in (scene.broken, scene.good), where
        return False
    assert snap(shop, "restore", "HEAD", "--yes")[0] == 7, where
    code, text = snap(shop, "restore", way, "--yes")
    assert code == 0, f"{where}, {way}: {text}"
    found, expected = state(shop), scene.good if way == "--resume" else scene.broken
    assert evidence.differences(expected.evidence, found.evidence) == [], f"{where}, {way}"
    assert found.tree == expected.tree, f"{where}, {way}"
    return True
