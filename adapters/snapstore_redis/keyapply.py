"""Writing keys: in transactions that nobody can come between, and only where a key still is what it was.

A key that is what it should be already is left alone. So a transaction whose answer got lost can be tried
again, and is never applied twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from snapstore.adapter import ApplyContext
from snapstore.errors import Exit, SnapError
from snapstore.model import SEALED, Action, Json
from snapstore_redis.capture import keep_secret, sealing
from snapstore_redis.comparing import plain
from snapstore_redis.connection import (
    ATTEMPTS,
    Command,
    LostError,
    PutOffError,
    ServerError,
    Session,
    lost,
    pause,
)
from snapstore_redis.keyplan import digest
from snapstore_redis.names import key_place
from snapstore_redis.server import Server
from snapstore_redis.settings import Settings
from snapstore_redis.values import Attrs, Reader, writing

_FIXES = {
    "NOPERM": "docs/adapters/redis.md has the permissions that this needs",
    "READONLY": "the server is a replica by now: use the url of its master",
    "OOM": "let it have more memory (maxmemory) or fewer keys, then run the command again",
}
_ELSEWHERE = frozenset({"MOVED", "ASK"})
_BYTES = 4_000_000
"""About how much one transaction writes: the server does nothing else meanwhile."""
_TRIES = 20


@dataclass(frozen=True)
class _Key:
    """What an entry of a plan says: ``after`` is in clear, None where the key goes."""

    identity: str
    database: int
    key: bytes
    after: Attrs | None
    was: str | None
    expires_at: int | None


class KeyWriter:
    """Writes the keys of an action to one server."""

    def __init__(self, session: Session, server: Server, settings: Settings, context: ApplyContext) -> None:
        self._session = session
        self._server = server
        self._context = context
        self._hide = sealing(settings, context)
        self._reader = Reader(session, server, watched=True)
        self._begin: Callable[[], None] = lambda: None

    def write(self, action: Action) -> None:
        """SnapError with code STALE where somebody else has changed a key since the plan was made."""
        keys = [self._key(entry) for entry in action.payload["keys"]]
        self._begin = _first_time(partial(self._context.journal.started, action))
        for some in self._together(keys):
            self._surely(some)
        self._begin()

    def _key(self, entry: Mapping[str, Json]) -> _Key:
        database, key = key_place(entry["id"])
        after = self._clear(entry["id"], entry["attrs"]) if "attrs" in entry else None
        return _Key(entry["id"], database, key, after, entry.get("was"), entry.get("expires_at"))

    def _clear(self, identity: str, attrs: Attrs) -> Attrs:
        value = attrs["value"]
        if isinstance(value, dict) and SEALED in value:
            hidden = msgspec.json.decode(self._context.unseal(identity, value[SEALED]))
            keep_secret(hidden)
            attrs = attrs | hidden
        return _fitting(attrs, self._server)

    def _together(self, keys: Sequence[_Key]) -> Iterator[list[_Key]]:
        """What one transaction can write: of one database and in a cluster of one slot, and not too much."""
        places: dict[tuple[int, int], list[_Key]] = defaultdict(list)
        for key in keys:
            places[key.database, self._slot(key.key)].append(key)
        for some in places.values():
            batch: list[_Key] = []
            size = 0
            for key in some:
                batch.append(key)
                size += len(msgspec.json.encode(key.after)) if key.after else 0
                if size > _BYTES:
                    yield batch
                    batch, size = [], 0
            if batch:
                yield batch

    def _slot(self, key: bytes) -> int:
        if not self._server.clustered:
            return 0
        from redis.crc import key_slot

        return int(key_slot(key))

    def _surely(self, keys: Sequence[_Key]) -> None:
        failures = 0
        for _ in range(_TRIES):
            try:
                if self._once(keys):
                    return
            except LostError as error:
                failures += 1
                if failures == ATTEMPTS:
                    raise lost(error, self._session) from error
                pause(failures)
        raise _moved(keys[0], self._session.resource)

    def _once(self, keys: Sequence[_Key]) -> bool:
        """Whether it went through; not where a key was touched while it was compared."""
        database = keys[0].database
        (watching,) = self._session.tell([("WATCH", *(key.key for key in keys))], database)
        self._require(watching)
        now = dict(self._reader.read(database, [key.key for key in keys]))
        wrong = [key for key in keys if not _is(now.get(key.key), key.after)]
        for key in wrong:
            if not self._as_planned(key, now.get(key.key)):
                raise _moved(key, self._session.resource)
        commands = [command for key in wrong for command in _commands(key, key.key in now)]
        if not commands:
            self._require(*self._session.tell([("UNWATCH",)]))
            return True
        *queued, executed = self._written([("MULTI",), *commands, ("EXEC",)], database)
        self._require(*queued, *(executed if isinstance(executed, list) else [executed]))
        return executed is not None

    def _written(self, transaction: Sequence[Command], database: int) -> Sequence[Any]:
        """The answers to a transaction. The journal is told unless it is known not to have happened, since a
        key was touched or a command refused: what somebody else did is then not taken for the half of
        something of ours."""
        try:
            answers = self._session.tell(transaction, database)
        except LostError as error:
            if not isinstance(error, PutOffError):
                self._begin()
            raise
        if isinstance(answers[-1], list):
            self._begin()
        return answers

    def _as_planned(self, key: _Key, now: Attrs | None) -> bool:
        """Whether a key still is what it was when the plan was made, or has expired since."""
        if now is None:
            return key.was is None or self._has_expired(key)
        return digest(self._hide(key.database, key.key, now)) == key.was

    def _has_expired(self, key: _Key) -> bool:
        # Told, not asked: a new connection would not watch.
        ((seconds, _),) = self._session.tell([("TIME",)], key.database)
        return key.expires_at is not None and key.expires_at < (int(seconds) + 1) * 1000

    def _require(self, *answers: object) -> None:
        refusal = next((answer for answer in answers if isinstance(answer, ServerError)), None)
        if refusal is not None and refusal.code in _ELSEWHERE:
            _, slot, node = str(refusal).split(" ")
            raise SnapError(
                f"slot {slot} is with another node of the cluster by now, {node}",
                where=self._session.resource,
                fix="restore when slots are where they were; docs/adapters/redis.md says more of clusters",
            )
        if refusal is not None:
            raise SnapError(
                f"the keys cannot be written: {refusal}",
                where=self._session.resource,
                fix=_FIXES.get(refusal.code, "run the command again when the server takes writes"),
            )


def _first_time(tell: Callable[[], None]) -> Callable[[], None]:
    """The same, which does something the first time only."""
    left = [tell]
    return lambda: left.pop()() if left else None


def _commands(key: _Key, is_there: bool) -> Iterator[Command]:
    if is_there:
        yield "UNLINK", key.key
    if key.after is not None:
        yield from writing(key.key, key.after)


def _is(now: Attrs | None, after: Attrs | None) -> bool:
    if now is None or after is None or now["type"] != "stream":
        return now == after
    return now == after or ("entries_added" not in after["value"] and plain(now) == plain(after))


def _fitting(attrs: Attrs, server: Server) -> Attrs:
    """The attributes without what the server does not know, which the plan has named."""
    if server.speaks < (7,):
        attrs = plain(attrs)
    return attrs if server.has_field_expiry else {k: v for k, v in attrs.items() if k != "fields_expire_at"}


def _moved(key: _Key, resource: str) -> SnapError:
    return SnapError(
        f"the key {key.identity.partition(':')[2]} was changed by somebody else since the plan was made",
        where=resource,
        fix="make the plan again when nothing writes to it",
        code=Exit.STALE,
    )
