"""A real PgBouncer between snap and the server: what works through it, and what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from snapstore import embedded
from tests.conftest import Snap
from tests.postgres.conftest import Project

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs pgbouncer")


@pytest.fixture(params=["transaction", "session"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def direct(postgres_server: embedded.Server) -> Iterator[str]:
    """The URL of a fresh database on the embedded server."""
    name = f"pooled_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield postgres_server.tcp_url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def pool(mode: str, direct: str, postgres_server: embedded.Server, tmp_path: Path) -> Iterator[str]:
    """The URL of the database through a PgBouncer in that mode."""
    port, folder = embedded.free_port(), tmp_path / "pool"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    (folder / "users").write_text('"postgres" ""\n')
    server = f"host=127.0.0.1 port={postgres_server.port} user=postgres password={postgres_server.password}"
    lines = [
        "[databases]",
        f"pooled = {server} dbname={urlsplit(direct).path[1:]}",
        "[pgbouncer]",
        f"pool_mode = {mode}",
        "listen_addr = 127.0.0.1",
        f"listen_port = {port}",
        "unix_socket_dir =",
        "auth_type = any",
        f"auth_file = {folder}/users",
        "max_client_conn = 50",
        "default_pool_size = 5",
    ]
    (folder / "config").write_text("\n".join(lines) + "\n")
    for path in tmp_path.parents:  # its account has to get there
        if path.stat().st_uid == os.getuid() and path.name.startswith(("pytest-", "popen-")):
            path.chmod(0o755)
    account = ["-u", "nobody"] if os.getuid() == 0 else []
    tmp_path.chmod(0o755)
    log = (folder / "log").open("wb")
    running = subprocess.Popen(
        [str(PROGRAM), *account, str(folder / "config")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    try:
        url = f"postgresql://postgres@127.0.0.1:{port}/pooled"
        wait_for(url, running, folder / "log")
        yield url
    finally:
        running.terminate()
        running.wait()
        log.close()


def wait_for(url: str, running: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError as error:
            assert running.poll() is None and time.monotonic() < deadline, (error, log.read_text())
            time.sleep(0.05)
        else:
            return


def test_taking_through_a_pooler_leaves_nothing_behind_in_the_sessions_of_others(
    snap: Snap, pool: str, direct: str
) -> None:
    project = Project(snap, direct)
    project.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT id FROM t")
    with psycopg.connect(pool, autocommit=True) as client:
        before = client.execute("SHOW search_path").fetchone()
    project.configure(url=pool)
    snap("take", "-m", "one", code=0)
    assert snap("status").code == 0
    with psycopg.connect(pool, autocommit=True) as client:
        assert client.execute("SHOW search_path").fetchone() == before


def test_a_restore_is_refused_where_sessions_are_shared_and_works_where_they_are_not(
    snap: Snap, pool: str, mode: str, direct: str
) -> None:
    project = Project(snap, direct)
    project.sql("CREATE TABLE t (id int PRIMARY KEY)")
    project.configure(url=pool, locking="online")
    snap("take", "-m", "one", code=0)
    project.sql("CREATE INDEX i ON t (id)")
    before = project.dump()
    done = snap("restore", "HEAD", "--yes", code=1 if mode == "transaction" else 0)
    if mode == "transaction":
        assert "PgBouncer in transaction mode" in done.stderr and "server's own address" in done.stderr
        assert project.dump() == before
    else:
        assert snap("status").code == 0
