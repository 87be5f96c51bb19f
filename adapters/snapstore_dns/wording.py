"""How plans tell of record sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from snapstore.model import Json
from snapstore_dns.records import ALIAS, Change, RecordSet, Soa, absolute, unicode_of

EACH = "each"
"""In ``extras``: what a provider keeps beside single records, by their values."""
DATA = "data"
"""In ``extras``: the values once more, in the form that a provider takes them in."""
_SHOWN = 60
_TOLD = ("disabled", "comments", ALIAS, EACH, DATA)
"""Those of ``extras`` that have words of their own."""


def named(change: Change) -> str:
    """``www.example.com A``, how people write it where that is another way, and which of several it is."""
    shown = unicode_of(change.owner)
    name = f"{change.owner} ({shown}) {change.type}" if shown else f"{change.owner} {change.type}"
    return f"{name} {change.variant!r}" if change.variant else name


def lines(owner: str, side: RecordSet | Soa | None, sign: str) -> Iterator[str]:
    """The records as a master file has them, each behind a sign."""
    if isinstance(side, Soa):
        # The serial counts on by itself.
        yield f"{sign} {absolute(owner)} {side.ttl} IN SOA {side.record(0).replace(' 0 ', ' … ', 1)}"
    elif side is not None:
        head = f"{sign} {absolute(owner)} {side.ttl} IN {side.type}"
        each = side.extras.get(EACH, {})
        whole = beside(side)
        yield from (f"{head} {text}{_note(_words(each.get(text, {})), whole)}" for text in side.records)
        if ALIAS in side.extras:
            yield f"{sign} {absolute(owner)} IN {side.type} {_alias(side)}{_note(whole)}"
        yield from (f"{head} {text} ; disabled" for text in side.extras.get("disabled", ()))
        yield from (f"{sign} ; {comment['content']}" for comment in side.extras.get("comments", ()))


def _note(*parts: str) -> str:
    text = ", ".join(filter(None, parts))
    return f" ; {text}" if text else ""


def _alias(side: RecordSet) -> str:
    return f"alias of {side.extras[ALIAS]['DNSName']}"


def beside(side: RecordSet) -> str:
    """What a provider keeps beside a record set as a whole, in a few words."""
    rest = {name: value for name, value in side.extras.items() if name not in _TOLD}
    return _words({side.variant: True, **rest} if side.variant else rest)


def _words(found: Mapping[str, Json]) -> str:
    return ", ".join(f"{name} {_word(value)}" if value is not True else name for name, value in found.items())


def _word(value: Json) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={_word(inner)}" for name, inner in value.items())
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def brief(side: RecordSet | Soa | None) -> str:
    """The values in a few words."""
    if not isinstance(side, RecordSet):
        return ""
    text = _alias(side) if ALIAS in side.extras else ", ".join(side.records)
    if len(text) <= _SHOWN:
        return text
    return f"{text[: _SHOWN - 1]}…" if len(side.records) == 1 else f"{len(side.records)} records"


def exchanged(before: RecordSet | Soa | None, after: RecordSet | Soa | None) -> str:
    """From what to what."""
    if before is None or after is None or isinstance(before, Soa) or isinstance(after, Soa):
        return brief(before or after)
    if brief(before) != brief(after):
        return f"{brief(before)} → {brief(after)}"
    if before.ttl != after.ttl:
        return f"TTL {before.ttl} → {after.ttl}"
    if beside(before) != beside(after):
        return f"{beside(before)} → {beside(after)}"
    return _parts_exchanged(before, after) or brief(after)


def _parts_exchanged(before: RecordSet, after: RecordSet) -> str:
    sides = [side.extras.get(EACH, {}) for side in (before, after)]
    words = {text: [_words(side.get(text, {})) or "plain" for side in sides] for text in after.records}
    return ", ".join(f"{text}: {old} → {new}" for text, (old, new) in words.items() if old != new)


def duration(seconds: int) -> str:
    """Seconds as people say them: ``45 s``, ``5 min``, ``1 h 30 min``, ``2 d``."""
    found = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        number, seconds = divmod(seconds, size)
        if number:
            found.append(f"{number} {unit}")
    return " ".join(found[:2]) or "0 s"
