"""Keys as facts: their type, their value in a form that equal values share, when they expire; and back.

What DUMP gives is no such form (a hash in another order is another payload), nor does it go back to an older
server; it is the value of nothing but types that only modules know, other than vector sets.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from snapstore.errors import SnapError
from snapstore.model import Json
from snapstore_redis.connection import Command, ServerError, Session
from snapstore_redis.names import VECTORS, bytes_of, member_of, name_of, raw_of, value_of, values_of
from snapstore_redis.server import Server
from snapstore_redis.streams import rebuilding, stream_of
from snapstore_redis.vectors import dump_of, vectors_of

Attrs = dict[str, Json]

_FIRST, _MOST, OTHERS = 512, 4096, 128
"""How many keys are asked for at once: strings at first and at most, and others."""
_BYTES = 4_000_000
"""About how much one answer may hold."""
_AT_A_TIME = 16
_VALUES_AND_TIMES = """
local times = {}
for place, key in ipairs(KEYS) do times[place] = redis.call('PEXPIRETIME', key) end
return {redis.call('MGET', unpack(KEYS)), times}
"""
"""Half the work of a transaction with a command for each key, for both sides."""
_ATTEMPTS = 5
_WORDS = 500

_READING: Mapping[bytes, Callable[[bytes], Command]] = {
    b"string": lambda key: ("GET", key),
    b"list": lambda key: ("LRANGE", key, 0, -1),
    b"hash": lambda key: ("HGETALL", key),
    b"set": lambda key: ("SMEMBERS", key),
    b"zset": lambda key: ("ZRANGE", key, 0, -1, "WITHSCORES"),
    b"stream": lambda key: ("XINFO", "STREAM", key, "FULL", "COUNT", 0),
}


def _number(score: bytes) -> str:
    """A score, written alike by all versions."""
    return repr(float(score)).removesuffix(".0")


_FORMS: Mapping[bytes, Callable[[Any], Json]] = {
    b"string": value_of,
    b"list": lambda answer: [value_of(item) for item in answer],
    b"hash": lambda answer: {
        member_of(field): value_of(value) for field, value in zip(answer[::2], answer[1::2], strict=True)
    },
    b"set": lambda answer: [value_of(member) for member in sorted(answer)],
    b"zset": lambda answer: {
        member_of(member): _number(score) for member, score in zip(answer[::2], answer[1::2], strict=True)
    },
    b"stream": stream_of,
    VECTORS.encode(): vectors_of,
}


class Reader:
    """Reads keys, each as it was at one moment; what vanishes meanwhile is left out."""

    def __init__(self, session: Session, server: Server, *, watched: bool = False) -> None:
        """``watched`` keys are read over one connection and without a transaction, which would end the watch;
        what the server's counters said when we came does not count for them."""
        self._session = session
        self._server = server
        self._watched = watched
        self._batch = _FIRST
        self._scripts = True
        self._next: tuple[Sequence[bytes], Sequence[Command]] = (), ()
        self._ask = session.tell if watched else session.ask

    def read(self, database: int, keys: Sequence[bytes]) -> Iterator[tuple[bytes, Attrs]]:
        """The keys that are there, with their attributes; strings come first."""
        others: list[bytes] = []
        for some in self._batches(keys):
            values, times = self._strings(database, some)
            texts = iter(values_of([value for value in values if value.__class__ is bytes]))
            for key, value, expires in zip(some, values, times, strict=True):
                if value.__class__ is bytes:
                    yield key, _attrs("string", next(texts), expires)
                elif expires != -2:
                    others.append(key)
        for start in range(0, len(others), OTHERS):
            yield from self._others(database, others[start : start + OTHERS], _ATTEMPTS)

    def ahead(self, database: int, keys: Sequence[bytes]) -> None:
        """Let the server begin with what is read next."""
        some = next(self._batches(keys), None)
        if some and not self._one_by_one(database):
            self._next = some, self._string_commands(database, some)
            self._session.send_ahead(self._next[1], database)

    def _batches(self, keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
        start = 0
        while start < len(keys):
            size = self._batch
            yield keys[start : start + size]
            start += size

    def _string_commands(self, database: int, keys: Sequence[bytes]) -> Sequence[Command]:
        if not self._expiring(database):
            return [("MGET", *keys)]
        if self._scripts:
            return [("EVAL_RO", _VALUES_AND_TIMES, len(keys), *keys)]
        return [("MULTI",), ("MGET", *keys), *(("PEXPIRETIME", key) for key in keys), ("EXEC",)]

    def _strings(self, database: int, keys: Sequence[bytes]) -> tuple[Sequence[Any], Sequence[int]]:
        """The values of those keys that are strings; for others something that is not bytes."""
        if self._one_by_one(database):
            return self._together(database, keys, [("GET", key) for key in keys])
        values, expires = self._many_strings(database, keys)
        if isinstance(values, ServerError):
            raise _not_allowed(values, self._session)
        size = sum(map(len, filter(None, values)))
        self._batch = max(1, min(_MOST, _BYTES * len(keys) // (size + 1)))
        return values, expires

    def _many_strings(self, database: int, keys: Sequence[bytes]) -> tuple[Any, Sequence[int]]:
        (expected, commands), self._next = self._next, ((), ())
        if expected != keys:
            commands = self._string_commands(database, keys)
        answers = self._ask(commands, database)
        if commands[0][0] == "MGET":
            return answers[0], [-1] * len(keys)
        if commands[0][0] == "MULTI":
            values, *expires = self._executed(answers)
            return values, expires
        if isinstance(answers[0], ServerError):  # not everybody may run scripts
            self._scripts = False
            return self._many_strings(database, keys)
        return answers[0][0], answers[0][1]

    def _one_by_one(self, database: int) -> bool:
        """Whether no one command can ask for many strings: in a cluster, for one, they are in other slots."""
        exact = self._server.speaks >= (7,) or not self._expiring(database)
        return self._server.clustered or self._watched or not exact

    def _expiring(self, database: int) -> bool:
        return bool(self._server.expiring.get(database))

    def _together(
        self, database: int, keys: Sequence[bytes], commands: Sequence[Command]
    ) -> tuple[list[Any], Sequence[int]]:
        """The answers to these commands, one for each key, and when the keys expire (-1: never, -2: gone)."""
        if self._server.clustered:
            return self._apart(database, keys, commands)
        if self._server.speaks >= (7,):
            found = self._atomic(database, [*commands, *(("PEXPIRETIME", key) for key in keys)])
            return found[: len(commands)], found[len(commands) :]
        return self._by_the_clock(database, keys, commands)

    def _by_the_clock(
        self, database: int, keys: Sequence[bytes], commands: Sequence[Command]
    ) -> tuple[list[Any], Sequence[int]]:
        """Before 7.0 there is only the time that is left: exact where all was asked within a millisecond."""
        found: list[Any] = []
        expires: list[int] = []
        for start in range(0, len(keys), _AT_A_TIME):
            here = slice(start, start + _AT_A_TIME)
            answers, some = self._exactly(database, keys[here], commands[here])
            found += answers
            expires += some
        return found, expires

    def _exactly(
        self, database: int, keys: Sequence[bytes], commands: Sequence[Command]
    ) -> tuple[list[Any], Sequence[int]]:
        for _ in range(100):
            left = [("PTTL", key) for key in keys]
            found = self._atomic(database, [*commands, ("TIME",), *left, ("TIME",)])
            first, *left_for, last = found[len(commands) :]
            if _milliseconds(first) == _milliseconds(last):
                now = _milliseconds(first)
                return found[: len(commands)], [now + ttl if ttl >= 0 else ttl for ttl in left_for]
        raise SnapError(
            "the server is too slow to tell when keys expire", where=self._session.resource, fix="try again"
        )

    def _apart(
        self, database: int, keys: Sequence[bytes], commands: Sequence[Command]
    ) -> tuple[list[Any], Sequence[int]]:
        """In a cluster a transaction has to stay in one slot."""
        if self._server.speaks < (7,):
            told = [self._exactly(database, [key], [c]) for key, c in zip(keys, commands, strict=True)]
            return [answers[0] for answers, _ in told], [expires[0] for _, expires in told]
        pairs = [word for key, c in zip(keys, commands, strict=True) for word in (c, ("PEXPIRETIME", key))]
        answers = self._ask(pairs, database)
        return answers[::2], answers[1::2]

    def _atomic(self, database: int, commands: Sequence[Command]) -> list[Any]:
        if self._watched:
            return self._ask(commands, database)
        return self._executed(self._ask([("MULTI",), *commands, ("EXEC",)], database))

    def _executed(self, answers: list[Any]) -> list[Any]:
        if isinstance(answers[-1], ServerError):
            refused = next((a for a in answers if isinstance(a, ServerError)), answers[-1])
            raise _not_allowed(refused, self._session)
        found: list[Any] = answers[-1]
        return found

    def _others(self, database: int, keys: Sequence[bytes], left: int) -> Iterator[tuple[bytes, Attrs]]:
        """Keys of any type; one that changes its type meanwhile is read again."""
        told = self._ask([("TYPE", key) for key in keys], database)
        kinds = {key: kind for key, kind in zip(keys, told, strict=True) if kind != b"none"}
        commands = [_READING.get(kind, _dumping)(key) for key, kind in kinds.items()]
        if not commands:
            return
        answers, expires = self._together(database, list(kinds), commands)
        moved: list[bytes] = []
        fields = self._field_expiry(database, kinds, answers)
        for (key, kind), answer, at in zip(kinds.items(), answers, expires, strict=True):
            if isinstance(answer, ServerError):
                if answer.code == "WRONGTYPE":
                    moved.append(key)
                elif answer.code == "NOPERM":
                    raise _not_allowed(answer, self._session)
                continue  # a stream that has gone
            if at != -2 and answer not in (None, []):
                yield key, _typed(kind, answer, at) | fields.get(key, {})
        if moved and not left:
            raise SnapError(
                f"the key {name_of(moved[0])} changes its type each time it is read",
                where=self._session.resource,
                fix="leave it out of `keys`, or try when nothing writes to it",
            )
        if moved:
            yield from self._others(database, moved, left - 1)

    def _field_expiry(
        self, database: int, kinds: Mapping[bytes, bytes], answers: Sequence[Any]
    ) -> dict[bytes, Attrs]:
        """When fields of hashes expire, for those that have any that do."""
        known = self._server.has_field_expiry
        if not known or not (self._watched or self._server.expiring_fields.get(database, 1)):
            return {}
        hashes = {
            key: answer[::2]
            for (key, kind), answer in zip(kinds.items(), answers, strict=True)
            if kind == b"hash" and isinstance(answer, list) and answer
        }
        commands = [("HPEXPIRETIME", key, "FIELDS", len(fs), *fs) for key, fs in hashes.items()]
        told = self._ask(commands, database) if commands else []
        found = {}
        for (key, names), times in zip(hashes.items(), told, strict=True):
            if isinstance(times, list) and any(time > 0 for time in times):
                pairs = zip(names, times, strict=True)
                found[key] = {"fields_expire_at": {member_of(name): time for name, time in pairs if time > 0}}
        return found


def _milliseconds(time: Sequence[bytes]) -> int:
    return int(time[0]) * 1000 + int(time[1]) // 1000


def _dumping(key: bytes) -> Command:
    return "DUMP", key


def _typed(kind: bytes, answer: Any, expires: int) -> Attrs:
    form = _FORMS.get(kind)
    value = form(answer) if form is not None else None
    if value is None:
        value = {"dump": base64.b64encode(answer).decode()}
    return _attrs(kind.decode(), value, expires)


def _attrs(kind: str, value: Json, expires: int) -> Attrs:
    if expires < 0:
        return {"type": kind, "value": value}
    return {"type": kind, "value": value, "expires_at": expires}


def _not_allowed(error: ServerError, session: Session) -> SnapError:
    return SnapError(
        f"the keys cannot be read: {error}",
        where=session.resource,
        fix="docs/adapters/redis.md has the permissions that this needs",
    )


# Back


def writing(key: bytes, attrs: Mapping[str, Json]) -> Iterator[Command]:
    """The commands that make this key where there is none."""
    kind, value = attrs["type"], attrs["value"]
    write = _WRITING.get(kind)
    if write is not None:
        yield from write(key, value)
    else:
        yield "RESTORE", key, 0, base64.b64decode(value["dump"])
    by_time: dict[int, list[bytes]] = defaultdict(list)
    for field, time in attrs.get("fields_expire_at", {}).items():
        by_time[time].append(bytes_of(field))
    for time, fields in by_time.items():
        yield "HPEXPIREAT", key, time, "FIELDS", len(fields), *fields
    if "expires_at" in attrs:
        yield "PEXPIREAT", key, attrs["expires_at"]


def _many(command: str, key: bytes, words: Iterable[bytes]) -> Iterator[Command]:
    """The same command as often as it takes: one with a million words would keep the server busy."""
    left = list(words)
    for start in range(0, len(left), _WORDS):
        yield command, key, *left[start : start + _WORDS]


_WRITING: Mapping[str, Callable[[bytes, Json], Iterable[Command]]] = {
    "string": lambda key, value: [("SET", key, raw_of(value))],
    "list": lambda key, value: _many("RPUSH", key, map(raw_of, value)),
    "set": lambda key, value: _many("SADD", key, map(raw_of, value)),
    "hash": lambda key, value: _many(
        "HSET", key, (word for field, item in value.items() for word in (bytes_of(field), raw_of(item)))
    ),
    "zset": lambda key, value: _many(
        "ZADD", key, (word for member, score in value.items() for word in (score.encode(), bytes_of(member)))
    ),
    "stream": rebuilding,
    VECTORS: lambda key, value: [("RESTORE", key, 0, dump_of(value))],
}
