"""The url of a database as applications have it in their environment → what libpq takes.

Libraries put settings of their own into it, and the name of a driver into its scheme; libpq refuses a url
with either. A message never shows what may be a part of a password.
"""

from __future__ import annotations

import re

from snapstore.errors import SnapError

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][\w+.-]*)://(?P<login>[^@/]*@)?(?P<place>[^?]*)(?P<rest>.*)", re.DOTALL
)
_SCHEME = re.compile(r"(?:postgres|postgresql|postgis)(?:\+\w+)?", re.IGNORECASE)
_OF_LIBRARIES = frozenset(
    {"schema", "connection_limit", "pool_timeout", "socket_timeout", "pgbouncer", "statement_cache_size"}
    | {"single_use_connections", "max_connection_lifetime", "max_idle_connection_lifetime"}
    | {"pool", "prepared_statements", "reaping_frequency", "encoding", "schema_search_path", "supa"}
)
"""Settings of Prisma, Active Record and hosted databases. None of them chooses a server or protects anything,
as those do whose names begin with ``ssl``: what libpq does not know of these is refused."""
_PLAIN = "use postgresql://user@host:port/database or key=value pairs"
_LIBPQ = (
    "leave that out, or say it in libpq's words, such as sslmode, sslrootcert, connect_timeout and options"
)
_ESCAPED = (
    "write what is not a letter or digit in user, password and database as %XX: @ as %40, / as %2F, % as %25"
)


def is_postgres(url: str) -> bool:
    """Whether this is a url of PostgreSQL, or none at all (key=value pairs)."""
    found = _URL.fullmatch(url)
    return not found or bool(_SCHEME.fullmatch(found["scheme"]))


def for_libpq(url: str, resource: str) -> str:
    """The same place in words that libpq understands. SnapError when it is no url of PostgreSQL, or when a
    password in it ends where it should not."""
    found = _URL.fullmatch(url)
    if not found:
        return url
    if not _SCHEME.fullmatch(found["scheme"]):
        raise wrong_url(resource, f"the url begins with {found['scheme']}://, which is not PostgreSQL")
    if "@" in found["place"]:
        raise wrong_url(resource, "the url has an @ or a / that would end its password too soon", _ESCAPED)
    kept = [part for part in found["rest"][1:].split("&") if part.partition("=")[0] not in _OF_LIBRARIES]
    query = "?" + "&".join(kept) if any(kept) else ""
    return f"postgresql://{found['login'] or ''}{found['place']}{query}"


def wrong_url(resource: str, what: str, fix: str = _PLAIN) -> SnapError:
    """The error of a url that cannot be used."""
    return SnapError(what, where=f"resources.{resource}.url", fix=fix)


def refused_url(resource: str, url: str, said: str) -> SnapError:
    """What libpq said to a url that it cannot read, as far as that holds no part of the url but a name."""
    name = re.search(r'invalid URI query parameter: "(\w+)"', said)
    if name and "@" not in url.partition("?")[2]:  # behind an @ the question mark was one of the password
        return wrong_url(resource, f"the url sets {name[1]!r}, which libpq does not know", _LIBPQ)
    if "percent-encoded" in said:
        return wrong_url(resource, "the url has a % that no two hexadecimal digits follow", _ESCAPED)
    return wrong_url(resource, "the url is not a PostgreSQL connection string")
