"""Keeps two restores of one server apart, wherever they run: by the name of a connection, which needs no key
and goes with the connection. The session is the restore's own, so that it outlives the password it came with.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from snapstore.adapter import Context
from snapstore.errors import Exit, SnapError
from snapstore_redis.connection import ServerError, Session, holding
from snapstore_redis.settings import Settings

NAME = "snapstore-restore"
_OURS = f"{NAME}-{secrets.token_hex(4)}"
"""This process may hold several locks of one server: one for each resource that is on it."""


@contextmanager
def lock(settings: Settings, context: Context) -> Iterator[None]:
    """SnapError with code LOCKED while another restore has such a connection."""
    with holding(settings, context.resource) as session:
        _enter(session)
        yield


def _enter(session: Session) -> None:
    session.name = _OURS
    # Told after both have their names: of two at the same moment at least one sees the other.
    answers = session.ask([("CLIENT", "SETNAME", _OURS), ("CLIENT", "LIST")])
    if any(isinstance(answer, ServerError) for answer in answers):
        return  # a user who may not see connections is kept apart by the store's lock alone
    for line in answers[1].decode("utf-8", "replace").splitlines():
        client = dict(re.findall(r"(\S+?)=(\S*)", line))
        name = client.get("name", "")
        if name.startswith(NAME) and name != _OURS:
            raise SnapError(
                f"another restore of this server is running, from {client.get('addr', 'somewhere')}",
                where=session.resource,
                fix="wait until it is done",
                code=Exit.LOCKED,
            )
