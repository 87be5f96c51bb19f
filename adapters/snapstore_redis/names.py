"""Bytes as text: keys and fields as names, values as JSON, and back without loss.

A name is its UTF-8 text; whatever is not printable, a backslash included, is ``\\xHH``, byte for byte. The
empty name is ``\\-``. A value is its UTF-8 text, or ``{"base64": …}`` where it has none.

A name that is a key in JSON has a ``$`` at its beginning escaped too, which has a meaning there.

The identity of a key is ``key:NAME`` in database 0 and ``key:dbN/NAME`` in the others; a name in database 0
that looks like one of those gets a ``db0/`` in front.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence

from snapstore.model import Json

KEY = "key"
VECTORS = "vectorset"
KNOWN_TYPES = frozenset({"string", "list", "hash", "set", "zset", "stream", VECTORS})
"""Those that are kept in a form of ours; the others as DUMP gives them."""
_ESCAPED = re.compile(r"\\(?:x([0-9a-f]{2})|(-))")
_DATABASE = re.compile(r"db(\d+)/", re.ASCII)


def name_of(raw: bytes) -> str:
    """The name of a key, field, member, user or group."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("utf-8", "surrogateescape")
    if text.isprintable() and text and "\\" not in text:
        return text
    return "".join(map(_visible, text)) or r"\-"


def names_of(raws: Sequence[bytes]) -> list[str]:
    """The names of many. As a rule all are their text, which is found out for all of them in one go."""
    try:
        text = b"\n".join(raws).decode()
    except UnicodeDecodeError:
        return [name_of(raw) for raw in raws]
    names = text.split("\n")
    plain = len(names) == len(raws) and "\\" not in text and text.replace("\n", "").isprintable()
    return names if plain and all(names) else [name_of(raw) for raw in raws]


def _visible(character: str) -> str:
    if character.isprintable() and character != "\\":
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def member_of(raw: bytes) -> str:
    """The same for a name that is a key in JSON, where a dollar at its beginning has a meaning."""
    name = name_of(raw)
    return f"\\x24{name[1:]}" if name.startswith("$") else name


def bytes_of(name: str) -> bytes:
    """The bytes of a name."""
    if "\\" not in name:
        return name.encode()
    parts, place = [], 0
    for found in _ESCAPED.finditer(name):
        parts += [name[place : found.start()].encode(), b"" if found[2] else bytes.fromhex(found[1])]
        place = found.end()
    return b"".join([*parts, name[place:].encode()])


def value_of(raw: bytes) -> Json:
    """The JSON of a value."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}


def values_of(raws: Sequence[bytes]) -> list[Json]:
    """The JSON of many values."""
    try:
        return list(map(bytes.decode, raws))
    except UnicodeDecodeError:
        return [value_of(raw) for raw in raws]


def raw_of(value: Json) -> bytes:
    """The bytes of a value."""
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


def key_identity(database: int, name: str) -> str:
    if database == 0 and not (name.startswith("db") and _DATABASE.match(name)):
        return f"{KEY}:{name}"
    return f"{KEY}:db{database}/{name}"


def key_identities(database: int, keys: Sequence[bytes]) -> list[str]:
    """The identities of many keys."""
    names = names_of(keys)
    if database == 0 and not any(name.startswith("db") for name in names):
        return [f"{KEY}:{name}" for name in names]
    return [key_identity(database, name) for name in names]


def key_place(identity: str) -> tuple[int, bytes]:
    """The database and the key of an identity."""
    name = identity.partition(":")[2]
    found = _DATABASE.match(name)
    return (int(found[1]), bytes_of(name[found.end() :])) if found else (0, bytes_of(name))
