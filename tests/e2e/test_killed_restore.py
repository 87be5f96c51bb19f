"""Killed at any boundary of its journal, the demo's rollback can go on and back: old state or new state."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from snapstore import journal
from snapstore.demo import evidence
from snapstore.demo.evidence import Evidence
from snapstore.demo.shop import Shop, create, deploy
from tests.e2e import killing

PARTS = 4


@dataclass(frozen=True)
class State:
    """``tree`` as snapstore sees it, ``evidence`` as everybody else does."""

    tree: str
    evidence: Evidence


@dataclass(frozen=True)
class Scene:
    """A shop with one snapshot, after the bad deploy. Copies of it are what is restored and killed."""

    server: str
    shop: Shop
    good: State
    broken: State

    @contextmanager
    def copy(self) -> Iterator[Shop]:
        folder = self.shop.folder.parent.with_name(f"copy-{uuid.uuid4().hex[:8]}") / "shop"
        shutil.copytree(self.shop.folder.parent, folder.parent)
        with _database(self.server, template=_name(self.shop.url)) as url:
            yield Shop(folder, url)
        shutil.rmtree(folder.parent)


@pytest.fixture(scope="module")
def scene(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("killed") / "original" / "shop"
    folder.mkdir(parents=True)
    with _database(postgres_url, template="template0") as url:
        shop = Shop(folder, url)
        create(shop)
        for words in (["init"], ["take", "-m", "before 2.4"]):
            assert snap(shop, *words)[0] == 0
        good = state(shop)
        deploy(shop)
        yield Scene(postgres_url, shop, good, state(shop))


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
    """Each record, each side of it, and the way out; on the two sides of a record it is not the same."""
    return [
        (nth, moment, "--resume" if (nth + side) % 2 else "--abort")
        for nth in range(records)
        for side, moment in enumerate(("before", "after"))
    ]


@pytest.fixture(scope="module")
def records(scene: Scene) -> int:
    """How many records the journal of this restore has when nothing goes wrong."""
    with scene.copy() as shop:
        code, text = snap(shop, "restore", "HEAD", "--yes")
        assert code == 0, text
        assert state(shop) == scene.good
        done = next(journal.history(journals(shop)))
        assert len({action.resource for action in done.plan.actions}) == 4
        return len(done.records)


@pytest.mark.postgres
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_any_boundary_it_ends_in_the_old_or_the_new_state(scene: Scene, records: int, part: int):
    interrupted = 0
    for nth, moment, way in islice(boundaries(records), part, None, PARTS):
        with scene.copy() as shop:
            code, text = snap(shop, "restore", "HEAD", "--yes", nth=nth, moment=moment)
            assert code == killing.KILLED, text
            interrupted += check_way_out(scene, shop, way, f"{moment} record {nth}")
    assert interrupted > records // PARTS


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
