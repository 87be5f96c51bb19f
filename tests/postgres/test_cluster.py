"""What is not in one schema: the database's own settings, large objects and, where asked for, the cluster's
roles. A cluster has one of each, so every test here has a server of its own; ``pg_dumpall`` and ``pg_dump
--create`` are the judges."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from snapstore import embedded
from snapstore.adapter import ApplyContext, Context
from snapstore.errors import SnapError
from snapstore.model import Action, DataMode, HazardName, Notice
from snapstore_postgres import adapter
from snapstore_postgres.settings import Settings
from tests.postgres import dump, roundtrip
from tests.postgres.roundtrip import State


def seal(identity: str, value: bytes) -> dict[str, str]:
    return {"$sealed": f"{identity}|{value.hex()}"}


def unseal(identity: str, token: str) -> bytes:
    sealed_for, _, value = token.rpartition("|")
    assert sealed_for == identity
    return bytes.fromhex(value)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with embedded.temporary() as started:
        yield started.url()


def execute(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def capture(url: str, **settings: Any) -> State:
    found = adapter.capture(Settings(url=url, **settings), Context("db", Path(), seal, unseal))
    return State({fact.id: fact for doc in found.documents for fact in doc.facts}, found.hints)


def notices(url: str, **settings: Any) -> list[Notice]:
    return adapter.capture(Settings(url=url, **settings), Context("db", Path(), seal, unseal)).notices


def restore(url: str, target: State, data: DataMode = DataMode.ARCHIVE, **settings: Any) -> list[Any]:
    actions = roundtrip.plan(capture(url, **settings), target, data)
    apply(url, actions)
    left = roundtrip.changes(capture(url, **settings).facts, target.facts)
    assert not left, left
    return actions


def apply(url: str, actions: list[Action]) -> None:
    there = ApplyContext(
        "db",
        Path(),
        seal,
        unseal,
        open_blob=None,
        journal=roundtrip.Journal(),  # type: ignore[arg-type]
    )
    try:
        adapter.apply(Settings(url=url), actions, there)
    except SnapError as error:
        error.add_note("the plan was:\n" + roundtrip.script(actions))
        raise


def program(name: str, *words: str) -> str:
    done = subprocess.run(
        [str(dump.pg_dump().with_name(name)), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = (line for line in done.stdout.splitlines() if not re.match(r"--|\\(un)?restrict|$", line))
    return "\n".join(sorted(lines))


def globals_of(url: str) -> str:
    return program("pg_dumpall", "--globals-only", f"--dbname={url}")


def database_of(url: str) -> str:
    return program("pg_dump", "--create", "--schema-only", f"--dbname={url}")


PROPERTIES = [
    """ALTER DATABASE snapdb SET search_path = "$user", app, "Odd, one";
    ALTER DATABASE snapdb SET work_mem = '77MB';
    ALTER ROLE snap_set IN DATABASE snapdb SET statement_timeout = 5000;
    ALTER DATABASE snapdb CONNECTION LIMIT 42;
    COMMENT ON DATABASE snapdb IS 'it''s ours'; GRANT CREATE ON DATABASE snapdb TO snap_set;
    ALTER DATABASE snapdb SET "app.settings.jwt_secret" = 'hidden value';
    ALTER DATABASE snapdb SET DateStyle = 'SQL, DMY'""",
    """ALTER DATABASE snapdb RESET ALL; ALTER ROLE snap_set IN DATABASE snapdb RESET ALL;
    ALTER DATABASE snapdb SET search_path = ''; ALTER ROLE snap_set IN DATABASE snapdb SET work_mem = 99;
    ALTER DATABASE snapdb CONNECTION LIMIT -1; ALTER DATABASE snapdb OWNER TO snap_set;
    COMMENT ON DATABASE snapdb IS NULL;
    REVOKE ALL ON DATABASE snapdb FROM PUBLIC;
    ALTER DATABASE snapdb SET "app.settings.jwt_secret" = 'another'""",
]


def test_properties_and_settings_of_a_database_come_back(server: str) -> None:
    execute(server, "DROP DATABASE IF EXISTS snapdb")
    execute(server, "CREATE DATABASE snapdb")
    execute(server, "CREATE ROLE snap_set")
    url = embedded_url(server, "snapdb")
    states, dumps = [], []
    for sql in PROPERTIES:
        execute(url, sql)
        states.append(capture(url))
        dumps.append(database_of(url))
    for side in (0, 1):
        restore(url, states[side])
        assert database_of(url) == dumps[side]


def test_a_setting_whose_name_says_that_it_is_secret_is_sealed(server: str) -> None:
    execute(server, "ALTER DATABASE postgres SET \"app.settings.jwt_secret\" = 'hidden value'")
    try:
        assert "hidden value" not in str(capture(server).facts)
    finally:
        execute(server, "ALTER DATABASE postgres RESET ALL")


ROLES = [
    """CREATE ROLE snap_a LOGIN PASSWORD 'first' CONNECTION LIMIT 3 VALID UNTIL '2030-01-01';
    CREATE ROLE snap_b CREATEDB NOINHERIT; CREATE ROLE "Snap C" CREATEROLE;
    GRANT snap_b TO snap_a WITH ADMIN OPTION;
    GRANT snap_b TO "Snap C" WITH INHERIT FALSE, SET FALSE GRANTED BY snap_a;
    GRANT pg_read_all_data TO snap_b;
    ALTER ROLE snap_a SET search_path = app, public; ALTER ROLE ALL SET lock_timeout = 1234;
    COMMENT ON ROLE snap_a IS 'the first'; GRANT SET ON PARAMETER work_mem TO snap_a WITH GRANT OPTION;
    SET ROLE snap_a; GRANT SET ON PARAMETER work_mem TO "Snap C"; RESET ROLE;
    CREATE TABLE owned (a int); ALTER TABLE owned OWNER TO snap_b; GRANT SELECT ON owned TO "Snap C";
    CREATE POLICY mine ON owned TO "Snap C" USING (true)""",
    """DROP POLICY mine ON owned; SET ROLE snap_a; REVOKE ALL ON PARAMETER work_mem FROM "Snap C"; RESET ROLE;
    REVOKE ALL ON owned FROM "Snap C"; ALTER TABLE owned OWNER TO snap_a;
    REVOKE snap_b FROM "Snap C" GRANTED BY snap_a; DROP ROLE "Snap C";
    ALTER ROLE snap_a PASSWORD 'second' NOLOGIN VALID UNTIL 'infinity';
    GRANT snap_b TO snap_a WITH ADMIN FALSE; ALTER ROLE snap_b SUPERUSER INHERIT PASSWORD 'third';
    REVOKE ALL ON PARAMETER work_mem FROM snap_a CASCADE;
    ALTER ROLE ALL RESET ALL; ALTER ROLE snap_a SET work_mem = 88; REVOKE pg_read_all_data FROM snap_b;
    COMMENT ON ROLE snap_a IS 'still';
    CREATE ROLE snap_d ROLE snap_a; GRANT ALTER SYSTEM ON PARAMETER "my.setting" TO snap_d""",
]


def test_roles_of_the_cluster_come_back_with_their_passwords(server: str) -> None:
    states, dumps = [], []
    for sql in ROLES:
        execute(server, sql)
        states.append(capture(server, roles=True))
        dumps.append((globals_of(server), database_of(server)))
    for side in (0, 1, 0):
        restore(server, states[side], roles=True)
        assert (globals_of(server), database_of(server)) == dumps[side]


def test_the_verifier_of_a_password_is_sealed_and_roles_are_left_alone_unless_asked_for(server: str) -> None:
    execute(server, "CREATE ROLE snap_secret PASSWORD 'plain'")
    assert not [identity for identity in capture(server).facts if identity.startswith("role")]
    found = capture(server, roles=True).facts["role_password:snap_secret"]
    assert found.attrs.keys() == {"verifier"} and set(found.attrs["verifier"]) == {"$sealed"}
    assert "SCRAM" not in str(found)


def test_a_snapshot_without_roles_never_drops_those_that_are_there(server: str) -> None:
    with pytest.raises(SnapError, match="without the cluster's roles") as raised:
        roundtrip.plan(capture(server, roles=True), capture(server))
    assert "roles = false" in (raised.value.fix or "")


def test_a_role_that_gets_powers_or_members_is_a_security_hazard(server: str) -> None:
    execute(
        server, "CREATE ROLE snap_power SUPERUSER; CREATE ROLE snap_joins; GRANT snap_power TO snap_joins"
    )
    target = capture(server, roles=True)
    execute(server, "ALTER ROLE snap_power NOSUPERUSER; REVOKE snap_power FROM snap_joins")
    actions = roundtrip.plan(capture(server, roles=True), target)
    assert {hazard.name for action in actions for hazard in action.hazards} == {HazardName.SECURITY}
    assert len(actions) == 2


def test_metadata_of_large_objects_comes_back_where_asked_for(server: str) -> None:
    execute(server, "CREATE ROLE snap_lo; SELECT lo_create(4711); SELECT lo_create(4712)")
    execute(server, "GRANT SELECT ON LARGE OBJECT 4711 TO snap_lo; COMMENT ON LARGE OBJECT 4711 IS 'blob'")
    target = capture(server, large_objects=True)
    execute(server, "ALTER LARGE OBJECT 4711 OWNER TO snap_lo; REVOKE ALL ON LARGE OBJECT 4711 FROM PUBLIC")
    execute(server, "COMMENT ON LARGE OBJECT 4711 IS NULL; SELECT lo_create(4713)")
    actions = restore(server, target, large_objects=True)
    lost = [h.text for a in actions for h in a.hazards if h.name is HazardName.DATA_LOSS]
    assert lost == ["large object 4713"]


def embedded_url(server: str, database: str) -> str:
    return re.sub(r"/[^/?]*\?", f"/{database}?", server)
