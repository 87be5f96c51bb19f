"""The live database as facts, read in a way that changes nothing in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec
import psycopg

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import UNMODELLED, Captured, Document, Fact, Json, Notice
from snapstore_postgres import catalog, profiles
from snapstore_postgres.catalog import rowdata
from snapstore_postgres.catalog.assembly import assemble
from snapstore_postgres.catalog.reading import Answers, answers
from snapstore_postgres.names import document_path
from snapstore_postgres.profiles import Profile
from snapstore_postgres.server.connection import connect, failed_statement
from snapstore_postgres.server.locking import exclusive_holder
from snapstore_postgres.settings import Settings


def capture(settings: Settings, context: Context) -> Captured:
    """All facts of one database as of one moment.

    The number of queries does not depend on the number of objects. SnapError when the server cannot be
    reached or the role may not read what is needed.
    """
    profile = profiles.load(settings, context.root, f"resources.{context.resource}.profile")
    excluded = profiles.schemas(settings, profile)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with answers(settings, context.resource, excluded) as found:
                return _captured(found, settings, context, profile)
        except psycopg.errors.LockNotAvailable as error:
            raise _locked_out(settings, context) from error
        except psycopg.errors.CharacterNotInRepertoire as error:
            raise _in_no_encoding(context.resource) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise _not_allowed(error, context.resource) from error
        except psycopg.Error as error:
            if error.sqlstate not in _GONE or attempt == _ATTEMPTS:
                raise failed_statement(error, context.resource, "cannot read the catalogs") from error
    raise AssertionError("the last attempt returns or raises")


def _captured(found: Answers, settings: Settings, context: Context, profile: Profile) -> Captured:
    known = context.known
    basis = blake2b(repr((profile.exclude, settings.data)).encode(), digest_size=8).digest()
    # Most captures find what the last one found. Equal answers make equal facts, so none need be made.
    if known and known.stamp.startswith(basis) and found.have_stamp(known.stamp[len(basis) :]):
        return _with_hints(Captured(stamp=known.stamp, tree=known.tree), (), found, settings, profile)
    sealed: list[str] = []
    facts = _facts(found, settings, _noting(context, sealed), profile)
    unmodelled = _unmodelled(facts)
    # A secret could be guessed by its digest, and what is not modelled has to be told each time.
    is_plain = not (sealed or settings.data or unmodelled)
    state = Captured(documents(facts), stamp=basis + found.stamp() if is_plain else None)
    return _with_hints(state, unmodelled, found, settings, profile)


def _with_hints(
    state: Captured, unmodelled: Sequence[str], found: Answers, settings: Settings, profile: Profile
) -> Captured:
    """The state with what is told besides."""
    notices = [*_notices(unmodelled, found, settings), *_missing(settings, found)]
    return msgspec.structs.replace(state, notices=notices, hints={**_hints(found), "may": list(profile.may)})


def _facts(found: Answers, settings: Settings, context: Context, profile: Profile) -> dict[str, Fact]:
    facts = profiles.without_excluded(assemble(found, context), profile)
    facts.update((fact.id, fact) for fact in rowdata.facts(found.chosen, settings, context))
    return facts


def _noting(context: Context, sealed: list[str]) -> Context:
    """The context, noting what is sealed through it."""

    def seal(identity: str, value: bytes) -> dict[str, str]:
        sealed.append(identity)
        return context.seal(identity, value)

    return msgspec.structs.replace(context, seal=seal)


def _unmodelled(facts: Iterable[str]) -> list[str]:
    start = UNMODELLED + ":"
    return [identity.removeprefix(start) for identity in facts if identity.startswith(start)]


_ATTEMPTS = 3
_GONE = {"XX000", "42P01", "42704", "42883"}
"""What pg_get_viewdef and the like say when somebody dropped their object after our snapshot was taken: they
look at the catalogs as they are by then."""


def _locked_out(settings: Settings, context: Context) -> SnapError:
    """Why it could not be read: asked on another connection, since that of the capture waits no more."""
    with connect(settings, context.resource, bare=True) as connection:
        holder = exclusive_holder(connection)
    return SnapError(
        f"something could not be read within {settings.read_lock_timeout:g} s"
        f" (read_lock_timeout): {holder or 'it was locked exclusively, and no longer is'}",
        where=context.resource,
        fix="try again when that is done, or end it with pg_terminate_backend",
    )


def _not_allowed(error: psycopg.Error, resource: str) -> SnapError:
    """Catalogs can be read by everybody, unless somebody has taken that away; rows cannot."""
    return SnapError(
        f"this role may not read all that it is asked to: {error.diag.message_primary}",
        where=resource,
        fix=error.diag.message_hint
        or "grant it that (SELECT on tables that `data` names, BYPASSRLS where policies hide rows of them)",
    )


def _in_no_encoding(resource: str) -> SnapError:
    """SQL_ASCII takes any bytes for text, and does not know which characters they are."""
    return SnapError(
        "the database has text that is not UTF-8, and its encoding SQL_ASCII does not say what it is",
        where=resource,
        fix="copy it into a database with the right encoding (pg_dump --encoding), or repair that text",
    )


def documents(facts: Mapping[str, Fact]) -> list[Document]:
    """Facts grouped into documents: each with what it is, at the end of the chain of parents, part of."""
    wholes: dict[str, list[Fact]] = {}
    beside: dict[str, list[Fact]] = {}  # by the parent that they share, which saves going up for each
    for fact in facts.values():
        parent = fact.parent
        group = beside.get(parent or "")
        if group is None:
            group = wholes.setdefault(_whole(fact, facts), [])
            if parent and parent in facts:
                beside[parent] = group
        group.append(fact)
    found: dict[str, list[Fact]] = defaultdict(list)
    for identity, group in wholes.items():
        found[document_path(identity)] += group
    return [Document(path, tuple(found[path])) for path in sorted(found)]


def _whole(fact: Fact, facts: Mapping[str, Fact]) -> str:
    """The identity of what a fact is, in the end, part of."""
    while fact.parent and fact.parent in facts:
        fact = facts[fact.parent]
    return fact.id


def _notices(unmodelled: Sequence[str], found: Answers, settings: Settings) -> list[Notice]:
    """What is not captured, and what is said besides; not what a setting has already answered."""
    said = [
        Notice(subject, text)
        for subject, text, setting in found.rows("notices")
        if not (setting and getattr(settings, setting))
    ]
    if settings.roles and catalog.PASSWORDS in found.server.left_out:
        said.append(Notice("passwords of roles", "are not captured: this role may not read them"))
    return [
        *(Notice(name, "is not modelled: it is neither compared nor restored") for name in unmodelled),
        *said,
    ]


def _missing(settings: Settings, found: Answers) -> list[Notice]:
    missing = set(settings.data) - {table.chosen.name for table in found.chosen}
    columns = {f"{table.chosen.name}.{column}" for table in found.chosen for column in table.chosen.columns}
    in_clear = "is named by `data_sealed`, but no table of `data` has such a column: nothing is sealed by it"
    return [
        *(Notice(name, "is named by `data`, but there is no such table") for name in sorted(missing)),
        *(Notice(name, in_clear) for name in sorted(set(settings.data_sealed) - columns)),
    ]


def _hints(found: Answers) -> dict[str, Json]:
    relations: dict[str, Json] = {}
    for identity, rows, size, columns, numbers, oid in found.rows("relations"):
        known = {"columns": columns, "numbers": numbers, "oid": oid}
        relations[identity] = known if rows is None else {"rows": rows, "bytes": size, **known}
    subscribed: dict[str, dict[str, bool]] = defaultdict(dict)
    for table, subscription, copying in found.rows("subscribed"):
        subscribed[table][subscription] = copying
    system, database = next(found.rows("system")) if found.server.may_identify else (None, None)
    return {
        "relations": relations,
        "ids": found.ids(),
        "subscribed": dict(subscribed),
        "miscounted": dict(found.rows("miscounted")),
        "server_version": found.server.version_name,
        "version": found.server.version,
        "role": found.server.role,
        "database": found.server.database,
        "encoding": found.server.encoding,
        "plpgsql": found.server.has_plpgsql,
        "superuser": found.server.superuser,
        "roles": found.server.roles,
        "member_of": found.server.member_of,
        "may_become": found.server.may_become,
        "powers": found.server.powers,
        "archive": _archive(found),
        "system": system,
        "database_id": database,
    }


def _archive(found: Answers) -> dict[str, Json]:
    """What the archive of this database holds, and the number that the next place in it gets."""
    if not found.server.has_archive:
        return {"exists": False, "next": found.server.archived + 1, "entries": []}
    entries = list(found.rows("archive"))
    waiting: list[Json] = []
    for place, identity, kind, facts, is_back, oid, columns, numbers, marked in entries:
        known = {"relation": {"oid": oid, "columns": columns, "numbers": numbers}} if oid else {}
        entry = {"place": place, "identity": identity, "kind": kind, "facts": facts, **known}
        entry |= {"marked": True} if marked else {}
        waiting += [] if is_back else [entry]
    return {"exists": True, "next": max(len(entries), found.server.archived) + 1, "entries": waiting}
