"""What servers of different versions tell otherwise though it is the same.

Major versions store some things in another way. Minor ones only print otherwise: those of November 2026 put
parentheses around ``IS DOCUMENT``, and AS before the alias of what is written to (release notes of 15.20).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import structs

from snapstore.model import Fact
from snapstore_postgres.features import Attrs, without_maintain


def as_told(fact: Fact, live: Fact | None, of: int, by: int) -> Fact:
    """The fact as a server of version ``by`` tells of it, if ``live`` is how it tells of the same; versions
    as ``server_version_num`` has them."""
    now = live.attrs if live else {}
    tell = _TOLD.get(fact.kind) if of // 10000 != by // 10000 else None
    told = tell(fact.attrs, now, by // 10000) if tell else fact.attrs
    return structs.replace(fact, attrs=_as_printed(fact.kind, told, now))


def _column(then: Attrs, now: Attrs, by: int) -> Attrs:
    """NOT NULL constraints have names since 18. Who does not know them takes what is there."""
    named = now.get("not_null")
    if by < 18 or then.get("not_null") is not True or not isinstance(named, dict):
        return then
    return {**then, "not_null": named} if named.keys() <= NAMES else then


NAMES = {"name", "inherited"}
"""What a NOT NULL may say about itself without being another one."""


def _grant(then: Attrs, now: Attrs, by: int) -> Attrs:
    """What an owner may without being told is one more since 17: MAINTAIN, which it had anyway before."""
    default = then.get("default") or ()
    if "TRIGGER" not in default or ("MAINTAIN" in default) == (by >= 17):
        return then
    if by >= 17:
        return {**then, **{key: sorted([*then[key], "MAINTAIN"]) for key in ("privileges", "default")}}
    others = [privilege for privilege in default if privilege != "MAINTAIN"]
    return {**without_maintain(then), "default": others}


def _membership(then: Attrs, now: Attrs, by: int) -> Attrs:
    """Since 16 it says what was always so before."""
    if by < 16:
        return {key: value for key, value in then.items() if not (key in _USUAL and value is True)}
    return {**{key: now[key] for key in _USUAL if key in now}, **then}


def _extension(then: Attrs, now: Attrs, by: int) -> Attrs:
    """Each server brings its own versions of extensions; pg_dump does not ask for one either."""
    others = {key: value for key, value in then.items() if key not in ("version", "configuration")}
    return {**others, **{key: now[key] for key in ("version", "configuration") if key in now}}


_USUAL = ("inherit", "set")
_TOLD: Mapping[str, Callable[[Attrs, Attrs, int], Attrs]] = {
    "column": _column,
    "grant": _grant,
    "extension": _extension,
    "membership": _membership,
}


# -- what is printed ---------------------------------------------------------------------------------------

_PRINTED: Mapping[str, Sequence[str]] = {
    "column": ("generated",),
    "constraint": ("definition",),
    "default": ("expression",),
    "domain": ("default",),
    "function": ("definition",),
    "index": ("definition",),
    "matview": ("query",),
    "policy": ("using", "check"),
    "publication_member": ("where",),
    "rule": ("definition",),
    "statistics": ("definition",),
    "trigger": ("definition",),
    "view": ("query",),
}
"""The attributes that a server prints from what it has parsed."""


def _as_printed(kind: str, then: Attrs, now: Attrs) -> Attrs:
    names = [name for name in _PRINTED.get(kind, ()) if name in then and name in now]
    same = {name: now[name] for name in names if _is_printed_alike(then[name], now[name])}
    return {**then, **same} if same else then


def _is_printed_alike(then: Any, now: Any) -> bool:
    if isinstance(then, dict) and isinstance(now, dict):
        return then.keys() == now.keys() and all(_is_printed_alike(then[key], now[key]) for key in then)
    if then == now or not (isinstance(then, str) and isinstance(now, str)):
        return bool(then == now)
    return _WRITTEN not in then and same_text(then, now)


_WRITTEN = "\nAS $"
"""What ``pg_get_functiondef`` puts before a body that is kept as it was written."""

_TOKEN = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'|\w+|[^\w\s]")
_NAME = re.compile(r"[^\W\d]|\"")
_BEFORE_OTHERS = {"FROM", "JOIN", "ONLY", "COLLATE", ":", "."}
"""What stands before the qualified name of something that is no column."""


def same_text(one: str, other: str) -> bool:
    """Whether two printed texts differ in nothing but what versions print otherwise: parentheses around IS
    DOCUMENT, AS before the alias of what is written to, and qualifiers of columns.

    Before 16 a view over one relation names it before each column, since then it does not.
    """
    left, right = (_without_as(_without_parentheses(_TOKEN.findall(text))) for text in (one, other))
    if len(left) < len(right):
        left, right = right, left
    return _unqualified(left, right)


def _without_parentheses(tokens: Sequence[str]) -> list[str]:
    """The tokens without parentheses around what ends in IS DOCUMENT."""
    kept: list[str] = []
    opened: list[int] = []
    for word in tokens:
        start = opened.pop() if word == ")" and opened else None
        if start is not None and kept[-2:] == ["IS", "DOCUMENT"]:
            del kept[start]
            continue
        if word == "(":
            opened.append(len(kept))
        kept.append(word)
    return kept


def _without_as(tokens: Sequence[str]) -> list[str]:
    """The tokens without AS behind the name of what UPDATE, DELETE or MERGE writes to."""
    return [word for at, word in enumerate(tokens) if word != "AS" or not _names_written(tokens, at)]


def _names_written(tokens: Sequence[str], at: int) -> bool:
    """Whether what stands before is the name of what is written to, as in ``DELETE FROM ONLY s.t``."""
    start = at - 1 if tokens[max(at - 2, 0)] != "." else at - 3
    start -= tokens[max(start - 1, 0)] == "ONLY"
    before = tokens[max(start - 2, 0) : max(start, 0)]
    return before[-1:] == ["UPDATE"] or before in (["DELETE", "FROM"], ["MERGE", "INTO"])


def _unqualified(long: Sequence[str], short: Sequence[str]) -> bool:
    """Whether ``short`` is ``long`` without some qualifiers of columns."""
    sources, at = _sources(long), 0
    for token, after in pairwise([*short, ""]):
        is_left_out = long[at : at + 1] != [token] or after != "."
        if is_left_out and _is_qualifier(long, at, sources):
            at += 2
        if long[at : at + 1] != [token]:
            return False
        at += 1
    return at == len(long)


def _sources(tokens: Sequence[str]) -> set[str]:
    """What may be the name or the alias of a relation behind the first FROM."""
    if "FROM" not in tokens:
        return set()
    behind = tokens[tokens.index("FROM") :]
    return {token for token, after in pairwise([*behind, ""]) if after != "."}


def _is_qualifier(tokens: Sequence[str], at: int, sources: Collection[str]) -> bool:
    if tokens[at + 1 : at + 2] != ["."] or tokens[at] not in sources:
        return False
    if not _NAME.match(tokens[at + 2]) or tokens[at + 3 : at + 4] == ["("]:
        return False
    before = tokens[at - 1] if at else ""
    return before not in _BEFORE_OTHERS or (before == "FROM" and _is_argument(tokens, at))


def _is_argument(tokens: Sequence[str], at: int) -> bool:
    """Whether the innermost parenthesis around it is that of a call, as in ``EXTRACT(epoch FROM t.at)``."""
    depth = 0
    for place in range(at - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(tokens[place], 0)
        if depth < 0:
            return tokens[place + 1] not in ("SELECT", "WITH")
    return False
