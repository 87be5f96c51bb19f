"""The embedded server: who may connect, and what remains of it."""

from __future__ import annotations

import socket
import subprocess

import psycopg
import pytest

from snapstore import embedded
from snapstore.errors import SnapError


def test_it_answers_on_its_socket_and_over_loopback_with_the_password(postgres_server: embedded.Server):
    for url in (postgres_server.url(), postgres_server.tcp_url()):
        with psycopg.connect(url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_wrong_password_is_refused_over_loopback(postgres_server: embedded.Server):
    url = postgres_server.tcp_url().replace(postgres_server.password, "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url)


def test_only_its_owner_can_enter_its_directory(postgres_server: embedded.Server):
    assert postgres_server.directory.stat().st_mode & 0o777 == 0o700


def test_a_temporary_server_leaves_nothing_behind():
    with embedded.temporary() as server:
        assert (server.directory / "data" / "postmaster.pid").exists()
    assert not server.directory.exists()
    for url in (server.url(), server.tcp_url()):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(url)


def test_one_that_does_not_start_tells_why():
    with embedded.temporary() as server, socket.socket() as taken:
        embedded.stop(server)
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        with pytest.raises(SnapError, match=r"FATAL: *could not create any TCP/IP sockets"):
            embedded._start(server)


def test_a_second_one_on_the_same_folder_is_refused_and_leaves_the_first_alone(
    postgres_server: embedded.Server,
):
    with pytest.raises(SnapError, match="runs on this folder already: process"):
        embedded.running(postgres_server.directory).__enter__()
    with psycopg.connect(postgres_server.url()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_it_runs_from_a_copy_where_the_binaries_cannot_be_reached(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(embedded, "_reachable", lambda path: False)
    with embedded.temporary() as server:
        dump = subprocess.run([server.bindir / "pg_dump", server.url()], capture_output=True, check=False)
    assert dump.returncode == 0, dump.stderr


def test_a_fresh_database_is_empty(database: str):
    with psycopg.connect(database) as connection:
        assert connection.execute("select count(*) from pg_stat_user_tables").fetchone() == (0,)
