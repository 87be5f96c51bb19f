"""Canonical JSON: equal values give equal bytes, and a changed line of text is a changed line of the file.

Keys are sorted, indentation is two spaces, a newline ends the file. In documents a string with a newline is
``{"$text": [line, …]}``, so that a changed function body reads as a changed line in any diff.
"""

from __future__ import annotations

import re
from collections import Counter
from operator import attrgetter, lt
from typing import Any

import msgspec

from snapstore.errors import SnapError
from snapstore.model import Document, Fact, Json

TEXT = "$text"
_FIX = "an adapter or the store is at fault: `snap doctor` checks the store"
_TEXT_LIKE = re.compile(r"\$+text\Z")
_MARK, _NEWLINE = b'$text"', rb"\n"
"""JSON without the first has no split text and no escaped key; without both, nothing to split or escape."""


class _FactFile(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True, gc=False):
    attrs: dict[str, Any] = {}
    needs: tuple[str, ...] = ()
    parent: str | None = None


class _DocumentFile(msgspec.Struct, forbid_unknown_fields=True):
    facts: dict[str, _FactFile]


_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER = msgspec.json.Decoder(_DocumentFile)


def dumps(value: Json) -> bytes:
    """The canonical JSON of a value (of a struct: of its fields)."""
    try:
        return msgspec.json.format(_ENCODER.encode(value), indent=2) + b"\n"
    except UnicodeEncodeError:
        # A name that is not UTF-8: only the standard library can write a lone surrogate, as \udcXX.
        import json

        text = json.dumps(msgspec.to_builtins(value), indent=2, sort_keys=True, allow_nan=False)
        return text.encode("ascii") + b"\n"


def encode(document: Document) -> bytes:
    """The bytes of a document in a snapshot. SnapError when two of its facts have the same identity."""
    return encode_normal(document.path, normal(document))


def encode_normal(path: str, normal: tuple[Fact, ...]) -> bytes:
    """The same for facts that :func:`normal` gave."""
    facts = {fact.id: _FactFile(fact.attrs, fact.needs, fact.parent) for fact in normal}
    if len(facts) < len(normal):
        raise SnapError(f"two facts have the identity {_twice(normal)!r}", where=path, fix=_FIX)
    data = dumps(_DocumentFile(facts))
    if _NEWLINE not in data and _MARK not in data:
        return data
    for entry in facts.values():
        entry.attrs = _split_text(entry.attrs)
    return dumps(_DocumentFile(facts))


def normal(document: Document) -> tuple[Fact, ...]:
    """What decoding the bytes of a document would give, provided that its attributes are JSON as promised."""
    facts = [
        fact if len(fact.needs) < 2 or _is_ascending(fact.needs) else _with_normal_needs(fact)
        for fact in document.facts
    ]
    return tuple(sorted(facts, key=attrgetter("id")))


def _is_ascending(needs: tuple[str, ...]) -> bool:
    """Whether they are sorted, each there once: as a rule they are."""
    return all(map(lt, needs, needs[1:]))


def _with_normal_needs(fact: Fact) -> Fact:
    return Fact(fact.id, fact.attrs, fact.parent, tuple(sorted(set(fact.needs))))


def _twice(facts: tuple[Fact, ...]) -> str:
    counts = Counter(fact.id for fact in facts)
    return next(identity for identity, count in counts.items() if count > 1)


def decode(path: str, data: bytes) -> Document:
    """The document that was encoded. SnapError when these are not the canonical bytes of facts."""
    try:
        found = _decode_file(data)
        if _MARK in data:
            for entry in found.facts.values():
                entry.attrs = _join_text(entry.attrs)
    except (ValueError, TypeError, RecursionError) as error:
        raise SnapError(f"not a document of facts: {error}", where=path, fix=_FIX) from error
    return Document(path, tuple(_fact(identity, entry) for identity, entry in found.facts.items()))


def _decode_file(data: bytes) -> _DocumentFile:
    try:
        return _DECODER.decode(data)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        # msgspec refuses the lone surrogates that dumps writes for names that are not UTF-8.
        import json

        return msgspec.convert(json.loads(data), _DocumentFile)


def _fact(identity: str, entry: _FactFile) -> Fact:
    return Fact(identity, entry.attrs, entry.parent, entry.needs)


def _split_text(value: Json) -> Json:
    if isinstance(value, str):
        return _lines(value)
    if isinstance(value, dict):
        return {_escape_key(key): _split_text(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_split_text(item) for item in value]
    return value


def _lines(text: str) -> Json:
    """Split after newlines only: str.splitlines also splits at form feeds and other separators."""
    if "\n" not in text:
        return text
    *lines, last = text.split("\n")
    return {TEXT: [line + "\n" for line in lines] + ([last] if last else [])}


def _join_text(value: Json) -> Json:
    if isinstance(value, dict):
        if value.keys() == {TEXT}:
            return "".join(value[TEXT])
        return {_unescape_key(key): _join_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_join_text(item) for item in value]
    return value


def _escape_key(key: str) -> str:
    """A key that an adapter calls ``$text`` itself gets one more ``$``, taken off again when read."""
    return "$" + key if key.startswith("$") and _TEXT_LIKE.match(key) else key


def _unescape_key(key: str) -> str:
    return key[1:] if key.startswith("$$") and _TEXT_LIKE.match(key) else key
