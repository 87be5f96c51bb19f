"""Masks secrets in text that somebody else composed: exceptions, tracebacks, logs, the output of hooks.

It is the last net, not the first: facts, plans and diffs hold only tokens and need no masking.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote

MASK = "***"
SHORTEST = 4
SHORTEST_LINE = 8
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
_PATTERNS = (_URL_PASSWORD, _SETTING)


class Redactor:
    """Knows secret values and replaces each by ``***`` wherever a text holds it.

    It also knows a value's URL-encoded, JSON-escaped, SQL-escaped and ``repr`` forms, the single lines of a
    value with several, and the password of a value that is a URL. Passwords in URLs and after ``password=``
    are masked without being registered. Ignored as too common: values of fewer than 4 characters, numbers of
    fewer than 6 digits, and PLAIN_WORDS. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: list[str] = []
        self._forms: frozenset[str] = frozenset()

    def add(self, value: str | bytes) -> None:
        """Register a secret; bytes that are not UTF-8 are known by their escaped forms."""
        text = value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
        if not _too_common(text.strip()):
            with self._lock:
                self._pending.append(text)

    def redact(self, text: str) -> str:
        """The text with every known secret, in every known form, replaced by ``***``."""
        spans = [*_occurrences(text, self._compiled()), *_passwords(text)]
        return _mask(text, spans) if spans else text

    def _compiled(self) -> frozenset[str]:
        with self._lock:
            if self._pending:
                self._forms |= {form for value in set(self._pending) for form in _forms(value)}
                self._pending.clear()
            return self._forms


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
    yield readable.decode("utf-8", "replace")
    yield readable.decode("utf-8", "backslashreplace")
    yield repr(text)[1:-1]
    yield repr(readable)[2:-1]
    yield json.dumps(text)[1:-1]
    yield json.dumps(text, ensure_ascii=False)[1:-1]
    yield text.replace("'", "''")
    yield text.replace("'", "\\'")
    yield text.replace('"', '\\"')
    for encoded in (quote(readable, safe=""), quote(readable), quote_plus(readable)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _occurrences(text: str, forms: frozenset[str]) -> Iterator[tuple[int, int]]:
    for form in forms:
        start = text.find(form)
        while start >= 0:
            yield start, start + len(form)
            start = text.find(form, start + 1)


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
