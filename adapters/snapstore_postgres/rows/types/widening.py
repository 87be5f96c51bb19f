"""Which types are plainly as wide as others: all values fit, and come back as they were."""

from __future__ import annotations

import re

_INTEGERS = ("smallint", "integer", "bigint")
_WIDER = {
    "real": ("double precision",),
    "date": ("timestamp without time zone",),
    "timestamp without time zone": ("timestamp with time zone",),  # sessions of a restore are in UTC
    "timestamp with time zone": ("timestamp without time zone",),
    "jsonb": ("json",),
    "json": ("jsonb",),
    "cidr": ("inet",),
    "name": ("character varying",),
    "text": ("character varying",),
    "xml": ("character varying",),
}


_FINEST = "6"
"""The digits of a second where a type does not say how many."""
_LENGTHENED = ("character", "bit varying", "time", "interval")
"""Types with a length or a precision that takes every value of a smaller one."""
_TYPE = re.compile(
    r"(?P<name>[^()\[\]]+?)(?:\((?P<numbers>\d+(?:,-?\d+)?)\))?(?P<zone> with(?:out)? time zone)?"
)


def widens(old: str, new: str) -> bool:
    """Whether every value of a type is one of another, too, and comes back as it was."""
    if old == new or new == "text":
        return True
    if old.endswith("[]") and new.endswith("[]"):
        return widens(old[:-2], new[:-2])
    (was, numbers), (now, others) = named_and_numbered(old), named_and_numbered(new)
    if was == now == "numeric":
        return _is_wider_number(numbers, others)
    if was == now or (was == "character" and now == "character varying"):
        return others is None or (
            numbers is not None and now.startswith(_LENGTHENED) and int(numbers) <= int(others)
        )
    if was in _INTEGERS and others is None:
        return now in (*_INTEGERS[_INTEGERS.index(was) :], "numeric")
    return now in _WIDER.get(was, ()) and others in (None, _FINEST)


def named_and_numbered(kind: str) -> tuple[str, str | None]:
    """A type without its length or precision, and these, where a type has them."""
    found = _TYPE.fullmatch(kind)
    if found is None:
        return kind, None
    name = f"{found['name']}{found['zone'] or ''}"
    return name, found["numbers"] or (_FINEST if name.startswith(("time", "interval")) else None)


def _is_wider_number(was: str | None, now: str | None) -> bool:
    if was is None or now is None:
        return now is None
    (total, scale), (wide, fine) = ([int(n) for n in f"{part},0".split(",")[:2]] for part in (was, now))
    return fine >= scale and wide - fine >= total - scale
