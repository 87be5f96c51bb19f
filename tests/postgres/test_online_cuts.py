"""Restores cut at every message to the server in turn: the connection, ``snap`` itself, or the server.

SNAPSTORE_CUTS says how many of the cuts are tried, SNAPSTORE_CUTS_SEED which; SNAPSTORE_CUTS=all tries each.
Where ``test_online_kills`` follows a clock, here every instant is reached that a client can tell from others.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import pytest

from snapstore import embedded
from tests.conftest import Snap
from tests.postgres import dump, proxy
from tests.postgres.conftest import Project
from tests.postgres.proxy import MOMENTS, Cut, Moment, Proxy, Which
from tests.postgres.shop import State, at_rest, nothing_to_do, same, shop, state
from tests.postgres.test_online import begun

CUTS = os.environ.get("SNAPSTORE_CUTS", "9")
SEED = int(os.environ.get("SNAPSTORE_CUTS_SEED", "1"))
FAULTS = ("network", "snap", "server")
WAYS = ("--resume", "--abort")
LOCKINGS = ("online", "atomic")


@pytest.fixture
def server() -> Iterator[embedded.Server]:
    with embedded.temporary() as made:
        yield made


class Case(NamedTuple):
    """One cut: of a restore, at which of its messages (counted from 0 to 1), and how it goes on."""

    place: float
    moment: Moment
    fault: str
    locking: str
    way: str


@dataclass
class Cutting:
    """Runs ``snap`` behind the proxy and cuts it."""

    project: Project
    server: embedded.Server
    between: Proxy
    lengths: dict[str, int] = field(default_factory=dict)
    told: str = ""

    def length(self, *words: str) -> None:
        """Run undisturbed, to count the messages."""
        self.between.arm(None)
        self.project.snap(*words, env={"DATABASE_URL": self.between.url()}, code=0)
        self.lengths[words[-1]] = self.between.messages

    def cut(self, which: Which, moment: Moment, fault: str, *words: str) -> subprocess.Popen[bytes]:
        running: list[subprocess.Popen[bytes]] = []
        acts = {
            "network": lambda: None,
            "snap": lambda: running[0].send_signal(signal.SIGKILL),
            "server": lambda: embedded.stop(self.server),
        }
        self.between.arm(Cut(which, moment, acts[fault]))
        self.project.snap.env["DATABASE_URL"] = self.between.url()
        running.append(begun(self.project, *words))
        self.project.snap.env["DATABASE_URL"] = self.project.url
        self.said = b"".join(running[0].communicate(timeout=120)).decode()
        if fault == "server" and self.between.done.is_set():
            embedded._start(self.server)
        at_rest(self.project)
        at = f"message {self.between.messages}, {self.between.last[:90]!r}"
        self.told += f"; {' '.join(words)}: {fault} cut {moment} {at}"
        return running[0]


@pytest.fixture
def cutting(snap: Snap, server: embedded.Server) -> Iterator[Cutting]:
    with proxy.before(server) as between:
        yield Cutting(shop(snap, server.url()), server, between)


def cases(dice: random.Random, lengths: dict[str, int]) -> list[Case]:
    """All of them in some order, or some; each message is met at some moment, by some fault."""
    most = sum(lengths.values()) if CUTS == "all" else int(CUTS)
    every = list(product(MOMENTS, FAULTS, WAYS, LOCKINGS))
    dice.shuffle(every)
    places = [(i + dice.random()) / most for i in range(most)]
    dice.shuffle(places)
    return [
        Case(place, moment, fault, locking, way)
        for place, (moment, fault, way, locking) in zip(
            places, (every[i % len(every)] for i in range(most)), strict=True
        )
    ]


def went_on(cutting: Cutting, case: Case, here: State, there: State) -> bool:
    """Cut and continue; whether that led to the target. The database has to be there then, with all rows."""
    words = ("restore", "HEAD~1", "--yes", "--locking", case.locking)
    message = 1 + int(case.place * cutting.lengths[case.locking])
    ended = cutting.cut(lambda number, _: number == message, case.moment, case.fault, *words)
    done = cutting.project.snap("restore", case.way, "--yes")
    told = f"{cutting.told}; {case.way}: {done.code} {done.stderr}\nbefore: {ended.returncode} {cutting.said}"
    assert done.code == 0 or nothing_to_do(done), told
    found, arrived = state(cutting.project), case.way == "--resume"
    if nothing_to_do(done):
        arrived = ended.returncode == 0 or (case.fault == "snap" and _is(found, there))
    else:
        assert ended.returncode != 0, told
    same(found, there if arrived else here, told)
    return arrived


def _is(found: State, wanted: State) -> bool:
    return not dump.difference(found.schema, wanted.schema)


@pytest.mark.long
def test_cut_at_any_message_it_can_be_completed_or_taken_back(cutting: Cutting) -> None:
    dice = random.Random(SEED)
    old = state(cutting.project)
    cutting.length("undo", "--yes", "--locking", "online")
    here, there = state(cutting.project), old
    cutting.length("undo", "--yes", "--locking", "atomic")
    here, there = there, here
    ends: Counter[str] = Counter()
    for number, case in enumerate(cases(dice, cutting.lengths)):
        cutting.told = f"seed {SEED}, cut {number}"
        arrived = went_on(cutting, case, here, there)
        here, there = (there, here) if arrived else (here, there)
        ends[f"{case.fault}, {case.locking}: {'there' if arrived else 'back'}"] += 1
    print(f"seed {SEED}, {cutting.lengths}: {dict(sorted(ends.items()))}")


def commit() -> Which:
    """The end of the transaction in which tables are changed."""
    seen: list[str] = []

    def is_it(_: int, text: str) -> bool:
        seen[:] = [] if text.startswith("BEGIN") else [*seen, text]
        changes = any(said.startswith("ALTER TABLE") for said in seen)
        return text == "COMMIT" and "SET CONSTRAINTS ALL IMMEDIATE" in seen and changes

    return is_it


def refresh(_: int, text: str) -> bool:
    return text.startswith("REFRESH MATERIALIZED VIEW public.lit")


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_what_no_fact_tells_is_not_taken_for_done(cutting: Cutting, way: str) -> None:
    """An answer to COMMIT that was lost; and, after it, a materialized view that was not filled again."""
    project = cutting.project
    old = state(project)
    cutting.length("undo", "--yes", "--locking", "online")
    here, there = state(project), old
    for locking, which, moment in (
        ("atomic", commit(), MOMENTS[2]),
        ("online", commit(), MOMENTS[2]),
        ("online", refresh, MOMENTS[0]),
    ):
        ended = cutting.cut(which, moment, "network", "restore", "HEAD~1", "--yes", "--locking", locking)
        assert cutting.between.done.is_set() and ended.returncode == 1, cutting.said
        assert "--resume" in cutting.said, cutting.said
        done = project.snap("restore", way, "--yes", code=0)
        same(state(project), there if way == "--resume" else here, f"{cutting.told}{done.stdout}")
        if way == "--resume":
            here, there = there, here
