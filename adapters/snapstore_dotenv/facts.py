"""The shape of the facts: from the pieces of a file to the facts that a snapshot holds.

    file:.env     mode, newline (the usual line end: lf, crlf or cr), layout: everything in its order
    var:NAME      value, and around where it is not plainly NAME=value; NAME#2 for the second of a name

An entry of ``layout`` is the identity of a variable, or ``{"id", "end"}`` where its line end is not the
usual one, or sealed text. ``around`` is sealed too: what is before and after the value, a NUL between them.
Values are as written, quotes included: sealed, or in clear for public ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase

from snapstore.model import Fact, Json
from snapstore_dotenv.settings import Settings
from snapstore_dotenv.syntax import Binding, Text, split

DOCUMENT = "variables.json"
FILE = "file"
VARIABLE = "var"

ENDS = {b"\n": "lf", b"\r\n": "crlf", b"\r": "cr", b"": "none"}
"""Line ends by the names under which they stand in facts."""

Seal = Callable[[str, bytes], dict[str, str]]


def facts_of(name: str, data: bytes, mode: int, settings: Settings, seal: Seal) -> list[Fact]:
    """All facts of a file with this content and mode."""
    pieces = split(data, settings.dialect)
    newline = _usual_end(pieces)
    file = f"{FILE}:{name}"
    layout: list[Json] = []
    variables: list[Fact] = []
    seen: Counter[str] = Counter()
    for piece in pieces:
        if isinstance(piece, Text):
            layout.append(seal(file, piece.raw))
            continue
        seen[piece.name] += 1
        variable = _variable(piece, seen[piece.name], file, settings, seal)
        variables.append(variable)
        layout.append(variable.id if piece.end == newline else {"id": variable.id, "end": ENDS[piece.end]})
    attrs = {"mode": f"{mode:04o}", "newline": ENDS[newline], "layout": layout}
    return [Fact(file, attrs), *variables]


def _variable(binding: Binding, count: int, file: str, settings: Settings, seal: Seal) -> Fact:
    identity = f"{VARIABLE}:{binding.name}" + (f"#{count}" if count > 1 else "")
    clear = _clear(binding, settings)
    attrs: dict[str, Json] = {"value": seal(identity, binding.value) if clear is None else clear}
    if (binding.before, binding.after) != (binding.name.encode() + b"=", b""):
        attrs["around"] = seal(identity, binding.before + b"\0" + binding.after)
    return Fact(identity, attrs, parent=file)


def _clear(binding: Binding, settings: Settings) -> str | None:
    """The value as it may be shown, None where it has to be sealed."""
    if not any(fnmatchcase(binding.name, pattern) for pattern in settings.public):
        return None
    try:
        text = binding.value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`"
    # A quote that is not closed may have swallowed something that was meant to be another variable.
    return text if quoted or not set(text) & set("'\"`\0") else None


def _usual_end(pieces: Iterable[Text | Binding]) -> bytes:
    ends = Counter(piece.end for piece in pieces if isinstance(piece, Binding) and piece.end)
    return max(ends, key=lambda end: (ends[end], end == b"\n", end), default=b"\n")


def file_fact(facts: Mapping[str, Fact]) -> Fact | None:
    """The fact of the file itself, None when there is no file."""
    return next((fact for fact in facts.values() if fact.kind == FILE), None)
