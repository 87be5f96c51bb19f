"""The protocol of Varnish's CLI: a line is a command, an answer is a status and so many bytes.

Who connects proves that they know the secret by a digest of it and a challenge; the secret itself never
travels. See varnish-cli(7).
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.remote.lost import LostError, reason
from snapstore.secrets import REDACTOR
from snapstore_cdn.settings import Settings

OK, TRUNCATED, UNKNOWN, REFUSED, AUTHENTICATE = 200, 201, 101, 106, 107
_PORT = 6082
HERE = f"127.0.0.1:{_PORT}"
_HEAD = 13
"""Bytes of the line before an answer."""
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class Answer(msgspec.Struct, frozen=True):
    """What it said; bytes that are not UTF-8 are surrogate escapes."""

    status: int
    text: str


class _Line:
    """A connection: lines of bytes to and fro."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._stream: BinaryIO = channel.makefile("rb")

    def close(self) -> None:
        self._stream.close()
        self._channel.close()

    def ask(self, line: str) -> Answer:
        self._channel.sendall(line.encode("utf-8", "surrogateescape") + b"\n")
        return self.receive()

    def receive(self) -> Answer:
        status, size = (int(part) for part in self._exactly(_HEAD).split())
        return Answer(status, self._exactly(size + 1)[:-1].decode("utf-8", "surrogateescape"))

    def _exactly(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise ConnectionResetError("the connection was closed")
        return data


class Cli:
    """One connection at a time, made when it is needed and again when it was lost."""

    def __init__(
        self, place: tuple[str, int], secrets: Sequence[bytes], resource: str, timeout: float
    ) -> None:
        self.resource = resource
        self.place = f"{place[0]}:{place[1]}"
        self._address = place
        self._secrets = secrets
        self._timeout = timeout
        self._line: _Line | None = None

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None

    def ask(self, *words: str) -> Answer:
        """The answer to a command, whatever it is. LostError where there was none."""
        try:
            line = self._line or self._connect()
        except (OSError, ValueError) as error:
            self.close()
            raise LostError(reason(error), sent=False) from error
        try:
            return line.ask(" ".join(quoted(word) for word in words))
        except (OSError, ValueError) as error:
            self.close()
            raise LostError(reason(error)) from error

    def call(self, *words: str) -> str:
        """The answer to a command that it did. SnapError where it says no."""
        answer = self.ask(*words)
        if answer.status == OK:
            return answer.text
        if answer.status == TRUNCATED:
            raise SnapError(
                f"its answer to {' '.join(words[:2])} is longer than cli_limit allows",
                where=self.resource,
                fix="raise it: varnishadm param.set cli_limit 1m",
            )
        raise self.refused(answer, *words[:2])

    def told(self, *words: str) -> list[Any]:
        """What a command that speaks JSON tells, numbers as they are written."""
        found = json.loads(self.call(*words), parse_float=str, parse_int=str)
        return list(found[3:])

    def refused(self, answer: Answer, *words: str) -> SnapError:
        """What to tell of a command that was not done."""
        fix = "see what it says; nothing was changed by this command"
        if answer.status == UNKNOWN and "child not running" in answer.text:
            fix = "start its child: varnishadm start"
        return SnapError(
            f"Varnish at {self.place} says {answer.status} to {' '.join(words)}: {answer.text.strip()}",
            where=self.resource,
            fix=fix,
        )

    def _connect(self) -> _Line:
        """Who has shown a wrong secret has to come again."""
        for secret in self._secrets or (None,):
            self._line = line = _Line(socket.create_connection(self._address, self._timeout))
            answer = line.receive()
            if answer.status == AUTHENTICATE and secret is not None:
                answer = line.ask(f"auth {_response(answer.text, secret)}")
            if answer.status == OK:
                return line
            self.close()
        raise self._not_let_in()

    def _not_let_in(self) -> SnapError:
        what = "does not know this secret" if self._secrets else "asks for its secret"
        return SnapError(
            f"Varnish at {self.place} {what}",
            where=self.resource,
            fix="name its file as secret_file (varnishd -S says which), or give what is in it as key",
        )


def _response(challenge: str, secret: bytes) -> str:
    word = challenge.partition("\n")[0].encode() + b"\n"
    return hashlib.sha256(word + secret + word).hexdigest()


def quoted(word: str) -> str:
    """A word as the CLI reads it: two in a row that are quoted it takes for one."""
    if re.fullmatch(r"[!#-;=-\[\]-~]+", word):
        return word
    return '"' + re.sub(r'[\\"\n\r\t]', lambda found: _ESCAPES[found[0]], word) + '"'


@contextmanager
def connected(settings: Settings, context: Context) -> Iterator[Cli]:
    server = settings.server or HERE
    host, _, port = server.rpartition(":") if ":" in server else (server, "", "")
    try:
        place = (host.strip("[]"), int(port or _PORT))
    except ValueError:
        raise SnapError(
            f"this is no address of a CLI: {settings.server}",
            where=f"resources.{context.resource}.server",
            fix='write it as "127.0.0.1:6082"',
        ) from None
    found = Cli(place, _secrets(settings, context), context.resource, settings.timeout)
    try:
        yield found
    finally:
        found.close()


def _secrets(settings: Settings, context: Context) -> list[bytes]:
    """What the secret may be: a file that people write ends with a line, a variable of an environment does
    not, and it is the file that counts."""
    found = []
    if settings.secret_file:
        try:
            found.append((context.root / Path(settings.secret_file)).read_bytes())
        except OSError as error:
            raise SnapError(
                f"the file of the secret cannot be read: {error.strerror}",
                where=f"{context.resource}: {settings.secret_file}",
                fix="let the user that runs snap read it, or give what is in it as key",
            ) from error
    if settings.key:
        text = settings.key.encode("utf-8", "surrogateescape")
        found += [text, text + b"\n"]
    for secret in found:
        REDACTOR.add(secret.strip())
    return found
