"""Sessions: redis-py connects and logs in, commands are packed and answers parsed by hiredis in bulk.

That is seven times as fast as redis-py's own pipelines. A session that was cut off connects again and asks
again what may be asked twice; with what may not it leaves its caller to find out (``LostError``).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import hiredis
import redis
from redis.backoff import NoBackoff
from redis.connection import Connection, parse_url
from redis.retry import Retry

from snapstore.errors import SnapError
from snapstore.remote.lost import reason
from snapstore.secrets import REDACTOR
from snapstore_redis.settings import Settings

Word = bytes | str | int
Command = Sequence[Word]

ATTEMPTS = 4
_LATER = frozenset({"LOADING", "BUSY", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN"})
"""What a server says that has done nothing of what it was told, and may do it when it is told again."""
_PAUSE = 0.1
_CHUNK = 1 << 18


class ServerError(Exception):
    """An error as the server answered it."""

    @property
    def code(self) -> str:
        return str(self).partition(" ")[0]


class LostError(Exception):
    """The connection was lost: whether the server has done what it was told is not known."""


class PutOffError(LostError):
    """It was put off, and is known to have done nothing."""


class Session:
    """One connection at a time to one server, made when it is needed.

    ``passwords`` are tried one after the other: a restore that changes its own adds the new one.
    """

    def __init__(self, settings: Settings, resource: str) -> None:
        self.resource = resource
        self._settings = settings
        self._options = _options(settings, resource)
        self.database: int = self._options.get("db", 0)
        self.passwords: list[str | None] = [self._options.pop("password", None)]
        self.name = ""
        self._connection: Any = None  # redis-py's are not typed
        self._reader: Any = None
        self._sent: Sequence[Command] | None = None
        self._selected = self.database

    def close(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.disconnect()
        self._connection = None
        self._sent = None

    def call(self, *words: Word) -> Any:
        """The answer to one command that may be sent twice. ServerError when the server refuses it."""
        (answer,) = self.ask([words])
        if isinstance(answer, ServerError):
            raise answer
        return answer

    def ask(self, commands: Sequence[Command], database: int | None = None) -> list[Any]:
        """The answers to commands that may be sent twice; refusals are among them as ServerError."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self.tell(commands, database)
            except LostError as error:
                if attempt == ATTEMPTS:
                    raise lost(error, self) from error
                pause(attempt)
        raise AssertionError("not reached")

    def tell(self, commands: Sequence[Command], database: int | None = None) -> list[Any]:
        """The answers to commands that are sent once. LostError when there was no answer to all of them."""
        sent, self._sent = self._sent, None
        if sent is not None:
            answers = self._receive(len(sent))
            if sent is commands:
                return answers
        self._use(self.database if database is None else database)
        return self._exchange(packed(commands), len(commands))

    def send_ahead(self, commands: Sequence[Command], database: int) -> None:
        """Let the server begin with what will be asked next, this very list; nothing is lost if it is not."""
        with suppress(LostError):
            self._use(database)
            self._send(packed(commands))
            self._sent = commands

    def _use(self, database: int) -> None:
        self._connected()
        if database != self._selected:
            (answer,) = self._exchange(_packed(("SELECT", database)), 1)
            if isinstance(answer, ServerError):
                raise SnapError(f"there is no database {database}: {answer}", where=self.resource)
            self._selected = database

    def _exchange(self, data: bytes, count: int) -> list[Any]:
        self._send(data)
        return self._receive(count)

    def _send(self, data: bytes) -> None:
        with self._lost_if_broken():
            self._connected()._sock.sendall(data)

    def _receive(self, count: int) -> list[Any]:
        found: list[Any] = []
        with self._lost_if_broken():
            found = self._answers(self._connection._sock, count)
        for answer in found:
            if isinstance(answer, ServerError) and answer.code in _LATER:
                raise PutOffError(str(answer))
        return found

    @contextmanager
    def _lost_if_broken(self) -> Iterator[None]:
        try:
            yield
        except (OSError, hiredis.ProtocolError) as error:
            self.close()
            raise LostError(_reason(error)) from error

    def _answers(self, channel: socket.socket, count: int) -> list[Any]:
        gets = self._reader.gets
        found: list[Any] = []
        while True:
            while len(found) < count and (answer := gets()) is not False:
                found.append(answer)
            if len(found) == count:
                return found
            data = channel.recv(_CHUNK)
            if not data:
                raise ConnectionResetError("the server closed the connection")
            self._reader.feed(data)

    def _connected(self) -> Any:
        if self._connection is None:
            self._connection = self._connect()
            self._reader = hiredis.Reader(replyError=ServerError, notEnoughData=False)
            self._selected = self.database
            if self.name:
                self._exchange(_packed(("CLIENT", "SETNAME", self.name)), 1)
        return self._connection

    def _connect(self) -> Any:
        refused: Exception | None = None
        for password in self.passwords:
            connection = _new(self._options, password)
            try:
                connection.connect()
                _require_ready(connection)
            except (redis.AuthenticationError, redis.exceptions.NoPermissionError) as error:
                refused = error
            except (OSError, redis.ConnectionError, redis.TimeoutError) as error:
                raise LostError(_reason(error)) from error
            except redis.RedisError as error:
                if str(error).partition(" ")[0] in _LATER:
                    raise PutOffError(str(error)) from error
                raise _unfit(error, self._options, self.resource) from error
            else:
                connection._sock.settimeout(self._settings.timeout)
                return connection
            connection.disconnect()
        raise _refused(refused, self._options, self.resource) from refused


