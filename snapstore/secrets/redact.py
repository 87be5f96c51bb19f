"""Masks secrets in text that somebody else composed: exceptions, tracebacks, logs, the output of hooks.

It is the last net, not the first: facts, plans and diffs hold only tokens and need no masking.
"""

from __future__ import annotations

import base64
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
SHORTEST = 4
SHORTEST_LINE = 8
SHORTEST_ENCODED = 6
"""Bytes of the shortest value whose base64 and hex forms are known: those of shorter ones are everywhere."""

PLAIN_WORDS = frozenset(
    {"true", "false", "null", "none", "undefined", "enabled", "disabled", "auto", "default"}
    | {"development", "production", "staging", "test", "testing", "local", "localhost"}
    | {"127.0.0.1", "0.0.0.0", "http", "https", "json", "text", "console", "file", "memory", "main"}  # noqa: S104
    | {"debug", "info", "warn", "warning", "error"}
    | {"public", "postgres", "postgresql", "redis", "mysql", "root", "admin", "user"}
)
"""Values that say nothing by themselves; masking them would only make every message unreadable."""

# Begins at "://", not at the scheme: looking for the scheme would be quadratic in a long word.
_URL_PASSWORD = re.compile(r"://[^\s:/?#@\"']*:(?P<secret>[^\s/\"]*)@")
_SETTING = re.compile(
    r"(?:password|passwd|passphrase|pwd)(?:[\"']?\s*=\s*|[\"']\s*:\s*|\s+(?='))"
    r"(?P<secret>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"|[^\s&;,'\")\]}]+)",
    re.IGNORECASE,
)
_SECRET_NAME = re.compile(
    r"secret|token|passw|passphrase|credential|private|cookie|auth|key|dsn", re.IGNORECASE
)
_PATTERNS = (_URL_PASSWORD, _SETTING)


class Redactor:
    """Knows secret values and replaces each by ``***`` wherever a text holds it.

    It also knows a value's URL-encoded, base64, hexadecimal, JSON-escaped, SQL-escaped and ``repr`` forms,
    the single lines of a value with several, and the password of a value that is a URL. Passwords in URLs and
    after ``password=`` are masked without being registered. Ignored as too common: values of fewer than 4
    characters, numbers of fewer than 6 digits, and PLAIN_WORDS. Safe to use from several threads.

    Values that were only ever seen to be sealed are masked where asked to: an env file also holds names that
    a plan or a diff, which are made of sealed tokens anyway, has to show.
    """

    def __init__(self) -> None:
        self._known, self._sealed = _Forms(), _Forms()

    def add(self, value: str | bytes, *, sealed: bool = False) -> None:
        """Register a secret; bytes that are not UTF-8 are known by their escaped forms."""
        text = value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
        if not _too_common(text.strip()):
            (self._sealed if sealed else self._known).add(text)

    def add_environment(self, env: Mapping[str, str]) -> None:
        """Register the variables whose names say that they hold a secret, as sealed values are."""
        for name, value in env.items():
            if _SECRET_NAME.search(name):
                self.add(value, sealed=True)

    def redact(self, text: str, *, sealed: bool = False) -> str:
        """The text with every known secret, in every known form, replaced by ``***``.

        With ``sealed`` the values too that were sealed or unsealed: for what others composed.
        """
        spans = [*self._known.spans(text), *_passwords(text)]
        if sealed:
            spans += self._sealed.spans(text)
        return _mask(text, spans) if spans else text


class _Forms:
    """All spellings of some values, by their first characters: looking for them costs no more for many."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[str] = []
        self._by_start: dict[str, list[str]] = defaultdict(list)
        self._spelled: set[str] = set()

    def add(self, value: str) -> None:
        with self._lock:
            self._pending.append(value)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        by_start = self._compiled()
        if not by_start:
            return
        for place in range(len(text) - SHORTEST + 1):
            for form in by_start.get(text[place : place + SHORTEST], ()):
                if text.startswith(form, place):
                    yield place, place + len(form)

    def _compiled(self) -> Mapping[str, Sequence[str]]:
        with self._lock:
            for value in set(self._pending):
                for form in set(_forms(value)) - self._spelled:
                    self._spelled.add(form)
                    self._by_start[form[:SHORTEST]].append(form)
            self._pending.clear()
            return self._by_start


REDACTOR = Redactor()
"""The one of this process: config, keys and adapters add to it; error reports and logs go through it."""


def _too_common(text: str) -> bool:
    return (
        len(text) < SHORTEST or (text.isdigit() and len(text) < SHORTEST + 2) or text.lower() in PLAIN_WORDS
    )


def _forms(value: str) -> Iterator[str]:
    """Every spelling in which a value, or a part of it that is secret by itself, may turn up."""
    for part in _parts(value):
        if not _too_common(part):
            yield from _spellings(part)


def _parts(value: str) -> Iterator[str]:
    yield value
    yield value.strip()
    yield value.strip().strip("'\"`")
    lines = re.split(r"\s*[\r\n\0]\s*", value)
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= SHORTEST_LINE)
    for match in _URL_PASSWORD.finditer(value):
        yield match["secret"]
        yield unquote(match["secret"])


def _spellings(text: str) -> Iterator[str]:
    readable = _bytes(text)
    yield text
    yield from _encodings(readable)
    yield readable.decode("utf-8", "replace")
    yield readable.decode("utf-8", "backslashreplace")
    yield repr(text)[1:-1]
    yield repr(readable)[2:-1]
    import json  # only where there is a secret to know

    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield text.replace("'", "''")
    yield text.replace("'", "\\'")
    yield text.replace('"', '\\"')
    for encoded in (quote(readable, safe=""), quote(readable), quote_plus(readable)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)


def _encodings(value: bytes) -> Iterator[str]:
    """In hexadecimal, and in base64 wherever it begins in what was encoded, as ``user:password`` in HTTP."""
    if len(value) < SHORTEST_ENCODED:
        return
    yield value.hex()
    yield value.hex().upper()
    for before in range(3):
        # Characters that depend on the neighbours are left out.
        end = (before + len(value)) * 8 // 6
        inner = base64.b64encode(bytes(before) + value)[-(-before * 8 // 6) : end].decode()
        yield inner
        yield inner.translate(_URL_SAFE)


_URL_SAFE = str.maketrans("+/", "-_")


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _passwords(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if match["secret"]:
                yield match.span("secret")


def _mask(text: str, spans: list[tuple[int, int]]) -> str:
    """Overlapping spans become one mask, so that no rest of a secret stays between two."""
    kept: list[str] = []
    position = 0
    covered = -1
    for start, end in sorted(spans):
        if start > covered:
            kept += [text[max(position, 0) : start], MASK]
        covered = max(covered, end)
        position = covered
    return "".join([*kept, text[position:]])
