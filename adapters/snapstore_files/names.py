"""Names that not every system can have: told once, since a restore elsewhere could not make them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from snapstore.model import Notice
from snapstore.paths import from_bytes, to_text

_NOT_UTF8 = "its name is not UTF-8: systems that want that cannot have it"


def doubtful_names(prefix: str, joined: bytes) -> Iterator[Notice]:
    """What is to be told of the names of one folder, which have a NUL behind each. Usual ones are looked at
    all at once."""
    names = joined.split(b"\0")[:-1]
    if joined.isascii():
        if len(set(joined.lower().split(b"\0"))) <= len(names):
            yield from _clashes(prefix, names)
        return
    for name in names:
        if not _is_utf8(name):
            yield Notice(to_text(prefix + from_bytes(name)), _NOT_UTF8, serious=True)
    yield from _clashes(prefix, names)


def _clashes(prefix: str, names: Sequence[bytes]) -> Iterator[Notice]:
    """Names that are one on systems that ignore case, or how a letter with an accent is composed."""
    seen: dict[str, bytes] = {}
    for name in sorted(names):
        folded = unicodedata.normalize("NFC", from_bytes(name)).casefold()
        other = seen.setdefault(unicodedata.normalize("NFC", folded), name)
        if other != name:
            text = f"on systems that ignore case it is the same name as {to_text(from_bytes(other))}"
            yield Notice(to_text(prefix + from_bytes(name)), text, serious=True)


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
