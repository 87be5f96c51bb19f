"""Looking at a server for ``snap doctor``."""

from __future__ import annotations

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import Notice
from snapstore_redis.connection import ServerError, Session, session
from snapstore_redis.server import server_of
from snapstore_redis.settings import Settings


def clock(settings: Settings, context: Context) -> float:
    """The server's time."""
    with session(settings, context.resource) as opened:
        seconds, microseconds = opened.call("TIME")
        return int(seconds) + int(microseconds) / 1e6


def check(settings: Settings, context: Context) -> list[Notice]:
    """[] when the user of the url can take and restore; otherwise what stands in the way."""
    try:
        with session(settings, context.resource) as opened:
            return [Notice(context.resource, text) for text in _findings(opened, settings)]
    except SnapError as error:
        return [Notice(context.resource, error.what)]


def _findings(opened: Session, settings: Settings) -> list[str]:
    server = server_of(opened)
    found = []
    if server.speaks < (6, 2):
        found.append(f"version {'.'.join(map(str, server.version))} is older than 6.2: not tested")
    if server.role != "master":
        found.append("the server is a replica: a restore is refused")
    if settings.persist and not server.has_file:
        found.append("persist = true, but the server runs without a configuration file")
    wanted = [("config", ("CONFIG", "GET", "maxmemory")), ("users", ("ACL", "LIST"))]
    if server.has_functions:
        wanted.append(("functions", ("FUNCTION", "LIST")))
    for option, command in wanted:
        (answer,) = opened.ask([command])
        if getattr(settings, option) and isinstance(answer, ServerError):
            found.append(f"{' '.join(command[:2])} is refused ({answer}): allow it, or say {option} = false")
    return found
