"""How the server may write an SQL text once something in it has another name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from snapstore_postgres.names import last, literal, qualifier, unquote
from snapstore_postgres.renaming import GLOBAL, IN_SCHEMAS, RELATIONS, TYPES, Renaming, split

Rewriter: TypeAlias = Callable[[str], str]

_QUOTED = r"'(?:[^']|'')*'(?!::reg)"
_BEHIND = r"(?<![\w\".$])"


def rewriters(renaming: Renaming) -> Iterator[Rewriter]:
    """The ways in which the server may write a text after the renaming: a label in one only."""
    if renaming.kind == "label":
        yield _label(renaming)
        return
    if renaming.kind in RELATIONS:
        yield from _of_relation(renaming)
    elif renaming.kind in TYPES:
        yield _Words(_plain_names(renaming), rf"(?:{_NO_CALL}|{_MODIFIED})")
        yield _Words(_plain_names(renaming), _NO_CALL)
    elif renaming.kind in IN_SCHEMAS:
        yield _Words(_plain_names(renaming), _AHEAD.get(renaming.kind, r"(?![\w\"$])"))
    elif renaming.kind == "schema":
        yield _Words({renaming.old: renaming.new}, r"(?=\.)")
    elif renaming.kind == "language":
        yield _Words({renaming.old: renaming.new}, r"(?![\w\"$])", behind="(?<= LANGUAGE )")
    elif renaming.kind == "attribute":
        yield _Words({last(renaming.old): last(renaming.new)}, r"(?![\w\"$])", behind=r"(?<=\)\.)")
        yield from _of_part(renaming)
    elif renaming.kind not in GLOBAL:
        yield from _of_part(renaming)
    yield lambda text: text


def _plain_names(renaming: Renaming) -> dict[str, str]:
    """The names as texts have them, which is without arguments and access methods."""
    behind = split(renaming.kind, renaming.old)[2]
    return {old.removesuffix(behind): new.removesuffix(behind) for old, new in renaming.names.items()}


_AHEAD = {"operator": r"(?![-+*/<>=~!@#%^&|`?])"}
"""What may not follow a name."""
_NO_CALL = r"(?![\w\"$(])"
"""What follows the name of a type: it is a function's where arguments do."""
_MODIFIED = r"(?=\(-?\d+(?:,-?\d+)*\))"
"""The modifiers of a type, which the arguments of a function may look like."""


def _of_relation(renaming: Renaming) -> Iterator[Rewriter]:
    qualified = _Words(renaming.names, r"(?![\w\"$])")
    yield qualified
    alias = _Words({last(renaming.old): last(renaming.new)}, r"(?=\.)")
    yield lambda text: alias(qualified(text))
    if renaming.along:  # what has such a name may be a type
        yield _Words({renaming.old: renaming.new}, r"(?![\w\"$])")


def _of_part(renaming: Renaming) -> Iterator[Rewriter]:
    old, new = last(renaming.old), last(renaming.new)
    word = _Words({old: new}, r"(?![\w\"$(])", behind=r"(?<![\w\"$:])")
    yield word
    twice = re.compile(rf"((?:\w+\.)?){re.escape(new)} AS {re.escape(new)}(?![\w\"$])")
    yield lambda text: twice.sub(lambda m: f"{m[1]}{new}", word(text))
    listed = re.compile(rf"(?<![\w\"$]){re.escape(new)}(?=,\n|\n +FROM )")
    yield lambda text: listed.sub(f"{new} AS {old}".replace("\\", r"\\"), word(text))


def _label(renaming: Renaming) -> Rewriter:
    """A label is a constant that is followed by its type."""
    kind = qualifier(renaming.old)
    old, new = (f"{literal(unquote(last(name)))}::{kind}" for name in (renaming.old, renaming.new))
    one = re.compile(rf"{re.escape(old)}(?![\w\"$\[])")
    many = re.compile(rf"'\{{([^'{{}}\"\\]*)\}}'::{re.escape(kind)}\[\]")
    names = {unquote(last(renaming.old)): unquote(last(renaming.new))}

    def listed(found: re.Match[str]) -> str:
        labels = ",".join(names.get(label, label) for label in found[1].split(","))
        return f"'{{{labels}}}'::{kind}[]"

    return lambda text: many.sub(listed, one.sub(lambda m: new, text))


class _Words:
    """Replaces names in an SQL text, but not in string constants, of which only ``regclass`` are names."""

    def __init__(self, names: Mapping[str, str], ahead: str, behind: str = _BEHIND) -> None:
        listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        self._names = names
        self._pattern = re.compile(rf"{_QUOTED}|{behind}(?P<name>{listed}){ahead}")

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda m: self._names[m["name"]] if m["name"] else m[0], text)
