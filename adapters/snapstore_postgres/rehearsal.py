"""The scratch database of a rehearsal: made on the same server, or on one of its own, and gone afterwards.

Of the database that is rehearsed for, only catalogs are read, and rows where a sample is wanted. What belongs
to the whole server is left out, as is what works by itself once it is there.

A scratch database is named for the database it stands for, and whoever uses it holds an advisory lock by that
name for as long: one whose lock is free was left by a rehearsal that was killed, and is dropped. Such locks
are of one database, so of those of others nothing can be told, unless their database is no more: nobody is
connected to that. A comment tells a scratch database from one that somebody has only named like that.
"""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec
import psycopg
from psycopg.conninfo import make_conninfo

from snapstore import embedded
from snapstore.adapter import Context, Stage
from snapstore.errors import SnapError
from snapstore.model import Action
from snapstore_postgres.names import literal, quote
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.sampling import fill
from snapstore_postgres.server.address import for_libpq
from snapstore_postgres.server.connection import Connection, connect, failed_statement
from snapstore_postgres.settings import Settings

_PREFIX = "snap_rehearsal_"
_SERVER = "server"
"""Name of the file in the folder of a rehearsal that says where the data of its own server lie."""

_CLUSTER = "it belongs to the whole server"
_BY_ITSELF = "it would begin to work by itself"
_LEFT_OUT = {
    "database": "it is about the database as a whole",
    "database_setting": "it is about the database as a whole",
    "role": _CLUSTER,
    "role_password": _CLUSTER,
    "role_setting": _CLUSTER,
    "membership": _CLUSTER,
    "parameter": _CLUSTER,
    "tablespace": _CLUSTER,
    "subscription": _BY_ITSELF,
    "event_trigger": _BY_ITSELF,
}

_DATABASE = """
SELECT d.oid, pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
       pg_catalog.to_jsonb(d) ->> 'datlocprovider', coalesce(
         pg_catalog.to_jsonb(d) ->> 'datlocale', pg_catalog.to_jsonb(d) ->> 'daticulocale'),
       pg_catalog.to_jsonb(d) ->> 'daticurules', pg_catalog.current_setting('server_version'),
       pg_catalog.current_setting('server_version_num')::int
  FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()"""
_LEFT = "SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname, $1)"
_MARK = "made by snap for a rehearsal, and of no use after it"
_ORPHANS = f"""
SELECT datname FROM pg_catalog.pg_database AS d
 WHERE datname ~ '^{_PREFIX}[0-9]+_[0-9a-f]+$' AND pg_catalog.pg_has_role(datdba, 'USAGE')
   AND pg_catalog.shobj_description(d.oid, 'pg_database') = {literal(_MARK)}
   AND pg_catalog.split_part(datname, '_', 3) NOT IN (SELECT oid::text FROM pg_catalog.pg_database)"""
_LOCK = "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0))"
_UNLOCK = "SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended($1, 0))"
_ARCHIVED = f"SELECT place FROM {archive.REGISTRY}.entries WHERE returned_at IS NULL"
_ROLES = "SELECT rolname FROM pg_catalog.pg_roles WHERE NOT pg_catalog.starts_with(rolname, 'pg_')"


class _Original(msgspec.Struct, frozen=True):
    """The database that is rehearsed for."""

    oid: int
    encoding: str
    collate: str
    ctype: str
    provider: str | None
    locale: str | None
    rules: str | None
    version: str
    number: int

    @property
    def options(self) -> str:
        """As in CREATE DATABASE."""
        said = [f"ENCODING {literal(self.encoding)}"]
        said += [f"LC_COLLATE {literal(self.collate)}", f"LC_CTYPE {literal(self.ctype)}"]
        if self.provider == "i":
            said += ["LOCALE_PROVIDER icu", f"ICU_LOCALE {literal(self.locale or '')}"]
            said += [f"ICU_RULES {literal(self.rules)}"] if self.rules else []
        elif self.provider == "b":
            said += ["LOCALE_PROVIDER builtin", f"BUILTIN_LOCALE {literal(self.locale or '')}"]
        return " ".join(said)


@contextmanager
def rehearse(
    settings: Settings, context: Context, folder: Path, actions: Sequence[Action]
) -> Iterator[Stage]:
    """A database that is empty as a new one is. SnapError where this role may not make one."""
    with connect(settings, context.resource) as connection:
        original = _Original(*connection.execute(_DATABASE.encode()).fetchall()[0])
        make = _own_server if settings.rehearse_on == "embedded" else _same_server
        with make(connection, settings, context, folder, original) as (url, where):
            scratch = msgspec.structs.replace(settings, url=url, max_replication_lag=0)
            _with_archive(connection, scratch, context)
            yield Stage(
                settings=scratch,
                root=context.root,
                where=where,
                version=original.version,
                leaves_out=leaves_out,
                anew=_anew(connection, actions),
                fill=partial(fill, connection, scratch, context),
            )


def leaves_out(identity: str) -> str:
    """Why a fact is not touched there: for what it is, or for what it is said of (``comment:role:x``)."""
    kind, _, rest = identity.partition(":")
    return _LEFT_OUT.get(kind) or _LEFT_OUT.get(rest.partition(":")[0], "") if rest else ""


