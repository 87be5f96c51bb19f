"""A standby that falls behind: a restore stops for it, and goes on when it has caught up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from snapstore import embedded
from tests.conftest import Snap
from tests.postgres.conftest import Project

BEHIND = """
SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), replay_lsn)), -1) FROM pg_stat_replication"""


@pytest.fixture
def primary() -> Iterator[embedded.Server]:
    with embedded.temporary() as made:
        yield made


@pytest.fixture
def standby(primary: embedded.Server) -> Iterator[embedded.Server]:
    """A hot standby of the primary, beside it."""
    made = replace(primary, port=embedded.free_port())
    data = str(primary.directory / "standby")
    source = f"host={primary.directory} port={primary.port} user=postgres"
    embedded._run(made, ["pg_basebackup", "-D", data, "-d", source, "-R", "-c", "fast", "--no-sync"])
    options = f"-c port={made.port} -c unix_socket_directories='{made.directory}' -c max_connections=60"
    log = str(made.directory / "standby.log")
    embedded._run(made, ["pg_ctl", "-D", data, "-w", "-l", log, "-o", options, "start"])
    yield made
    embedded._run(made, ["pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"])


def wait(project: Project, until: Callable[[int], bool], question: str = BEHIND) -> None:
    deadline = time.monotonic() + 60
    while not until(int(project.sql(question)[0][0])):
        assert time.monotonic() < deadline, "the standby does not get there"
        time.sleep(0.05)


def test_a_restore_stops_for_a_standby_far_behind_and_goes_on_when_it_has_caught_up(
    snap: Snap, primary: embedded.Server, standby: embedded.Server
) -> None:
    project, copy = Project(snap, primary.url()), Project(snap, standby.url())
    project.configure(url=primary.url(), locking="online", max_replication_lag=1_000_000)
    project.sql("CREATE TABLE t (id int, v text); INSERT INTO t SELECT i, 'x' FROM generate_series(1, 9) i")
    project.sql("CREATE INDEX i ON t (id)")
    snap("take", "-m", "one", code=0)
    project.sql("DROP INDEX i")
    wait(project, lambda behind: 0 <= behind < 100_000)
    copy.sql("SELECT pg_wal_replay_pause()")
    project.sql("INSERT INTO t SELECT i, repeat('y', 50) FROM generate_series(1, 40000) i")
    wait(project, lambda behind: behind > 1_000_000)
    told = snap("restore", "HEAD", "--yes", code=1)
    assert "bytes of WAL behind, more than max_replication_lag allows" in told.stdout + told.stderr
    copy.sql("SELECT pg_wal_replay_resume()")
    wait(project, lambda behind: 0 <= behind < 100_000)
    snap("restore", "HEAD", "--yes", code=0)
    assert snap("status").code == 0


def test_a_standby_is_read_and_never_restored(
    snap: Snap, primary: embedded.Server, standby: embedded.Server
) -> None:
    project, copy = Project(snap, primary.url()), Project(snap, standby.url())
    project.configure(url=primary.url())
    project.sql("CREATE TABLE t (id int)")
    snap("take", "-m", "one", code=0)
    project.sql("CREATE INDEX i ON t (id)")
    wait(copy, lambda seen: seen == 1, "SELECT count(to_regclass('i'))")
    project.configure(url=standby.url())
    snap("status", code=2)
    assert "i" in snap("plan", "HEAD", code=0).stdout
    told = snap("restore", "HEAD", "--yes", code=1)
    assert "the server is a standby" in told.stderr and "target_session_attrs" in told.stderr
