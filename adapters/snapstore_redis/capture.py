"""A server to facts: what it is set to, who may use it, its functions, and the keys that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Captured, Document, Fact, Json, Notice
from snapstore.secrets import REDACTOR
from snapstore_redis import functions, parameters, users
from snapstore_redis.connection import ServerError, Session, session
from snapstore_redis.names import bytes_of, key_identities, key_identity, name_of
from snapstore_redis.patterns import matcher
from snapstore_redis.scanning import find, pages
from snapstore_redis.server import Server, server_of
from snapstore_redis.settings import Settings
from snapstore_redis.values import Attrs, Reader

Hide = Callable[[int, bytes, Attrs], Attrs]
_ENCODER = msgspec.json.Encoder(order="sorted")


def capture(settings: Settings, context: Context) -> Captured:
    """Everything but the keys at once; those when they are asked for, a page at a time."""
    with session(settings, context.resource) as opened:
        server = server_of(opened)
        documents = [
            Document(path, tuple(fact for fact in facts if _wanted(fact, settings)))
            for path, facts in _parts(opened, server, settings, context)
        ]
    return Captured(
        documents=[document for document in documents if document.facts],
        pages=_pages(settings, context, server) if settings.keys else (),
        notices=_notices(server, settings),
        hints=server.hints()
        | {
            "keys": list(settings.keys),
            "exclude": list(settings.exclude),
            "parts": _asked(settings, server),
        },
    )


def _wanted(fact: Fact, settings: Settings) -> bool:
    return not any(fnmatchcase(fact.id, pattern) for pattern in settings.exclude)


def _asked(settings: Settings, server: Server) -> list[str]:
    """The kinds of facts that were asked for, for telling what was left out from what is not there."""
    asked = {
        parameters.PARAMETER: settings.config,
        functions.MODULE: settings.config,
        users.USER: settings.users,
        functions.FUNCTION: settings.functions and server.has_functions,
    }
    return [kind for kind, wanted in asked.items() if wanted]


def _parts(
    opened: Session, server: Server, settings: Settings, context: Context
) -> Iterator[tuple[str, list[Fact]]]:
    def ask(option: str, *words: str) -> Any:
        return _allowed(opened, option, *words)

    if settings.config:
        yield "config.json", parameters.facts_of(ask("config", "CONFIG", "GET", "*"), context.seal)
        yield "modules.json", functions.modules_of(ask("config", "MODULE", "LIST"), context.seal)
    if settings.users:
        yield "users.json", users.facts_of(ask("users", "ACL", "LIST"), context.seal)
    if settings.functions and server.has_functions:
        yield "functions.json", functions.facts_of(ask("functions", "FUNCTION", "LIST", "WITHCODE"))


def _allowed(opened: Session, option: str, *words: str) -> Any:
    try:
        return opened.call(*words)
    except ServerError as error:
        raise SnapError(
            f"{' '.join(words[:2])}: {error}",
            where=opened.resource,
            fix=f"give the user of the url permission, or leave this part out with {option} = false",
        ) from error


def _notices(server: Server, settings: Settings) -> list[Notice]:
    found = []
    if server.role != "master":
        text = "is a replica: it can be captured, and restored only at its master"
        found.append(Notice("the server", text))
    if server.clustered and settings.keys:
        text = "is one node of a cluster: the keys of other nodes are not in this snapshot"
        found.append(Notice("the server", text))
    return found


# Keys


def databases_of(settings: Settings, opened: Session) -> list[int]:
    return sorted(set(settings.databases)) or [opened.database]


def _pages(settings: Settings, context: Context, server: Server) -> Iterator[Document]:
    with session(settings, context.resource) as opened:
        databases = databases_of(settings, opened)
        names = find(opened, settings, databases)
        reader = Reader(opened, server)
        hide = sealing(settings, context)
        places = list(pages(names, databases))
        keys = names.of(databases[0], places[0][1])
        for (path, buckets), following in zip(places, [*places[1:], None], strict=True):
            facts = list(_facts(reader, databases[0], keys, hide))
            for database in databases[1:]:
                facts += _facts(reader, database, names.of(database, buckets), hide)
            if following:
                keys = names.of(databases[0], following[1])
                reader.ahead(databases[0], keys)
            page = (
                tuple(fact for fact in facts if _wanted(fact, settings)) if settings.exclude else tuple(facts)
            )
            if page:
                yield Document(path, page)


def _facts(reader: Reader, database: int, keys: Sequence[bytes], hide: Hide) -> Iterator[Fact]:
    """For what of the keys is there."""
    found = list(reader.read(database, keys))
    identities = key_identities(database, [key for key, _ in found])
    return map(Fact, identities, (hide(database, key, attrs) for key, attrs in found))


def keep_secret(value: Json) -> None:
    """Let every text in there be masked where somebody else quotes it."""
    if isinstance(value, str):
        REDACTOR.add(value, sealed=True)
        REDACTOR.add(bytes_of(value), sealed=True)
    elif isinstance(value, dict):
        for name, item in value.items():
            keep_secret(name)
            keep_secret(item)
    elif isinstance(value, list):
        for item in value:
            keep_secret(item)


def sealing(settings: Settings, context: Context) -> Hide:
    """Seals the value of a key, and the names of fields that expire, where the settings call it a secret."""
    if not settings.sealed:
        return lambda database, key, attrs: attrs
    secret = matcher(settings.sealed)

    def seal(database: int, key: bytes, attrs: Attrs) -> Attrs:
        if not secret(key):
            return attrs
        identity = key_identity(database, name_of(key))
        hidden: dict[str, Json] = {
            name: attrs[name] for name in ("value", "fields_expire_at") if name in attrs
        }
        keep_secret(hidden)
        rest = {name: value for name, value in attrs.items() if name not in hidden}
        return rest | {"value": context.seal(identity, _ENCODER.encode(hidden))}

    return seal