# -- on the same server ------------------------------------------------------------------------------------


@contextmanager
def _same_server(
    connection: Connection, settings: Settings, context: Context, folder: Path, original: _Original
) -> Iterator[tuple[str, str]]:
    _drop_left(connection, original.oid)
    name = f"{_PREFIX}{original.oid}_{secrets.token_hex(4)}"
    connection.execute(_LOCK, [name])
    try:
        _create(connection, name, original, context.resource)
        address = make_conninfo(for_libpq(settings.url, context.resource), dbname=name)
        yield address, f"the scratch database {name} on the same server"
    finally:
        _drop(connection, name)
        connection.execute(_UNLOCK, [name])


def _create(connection: Connection, name: str, original: _Original, resource: str) -> None:
    """Nobody else may connect: a sample of rows is nobody else's business."""
    try:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 {original.options}".encode())
        connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC".encode())
        connection.execute(f"COMMENT ON DATABASE {name} IS {literal(_MARK)}".encode())
    except psycopg.errors.InsufficientPrivilege as error:
        raise SnapError(
            "this role may not make a database to rehearse in",
            where=resource,
            fix='ALTER ROLE … CREATEDB, or rehearse on a server of its own: rehearse_on = "embedded"',
        ) from error
    except psycopg.Error as error:
        raise failed_statement(error, resource, "no database to rehearse in could be made") from error


def _drop(connection: Connection, name: str) -> None:
    connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())


def _drop_left(connection: Connection, oid: int) -> None:
    """Drop the scratch databases that nobody uses any more, of those that stood for this database or for one
    that is no more."""
    for (name,) in connection.execute(_LEFT, [f"{_PREFIX}{oid}_"]).fetchall():
        if connection.execute(_LOCK, [name]).fetchall() == [(True,)]:
            _drop(connection, quote(name))
            connection.execute(_UNLOCK, [name])
    for (name,) in connection.execute(_ORPHANS.encode()).fetchall():
        _drop(connection, quote(name))


def clear(settings: Settings, context: Context, folder: Path) -> None:
    """Remove the scratch database, or the server, that a rehearsal which was killed has left."""
    left = folder / _SERVER
    if left.is_file():
        _remove_server(Path(left.read_text()))
    with connect(settings, context.resource) as connection:
        ((oid, *_),) = connection.execute(_DATABASE.encode()).fetchall()
        _drop_left(connection, oid)


# -- on a server of its own --------------------------------------------------------------------------------


@contextmanager
def _own_server(
    connection: Connection, settings: Settings, context: Context, folder: Path, original: _Original
) -> Iterator[tuple[str, str]]:
    """A server that nobody but us can reach, with roles of the same names, none of which can log in."""
    place = Path(tempfile.mkdtemp(prefix="snap-pg-"))
    try:
        (folder / _SERVER).write_text(str(place))
        programs = Path(settings.rehearse_programs) if settings.rehearse_programs else None
        with embedded.running(place, programs) as server:
            made = msgspec.structs.replace(settings, url=server.url())
            with connect(made, context.resource) as own:
                _require_same_major(own, original, context.resource)
                _create_roles(own, [name for (name,) in connection.execute(_ROLES)])
                _create(own, "rehearsal", original, context.resource)
            yield server.url("rehearsal"), "a scratch database on an embedded server"
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _require_same_major(own: Connection, original: _Original, resource: str) -> None:
    major = own.info.server_version // 10000
    if major != original.number // 10000:
        raise SnapError(
            f"the embedded server is version {major}, the database's is {original.number // 10000}",
            where=f"resources.{resource}.rehearse_programs",
            fix="name the folder with the programs (initdb, pg_ctl, postgres) of the same major version",
        )


def _create_roles(own: Connection, names: Sequence[str]) -> None:
    for name in names:
        with suppress(psycopg.errors.DuplicateObject):
            own.execute(f"CREATE ROLE {quote(name)}".encode())


def _remove_server(place: Path) -> None:
    if place.is_dir() and place.name.startswith("snap-pg-"):
        embedded.stop_at(place)
        shutil.rmtree(place, ignore_errors=True)


# -- the archive -------------------------------------------------------------------------------------------


def _with_archive(connection: Connection, scratch: Settings, context: Context) -> None:
    """The archive, empty, where the database has one: its plan takes it for being there."""
    if _has_archive(connection):
        with connect(scratch, context.resource) as there:
            for statement in archive.registry_action(context.resource).statements:
                there.execute(statement.encode())


def _has_archive(connection: Connection) -> bool:
    return connection.execute(f"SELECT to_regclass('{archive.REGISTRY}.entries')").fetchall() != [(None,)]


def _anew(connection: Connection, actions: Sequence[Action]) -> str:
    """Rows in the archive are not copied, so that statements which take them back find nothing there."""
    places = [place for (place,) in connection.execute(_ARCHIVED)] if _has_archive(connection) else []
    statements = "\n".join(statement for action in actions for statement in action.statements)
    if any(place in statements for place in places):
        return "the plan takes back what lies in the archive, which is not copied"
    return ""
