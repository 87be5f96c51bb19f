"""Path components that Git would interpret or refuse, and how they are written instead.

A component that means something to Git on any system (``.git`` and its HFS+ and NTFS spellings,
``.gitmodules``, ``.gitattributes``, ``.mailmap``, ``.``, ``..``, an empty one) gets a ``%`` in front; so
does one that begins with ``%``. Behind that ``%``, ``%`` is ``%25`` and a backslash is ``%5C``.
Everything else stands as it is, so that a tree reads like the folder it came from.
"""

from __future__ import annotations

import re

from snapstore.errors import SnapError

# HFS+ ignores these code points inside a name, so ".g\u200cit" opens ".git" there.
_IGNORED_BY_HFS = "[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]"
# NTFS opens ".git" under its short name, with trailing dots or spaces, and with a stream after a colon.
_RESERVED = (
    r"(?is)(\.git|\.gitmodules|\.gitattributes|\.gitignore|\.mailmap)([. :].*)?"
    r"|gi[^\\]*~[0-9].*|mailma~[0-9].*|maba30~[0-9].*|\.{0,2}"
)
# Anything that might need a closer look; nearly all names end here.
_SUSPECT = re.compile(r"%|\.\.?\Z|\Z|\.[gGmM]|[gG][iI]|[mM][aA]|.*[^\x01-.0-\x5b\x5d-\x7f]", re.DOTALL)


_ANY_SUSPECT = re.compile(rb"[%/\\\x80-\xff]|(?:\A|\0)(?:\0|\.|[gG][iI]|[mM][aA])")
"""What is in names with a NUL behind each where any of them is suspect."""


def escape(name: str) -> bytes:
    """The bytes of a path component in a tree. SnapError when no tree could hold it."""
    if _SUSPECT.match(name) and _reserved(name):
        name = "%" + name.replace("%", "%25").replace("\\", "%5C")
    return name.encode("utf-8", "surrogateescape")


def escape_bytes(name: bytes) -> bytes:
    """The same for a component as the file system has it."""
    return escape(name.decode("utf-8", "surrogateescape"))


def escape_all(joined: bytes) -> list[bytes]:
    """The same for components with a NUL behind each."""
    found = joined.split(b"\0")[:-1]
    return list(map(escape_bytes, found)) if _ANY_SUSPECT.search(joined) else found


def escape_path(path: str) -> bytes:
    """The bytes of a path, component by component."""
    return b"/".join(map(escape, path.split("/")))


def unescape(name: bytes) -> str:
    """The component that ``escape`` was given."""
    text = name.decode("utf-8", "surrogateescape")
    if not text.startswith("%"):
        return text
    return text[1:].replace("%5C", "\\").replace("%25", "%")


def _reserved(name: str) -> bool:
    if "\0" in name or "/" in name:
        raise SnapError(
            f"a name with {'NUL' if chr(0) in name else 'a slash'} cannot be stored: {name!r}",
            fix="report this as a bug of the adapter",
        )
    if name.startswith("%"):
        return True
    plain = re.sub(_IGNORED_BY_HFS, "", name)
    return any(re.fullmatch(_RESERVED, part) for part in plain.split("\\"))
