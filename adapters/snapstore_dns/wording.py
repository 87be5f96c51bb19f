"""How plans tell of record sets."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore_dns.records import RecordSet, Soa, absolute, unicode_of

_SHOWN = 60


def named(owner: str, kind: str) -> str:
    """``www.example.com A``, and how people write it where that is another way."""
    shown = unicode_of(owner)
    return f"{owner} ({shown}) {kind}" if shown else f"{owner} {kind}"


def lines(owner: str, side: RecordSet | Soa | None, sign: str) -> Iterator[str]:
    """The records as a master file has them, each behind a sign."""
    if isinstance(side, Soa):
        # The serial counts on by itself.
        yield f"{sign} {absolute(owner)} {side.ttl} IN SOA {side.record(0).replace(' 0 ', ' … ', 1)}"
    elif side is not None:
        head = f"{sign} {absolute(owner)} {side.ttl} IN {side.type}"
        yield from (f"{head} {text}" for text in side.records)
        yield from (f"{head} {text} ; disabled" for text in side.extras.get("disabled", ()))
        yield from (f"{sign} ; {comment['content']}" for comment in side.extras.get("comments", ()))


def brief(side: RecordSet | Soa | None) -> str:
    """The values in a few words."""
    if not isinstance(side, RecordSet):
        return ""
    text = ", ".join(side.records)
    if len(text) <= _SHOWN:
        return text
    return f"{text[: _SHOWN - 1]}…" if len(side.records) == 1 else f"{len(side.records)} records"


def exchanged(before: RecordSet | Soa | None, after: RecordSet | Soa | None) -> str:
    """From what to what."""
    if before is None or after is None or isinstance(before, Soa) or isinstance(after, Soa):
        return brief(before or after)
    if before.records == after.records:
        return f"TTL {before.ttl} → {after.ttl}"
    return f"{brief(before)} → {brief(after)}"


def duration(seconds: int) -> str:
    """Seconds as people say them: ``45 s``, ``5 min``, ``1 h 30 min``, ``2 d``."""
    found = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        number, seconds = divmod(seconds, size)
        if number:
            found.append(f"{number} {unit}")
    return " ".join(found[:2]) or "0 s"
