"""Which indexes of a partition the server takes for those of its table when it is attached.

It goes through the indexes of the table, the oldest first, and takes for each the oldest of the partition
that is like it: the same columns, by operators of the same family, whatever the names and the order. It
compares what is left of expressions and predicates once they are worked out, so that a function may hide how
two of them differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from snapstore.model import Fact

_KEYS = ("p", "u")
_CALL = re.compile(r'[\w"]\.(?:"(?:[^"]|"")*"|\w+)\(')
_NOT_COMPARED = re.compile(
    r" WITH \(.*?\)(?= TABLESPACE | WHERE |$)| TABLESPACE \S+| DEFERRABLE(?: INITIALLY DEFERRED)?$"
    r"| DESC\b| NULLS (?:FIRST|LAST)\b| \w+_ops\b(?: \([^()]*\))?"
)
"""What makes no difference, and what may make none: operator classes, of which two may be of one family."""


def is_recognised(above: Fact, below: Fact, parts: Mapping[str, Sequence[Fact]]) -> bool:
    """Whether attaching a partition is sure to make ``below`` the part of the index ``above`` of its table.
    ``parts`` are those of tables, by their identities."""
    if below.attrs.get("invalid"):
        return False  # the server looks at none that is
    if above.kind == "constraint" and above.attrs["type"] != below.attrs.get("type"):
        return False
    others = (
        o for own in (above, below) for o in _indexes(parts.get(own.parent or "", ())) if o.id != own.id
    )
    return not any(_are_alike(above, other) for other in others)


def _indexes(parts: Iterable[Fact]) -> Iterable[Fact]:
    return (p for p in parts if p.kind == "index" or (p.kind == "constraint" and p.attrs["type"] in _KEYS))


def _are_alike(one: Fact, other: Fact) -> bool:
    was, now = _shape(one), _shape(other)
    return was[0] == now[0] and (was == now or bool(_CALL.search(was[1]) or _CALL.search(now[1])))


def _shape(fact: Fact) -> tuple[tuple[str, str], str]:
    """Of what sort an index is, and all of the rest that the server compares."""
    text = _NOT_COMPARED.sub("", fact.attrs["definition"])
    if fact.kind == "constraint":
        return ("unique", "btree"), text.partition(" (")[2]
    head, _, how = text.partition(" USING ")
    method, _, columns = how.partition(" (")
    return ("unique" if head.startswith("CREATE UNIQUE ") else "", method), columns
