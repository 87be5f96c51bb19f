"""From one type to another without losing a value."""

from __future__ import annotations

import re
from collections.abc import Mapping

from snapstore.model import Fact

_FAMILIES = (
    ("smallint", "integer", "bigint", "numeric", "real", "double precision", "money"),
    ("integer", "boolean"),
    ("date", "timestamp", "time", "interval"),
    ("json", "jsonb"),
    ("bit", "bit varying", "integer", "bigint"),
    ("inet", "cidr"),
)


STRINGS = ("text", "character varying", "character", "name", '"char"')


def cast(expression: str, old: str, new: str) -> str:
    """The expression as the new type: directly where PostgreSQL has a cast, else through its text.

    Every type can be written as text and read back from it (the manual, CREATE TYPE); what does not fit
    fails there, before anything is lost.
    """
    was, now = _base(old), _base(new)
    if old == "bytea" and now in _TEXTS and "[]" not in new:
        return f"({_as_text(expression)})::{new}"
    if was in _TEXTS and new == "bytea" and "[]" not in old:
        return f"({_as_bytes(expression)})"
    own = was != now and "." in was + now
    direct = was in STRINGS or now in STRINGS or was == now
    direct = direct or any(was in family and now in family for family in _FAMILIES)
    if direct and not own and old.endswith("[]") == new.endswith("[]"):
        return f"{expression}::{new}"
    if "boolean" in (old, new) and {was, now} <= {*_NUMBERS, "boolean"}:
        return f"{expression}::integer::{new}"  # the one number that has casts from and to it
    many = "[]" if old.endswith("[]") and new.endswith("[]") else ""
    return f"{expression}::{AS_WRITTEN if own else 'text'}{many}::{new}"


AS_WRITTEN = "character varying"
"""Through this, values of types of users go to and from their text as these write and read it: people have
casts between such types and text which tell something else."""


def written(value: str, kind: str) -> str:
    """The text of a value, as its type writes it."""
    return f"{value}::{AS_WRITTEN}::text" if "." in kind else f"{value}::text"


def read(value: str, kind: str) -> str:
    """The value of which this is the text."""
    return f"{value}::{AS_WRITTEN}::{kind}" if "." in kind else f"{value}::{kind}"


def is_null(value: str, kind: str) -> str:
    """The test for no value at all: a row of nothing but NULL is one, which ``IS NULL`` does not say."""
    return f"{value} IS NOT DISTINCT FROM NULL" if "." in kind else f"{value} IS NULL"


_TEXTS = ("text", "character varying")
_NEXT = "[89ab][0-9a-f]"
_UTF8 = "|".join(
    (
        "0[1-9a-f]|[1-7][0-9a-f]",
        f"(c[2-9a-f]|d[0-9a-f]){_NEXT}",
        f"e0[ab][0-9a-f]{_NEXT}|e[1-9abcef]({_NEXT}){{2}}|ed[89][0-9a-f]{_NEXT}",
        f"f0[9ab][0-9a-f]({_NEXT}){{2}}|f[123]({_NEXT}){{3}}|f48[0-9a-f]({_NEXT}){{2}}",
    )
)
"""What the bytes of a character are, in hexadecimal digits (RFC 3629); NUL is none that a text may have."""


def _as_text(expression: str) -> str:
    """Bytes as the text that they are; where they are none, or would be read as digits, as these digits."""
    is_text = f"pg_catalog.encode({expression}, 'hex') ~ '^(?!5c78)({_UTF8})*$'"
    decoded = f"pg_catalog.convert_from({expression}, 'UTF8')"
    return (
        f"CASE WHEN pg_catalog.getdatabaseencoding() = 'UTF8' AND {is_text} THEN {decoded}"
        f" ELSE {expression}::text END"
    )


def _as_bytes(expression: str) -> str:
    """The reverse of :func:`_as_text`."""
    digits = rf"{expression} ~ '^\\x([0-9a-f]{{2}})*$'"
    return f"CASE WHEN {digits} THEN {expression}::bytea ELSE pg_catalog.convert_to({expression}, 'UTF8') END"


def castable(old: str, new: str) -> bool:
    """Whether there can be a cast at all: a list of values is no value, except as text."""
    return old.endswith("[]") == new.endswith("[]") or bool({_base(old), _base(new)} & {*STRINGS})


_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_MANY = ("", "multi")
_KINDS = {
    **dict.fromkeys((*_NUMBERS, "money", "oid", "boolean", "json", "jsonb"), "plain"),
    **dict.fromkeys(("date", "timestamp"), "time"),
    **dict.fromkeys(("inet", "cidr", "macaddr", "macaddr8"), "address"),
    "uuid": "uuid",
    **dict.fromkeys((f"{kind}{many}range" for kind in ("int4", "int8", "num") for many in _MANY), "span"),
    **dict.fromkeys((f"{kind}{many}range" for kind in ("date", "ts", "tstz") for many in _MANY), "period"),
}
"""What types tell of, where nobody means the same by values of two of them."""


def akin(old: str, new: str) -> bool:
    """Whether values of one type may mean something in the other. Lists may be empty in both."""
    kinds = {_KINDS.get(_base(kind)) for kind in (old, new)}
    return None in kinds or len(kinds) == 1 or "[]" in old + new


def assignable(old: str, new: str) -> bool:
    """Whether values of one type are plainly taken where the other is wanted (the manual, CREATE CAST)."""
    if old.endswith("[]") or new.endswith("[]"):
        return _base(old) == _base(new) and old.endswith("[]") == new.endswith("[]")
    was, now = _base(old), _base(new)
    return now in ("text", "character varying") or was == now or (was in _NUMBERS and now in _NUMBERS)


def below_domains(kind: str, facts: Mapping[str, Fact]) -> str:
    """The type of which a domain is, or an array of domains, be it through others; any other type itself. So
    is an array of domains of arrays, which has no cast to one of what is in these."""
    domain = facts.get(f"domain:{kind.removesuffix('[]')}")
    if domain is None:
        return kind
    below = below_domains(domain.attrs["type"], facts)
    if not kind.endswith("[]"):
        return below
    return kind if below.endswith("[]") else f"{below}[]"


def _base(kind: str) -> str:
    """A type without its modifier, its time zone and its array brackets."""
    text = re.sub(r"\(\d+(,-?\d+)?\)", "", kind).removesuffix("[]")
    return re.sub(r" with(out)? time zone$", "", text).strip()


def has_attributes(column: Fact, facts: Mapping[str, Fact]) -> bool:
    """Whether its values are rows, or hold some: their text has places, but no names."""
    return any(
        need.startswith(("composite:", "table:", "view:", "matview:"))
        or (need.startswith(("domain:", "range:")) and has_attributes(facts[need], facts))
        for need in column.needs
        if need in facts and need != column.parent
    )
