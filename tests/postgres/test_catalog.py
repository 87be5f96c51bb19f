"""The catalog queries: their files, the servers they are for, and how they are read."""

from __future__ import annotations

import re
import select
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
import pytest

from snapstore.canonical import decode, encode, normal
from snapstore.model import Captured
from snapstore.rules import Draft, Rule
from snapstore_postgres import adapter, catalog
from snapstore_postgres.catalog import reading
from snapstore_postgres.kinds.rules import RULES
from snapstore_postgres.server.connection import Connection
from snapstore_postgres.settings import Settings
from tests.postgres import roundtrip

VERSIONS = (140000, 150000, 160000, 170000, 180000)
SCHEMA = """
CREATE TYPE mood AS ENUM ('x', 'y');
CREATE TABLE parent (id int PRIMARY KEY, m mood DEFAULT 'x', note text) PARTITION BY RANGE (id);
CREATE TABLE child PARTITION OF parent FOR VALUES FROM (1) TO (9);
CREATE INDEX on_note ON parent (note);
CREATE VIEW seen AS SELECT id, m FROM parent;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
COMMENT ON COLUMN parent.note IS 'a note';
GRANT SELECT (note) ON parent TO PUBLIC;
"""


@pytest.fixture
def filled(database: str) -> str:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    return database