def _require_ready(connection: Any) -> None:
    """AuthenticationError where nobody is let in without a password."""
    connection.send_command("PING", check_health=False)
    with suppress(redis.exceptions.NoPermissionError):
        connection.read_response()


def _packed(command: Command) -> bytes:
    data: bytes = hiredis.pack_command(tuple(command))  # type: ignore[arg-type]  # of any length
    return data


def packed(commands: Sequence[Command]) -> bytes:
    return b"".join(map(_packed, commands))


def _new(options: dict[str, Any], password: str | None) -> Any:
    kind = options.get("connection_class", Connection)
    rest = {name: value for name, value in options.items() if name != "connection_class"}
    return kind(password=password, **rest)


def _options(settings: Settings, resource: str) -> dict[str, Any]:
    """What redis-py makes of the url, for a plain connection: RESP2, and no retries but ours."""
    try:
        found = dict(parse_url(settings.url))  # type: ignore[no-untyped-call]
    except (ValueError, TypeError):
        raise SnapError(
            "the url is not one of a Redis server",
            where=f"resources.{resource}.url",
            fix="use redis://user:password@host:port/database, rediss:// for TLS or unix:///path?db=0",
        ) from None
    if found.get("password"):
        REDACTOR.add(found["password"])
    return found | {
        "socket_timeout": settings.connect_timeout,  # TLS is agreed on, and a password checked, in that too
        "socket_connect_timeout": settings.connect_timeout,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
    }


def _reason(error: BaseException) -> str:
    return "it did not answer in time" if isinstance(error, redis.TimeoutError) else reason(error)


def _place(options: dict[str, Any]) -> str:
    return str(options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}")


def _refused(error: BaseException | None, options: dict[str, Any], resource: str) -> SnapError:
    return SnapError(
        f"Redis at {_place(options)} does not let us in: {error}",
        where=resource,
        fix="check user and password of the url; a restore may have brought back an earlier password",
    )


def _unfit(error: redis.RedisError, options: dict[str, Any], resource: str) -> SnapError:
    """For what answers and is not what the url says."""
    if isinstance(error, redis.exceptions.InvalidResponse):
        text = f"what answers at {_place(options)} does not speak as Redis does"
        fix = "check host and port of the url, and whether it is rediss:// (TLS)"
        return SnapError(text, where=resource, fix=fix)
    if "DB index" in str(error):
        text = f"Redis at {_place(options)} has no database {options['db']}: {error}"
        return SnapError(text, where=resource, fix="check the number at the end of the url")
    return _refused(error, options, resource)


def pause(attempt: int) -> None:
    """Wait before the server is asked again, longer each time."""
    time.sleep(_PAUSE * 2**attempt)


def lost(error: LostError, session: Session) -> SnapError:
    """The error for a connection that was lost or that cannot be had."""
    if isinstance(error, PutOffError):
        return SnapError(
            f"Redis at {_place(session._options)} puts us off: {error}",
            where=session.resource,
            fix="run the command again when it is ready",
        )
    tls = ", and that it speaks TLS there" if session._settings.url.startswith("rediss:") else ""
    return SnapError(
        f"no connection to Redis at {_place(session._options)}: {error}",
        where=session.resource,
        fix=f"check the url and that the server is up{tls}, then run the command again",
    )


_held: dict[tuple[str, str], Session] = {}
"""Sessions that a restore keeps from before its first change until after its verification: they stay logged
in when it changes the password or the user that they came in with."""


@contextmanager
def session(settings: Settings, resource: str) -> Iterator[Session]:
    """The session of a running restore of this process, else a new one."""
    held = _held.get((resource, settings.url))
    if held is not None:
        yield held
        return
    opened = Session(settings, resource)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def holding(settings: Settings, resource: str) -> Iterator[Session]:
    """A session that all of this process use for this resource, meanwhile."""
    with session(settings, resource) as opened:
        _held[resource, settings.url] = opened
        try:
            yield opened
        finally:
            del _held[resource, settings.url]
