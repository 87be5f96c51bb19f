"""What follows a restore: writing the configuration down, emptying the cache, waiting until it is as wanted.

None of that is state. Plans list it, whatever they restore, and it may be done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from snapstore.errors import SnapError
from snapstore.model import Action, Hazard, HazardName, Verb
from snapstore_redis.settings import Settings

if TYPE_CHECKING:
    from snapstore_redis.connection import Session

PERSIST, PURGE, EXPECT = "persist:configuration", "purge:keys", "expect:cache"
_EVERYTHING = "*"
_PAUSE = 1.0


def follow(settings: Settings, resource: str, actions: Sequence[Action]) -> list[Action]:
    """The actions that come after these."""
    found = []
    if settings.persist and any(action.resource == resource and is_kept(action) for action in actions):
        found.append(_persisting(resource))
    if settings.purge:
        found.append(_purging(settings, resource))
    if settings.expect:
        found.append(_expecting(settings, resource))
    return found


def is_kept(action: Action) -> bool:
    """Whether it does something that the configuration file or the ACL file is for."""
    return not action.payload.keys().isdisjoint(("set", "user", "delete_user"))


def _persisting(resource: str) -> Action:
    return Action(
        resource=resource,
        verb=Verb.ALTER,
        subject=PERSIST,
        summary="write the configuration down, so that a restart keeps it",
        statements=("CONFIG REWRITE", "ACL SAVE, where there is an ACL file"),
        payload={"persist": True},
    )


def _purging(settings: Settings, resource: str) -> Action:
    hazards: tuple[Hazard, ...] = ()
    if any(set(pattern) == {_EVERYTHING} for pattern in settings.purge):
        text = "every key is deleted that is not captured, and no snapshot has them"
        hazards = (Hazard(HazardName.DATA_LOSS, text),)
    return Action(
        resource=resource,
        verb=Verb.DROP,
        subject=PURGE,
        summary=f"purge the cache: {', '.join(settings.purge)}",
        statements=tuple(f"SCAN … MATCH {pattern}, UNLINK each" for pattern in settings.purge),
        payload={"purge": list(settings.purge)},
        hazards=hazards,
    )


def _expecting(settings: Settings, resource: str) -> Action:
    warm = f"{settings.hit_rate:.0%} of reads are answered"
    quiet = f"nothing is read for {settings.quiet_for:g} s"
    return Action(
        resource=resource,
        verb=Verb.ALTER,
        subject=EXPECT,
        summary=f"wait until the cache is {settings.expect}: {warm if settings.expect == 'warm' else quiet}",
        statements=(f"INFO stats, for at most {settings.expect_within:g} s",),
        payload={"expect": settings.expect},
    )


def purge(
    session: Session, settings: Settings, patterns: Sequence[str], report: Callable[[str], None]
) -> None:
    """Delete the keys that match, except those that are captured."""
    from snapstore_redis.capture import databases_of
    from snapstore_redis.patterns import matcher
    from snapstore_redis.scanning import scan

    captured = matcher(settings.keys)
    number = 0
    for database in databases_of(settings, session):
        for pattern in patterns:
            for batch in scan(session, database, pattern):
                keys = [key for key in batch if not captured(key)]
                number += _unlink(session, database, keys)
    report(f"purged {number:,} keys")


def _unlink(session: Session, database: int, keys: Sequence[bytes]) -> int:
    """One command for each: in a cluster they are in different slots."""
    answers = session.ask([("UNLINK", key) for key in keys], database) if keys else []
    refusal = next((answer for answer in answers if not isinstance(answer, int)), None)
    if refusal is not None:
        raise SnapError(
            f"the keys cannot be deleted: {refusal}",
            where=session.resource,
            fix="docs/adapters/redis.md has the permissions that this needs",
        )
    return sum(answers)


def expect(session: Session, settings: Settings, report: Callable[[str], None]) -> None:
    """Wait until the cache is as the settings expect it. SnapError when it is not in time."""
    deadline = time.monotonic() + settings.expect_within
    quiet_since = time.monotonic()
    hits, misses = _reads(session)
    while True:
        time.sleep(min(_PAUSE, settings.quiet_for))
        now_hits, now_misses = _reads(session)
        reads = now_hits - hits + now_misses - misses
        if settings.expect == "warm":
            rate = (now_hits - hits) / reads if reads > 0 else 0.0
            if reads > 0 and rate >= settings.hit_rate:
                report(f"the cache is warm: {rate:.0%} of {reads:,} reads were answered")
                return
            found = f"{rate:.0%} of {reads:,} reads were answered within the last second"
        else:
            quiet_since = time.monotonic() if reads else quiet_since
            if time.monotonic() - quiet_since >= settings.quiet_for:
                report("the cache is bypassed: nothing is read from it")
                return
            found = f"{reads:,} reads within the last second"
        if time.monotonic() > deadline:
            raise _not_as_expected(session, settings, found)
        hits, misses = now_hits, now_misses


def _reads(session: Session) -> tuple[int, int]:
    from snapstore_redis.server import parsed

    info = parsed(session.call("INFO", "stats"))
    return int(info.get("keyspace_hits", 0)), int(info.get("keyspace_misses", 0))


def _not_as_expected(session: Session, settings: Settings, found: str) -> SnapError:
    return SnapError(
        f"the cache is not {settings.expect} after {settings.expect_within:g} s: {found}",
        where=session.resource,
        fix="see what the application does; `snap restore --resume` looks again",
    )