@pytest.fixture
def own_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the folder of queries that a test may add to."""
    copy = tmp_path / "catalog"
    shutil.copytree(Path(catalog.__file__).parent, copy)
    monkeypatch.setattr(catalog, "_FOLDER", copy)
    catalog.sql.cache_clear()
    yield copy
    catalog.sql.cache_clear()


def captured(url: str) -> Captured:
    return adapter.capture(Settings(url=url), roundtrip.context())


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_what_is_captured_is_what_would_be_read_back_from_the_store(filled: str) -> None:
    for document in captured(filled).documents:
        assert normal(document) == decode(document.path, encode(document)).facts


@pytest.mark.parametrize("version", VERSIONS)
def test_every_query_is_plain_sql_for_every_server(version: int) -> None:
    for name in catalog.facts(version):
        text = catalog.sql(name, version)
        assert "{" not in re.sub("'{}'", "", text), name
        assert text.count("(") == text.count(")"), name


def test_a_line_is_left_out_for_servers_it_is_not_for(own_catalog: Path) -> None:
    lines = ("SELECT 1", "old -- before 16", "middle -- since 16, before 18", "new -- since 18", "FROM x")
    (own_catalog / "lines.sql").write_text("\n".join(lines))
    kept = {version: catalog.sql("lines", version).splitlines()[1:-1] for version in (150004, 160001, 180000)}
    assert kept == {150004: [lines[1]], 160001: [lines[2]], 180000: [lines[3]]}


def test_a_file_for_other_servers_is_not_asked(own_catalog: Path) -> None:
    (own_catalog / "facts" / "later.sql").write_text("-- since 17\nSELECT 1\n")
    assert "facts/later" not in catalog.facts(169999)
    assert "facts/later" in catalog.facts(170000)


def test_what_is_not_asked_for_is_not_there(filled: str) -> None:
    with ExitStack() as stack:
        connection = reading._begin(stack, Settings(url=filled), "db")
        server = reading._server(connection, Settings(url=filled, roles=True), [])
        unsent = [name for name in catalog.facts(server.version) if name in server.left_out]
        found = {name: list(reading._answer(connection, server, name).rows) for name in unsent}
    assert {"facts/cast", "facts/policy"} <= found.keys()
    assert not {"facts/enum", "facts/partition", "facts/index_partition"} & found.keys()
    assert not [name for name, rows in found.items() if rows]


def test_every_kind_that_is_read_has_a_rule() -> None:
    texts = [catalog.sql(name, version) for version in VERSIONS for name in catalog.facts(version)]
    kinds = {kind for text in texts for kind in re.findall(r"'(\w+):(?:%|')", text)}
    assert len(kinds) > 30
    assert kinds <= RULES.keys()


def test_a_new_kind_is_one_query_and_one_rule(
    filled: str, new_database: object, own_catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = (
        "SELECT 0::oid, 0::oid, 0, format('blob:%s', l.oid), NULL, pg_get_userbyid(l.lomowner) AS owner\n"
        "  FROM pg_largeobject_metadata l\n"
    )
    rule = Rule(
        create=lambda fact, view: Draft([f"SELECT lo_create({fact.name})"]),
        drop=lambda fact, view: Draft([f"SELECT lo_unlink({fact.name})"]),
    )
    (own_catalog / "facts" / "blob.sql").write_text(query)
    monkeypatch.setitem(RULES, "blob", rule)
    target = roundtrip.capture(filled)
    execute(filled, "SELECT lo_create(77)")
    live = roundtrip.capture(filled)
    assert live.facts["blob:77"].attrs == {"owner": "postgres"}
    assert [action.statements for action in roundtrip.plan(live, target)] == [("SELECT lo_unlink(77)",)]


def test_two_connections_read_what_one_reads(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = captured(filled)
    monkeypatch.setattr(reading, "_LARGE", 0)
    used = connections_used(monkeypatch)
    two = captured(filled)
    assert two == one
    assert used == [2]


def connections_used(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Over how many connections each capture from now on asks its queries."""
    ask = reading._ask
    used: list[int] = []

    def count_and_ask(stack: ExitStack, connections: Sequence[Connection], *rest: object) -> object:
        used.append(len(connections))
        return ask(stack, connections, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_ask", count_and_ask)
    return used


def meanwhile(monkeypatch: pytest.MonkeyPatch, url: str, statement: str) -> None:
    """Let somebody else run a statement once, between the beginning of a capture and its queries."""
    ask, statements = reading._ask, [statement]

    def change_and_ask(*arguments: object) -> object:
        if statements:
            execute(url, statements.pop())
        return ask(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reading, "_ask", change_and_ask)


@pytest.mark.parametrize("large", [0, 10**12])
def test_what_comes_while_it_is_read_is_not_in_it(
    filled: str, monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    monkeypatch.setattr(reading, "_LARGE", large)
    before = captured(filled).documents
    meanwhile(monkeypatch, filled, "CREATE TABLE meanwhile (id int PRIMARY KEY)")
    assert captured(filled).documents == before


def test_what_goes_while_it_is_read_is_read_again(filled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(monkeypatch, filled, "DROP VIEW seen")
    assert "schemas/public/views/seen.json" not in {doc.path for doc in captured(filled).documents}


def test_a_server_with_room_for_one_connection_is_read_by_one(
    filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_LARGE", 0)
    role = "snap_single"
    execute(filled, f"DO $$ BEGIN CREATE ROLE {role}; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    execute(filled, f"ALTER ROLE {role} LOGIN PASSWORD 'one' CONNECTION LIMIT 1")
    parts = urlsplit(filled)
    place = parts.netloc.rpartition("@")[2]
    url = urlunsplit(parts._replace(netloc=f"{role}:one@{place}"))
    used = connections_used(monkeypatch)
    found = captured(url)
    assert used == [1]
    assert "schemas/public/tables/parent.json" in {document.path for document in found.documents}


def test_the_order_of_roles_is_the_same_in_every_database(filled: str, roles: tuple[str, ...]) -> None:
    execute(filled, 'CREATE POLICY p ON child TO snap_app, "user", snap_owner USING (true)')
    policy = roundtrip.capture(filled).facts["policy:public.child.p"]
    assert policy.attrs["roles"] == sorted(policy.attrs["roles"])


def test_a_small_database_is_read_in_few_turns(filled: str) -> None:
    with turns_counted(urlsplit(filled)) as (url, turns):
        assert captured(url).documents == captured(filled).documents
    assert len(turns) < 20


@contextmanager
def turns_counted(server: SplitResult) -> Iterator[tuple[str, list[None]]]:
    """The url of a way to the server, and an entry for each time that it was waited for on that way."""
    turns: list[None] = []
    options = dict(parse_qsl(server.query))
    there = server.hostname or options["host"], server.port or int(options.get("port", 5432))

    def carry(client: socket.socket, upstream: socket.socket) -> None:
        asked = False
        while True:
            ready, _, _ = select.select([client, upstream], [], [])
            for side in ready:
                data = side.recv(1 << 16)
                if not data:
                    return
                if side is upstream and asked:
                    turns.append(None)
                asked = side is client
                (upstream if side is client else client).sendall(data)

    def accept() -> None:
        client, _ = listener.accept()
        with client, connected(*there) as upstream:
            carry(client, upstream)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=accept, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        here = {**options, "host": "127.0.0.1", "port": str(port), "sslmode": "disable"}
        name = server.netloc.rpartition("@")[0]
        yield urlunsplit(server._replace(netloc=f"{name}@" if name else "", query=urlencode(here))), turns
        thread.join(10)


def connected(host: str, port: int) -> socket.socket:
    """A socket to a server, which may listen in a folder."""
    if not host.startswith("/"):
        return socket.create_connection((host, port))
    found = socket.socket(socket.AF_UNIX)
    found.connect(f"{host}/.s.PGSQL.{port}")
    return found
