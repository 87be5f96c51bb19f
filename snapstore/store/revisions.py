"""Revisions as Git users write them: ``HEAD~2``, ``v1^``, ``4f2a9c``, ``@{1}``, ``main@{yesterday}``.

A date means what it means to Git: where the branch was then, by its reflog. A clone has no reflog, so
there it means the last commit before that time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from snapstore.errors import SnapError
from snapstore.store import commits
from snapstore.store.objects import StoreObjects
from snapstore.store.packwriter import COMMIT, TAG
from snapstore.store.refs import HEADS, ZERO, Refs, is_valid

SAFETY = "refs/snapstore/safety/"
_PREFIXES = ("", "refs/", "refs/tags/", HEADS, "refs/remotes/", "refs/snapstore/", SAFETY)
_BASE = re.compile(r"(?:(?!@\{)[^~^])*")
_STEP = re.compile(r"~(\d*)|\^(\d*)(?!\{)|\^\{(?:commit)?\}|@\{([^}]*)\}")
_HEX = re.compile(r"[0-9a-f]{4,40}\Z")
_LOG_LINE = re.compile(r"([0-9a-f]{40}) ([0-9a-f]{40}) .*?> (\d+) [+-]\d{4}")
_NO_SNAPSHOTS = ("refs/notes/", "refs/snapstore/keys", "refs/snapstore/before/")
_SHOWN = 10


class _Moment(NamedTuple):
    """A line of a reflog: from when on the ref was at ``new``."""

    old: str
    new: str
    time: int


def resolve(objects: StoreObjects, refs: Refs, revision: str) -> str:
    """The commit that a revision names. SnapError with the candidates when there is none, or several."""
    base, steps = _split(revision)
    oid = None
    if steps and steps[0].startswith("@{"):
        oid = _in_reflog(objects, refs, base, steps.pop(0)[2:-1], revision)
    commit = commits.peel(objects, oid or _base(objects, refs, base, revision))
    for step in steps:
        commit = _step(objects, refs, commit, step, revision)
    return commit


def _split(revision: str) -> tuple[str, list[str]]:
    found = _BASE.match(revision)
    base = found[0] if found else ""
    steps, at = [], len(base)
    while at < len(revision):
        step = _STEP.match(revision, at)
        if step is None:
            raise SnapError(f"{revision!r} is no revision: {revision[at:]!r} is not understood", fix=_FORMS)
        steps.append(step[0])
        at = step.end()
    if not revision:
        raise SnapError("an empty revision names nothing", fix=_FORMS)
    return base, steps


_FORMS = "revisions look like HEAD~2, main, v1.0, 4f2a9c1, @{1}, main@{yesterday}, @{2 days ago}"


def _step(objects: StoreObjects, refs: Refs, commit: str, step: str, revision: str) -> str:
    if step.startswith("@{"):
        raise SnapError(f"{revision!r} is no revision: @{{…}} goes with a branch", fix=_FORMS)
    if step.startswith("^"):
        if step.startswith("^{") or step == "^0":
            return commit
        return _parent(objects, commit, int(step[1:] or 1), revision)
    for _ in range(int(step[1:] or 1)):
        commit = _parent(objects, commit, 1, revision)
    return commit


def _parent(objects: StoreObjects, commit: str, number: int, revision: str) -> str:
    parents = commits.read(objects, commit).parents
    if number > len(parents):
        has = (
            "is the first snapshot"
            if not parents
            else f"has {len(parents)} parent{'s' if len(parents) > 1 else ''}"
        )
        raise SnapError(f"there is no {revision}: {commit[:10]} {has}", fix="'snap log' lists the snapshots")
    return parents[number - 1]


def _base(objects: StoreObjects, refs: Refs, base: str, revision: str) -> str:
    name = _ref(refs, base)
    if name is not None and (oid := refs.read(name)):
        return oid
    if name == "HEAD":
        branch = refs.target("HEAD").removeprefix(HEADS)
        raise SnapError(f"there is no snapshot yet on {branch}", fix="'snap take' makes one")
    found = _abbreviated(objects, base.lower()) if _HEX.match(base.lower()) else []
    if len(found) > 1:
        raise SnapError(f"{base} is ambiguous", fix="it could be:\n" + _lines(objects, found))
    if not found:
        raise SnapError(f"there is no snapshot {base[:100]!r}", fix=_candidates(objects, refs, base))
    return found[0]


def _ref(refs: Refs, base: str) -> str | None:
    """The full name of the ref that Git would take a short name for."""
    if base in ("HEAD", "@", ""):
        return "HEAD"
    names = (prefix + base for prefix in _PREFIXES)
    return next(
        (name for name in names if name.startswith("refs/") and is_valid(name) and refs.read(name)), None
    )


def _abbreviated(objects: StoreObjects, prefix: str) -> list[str]:
    """All commits and tags whose ids begin so."""
    return [oid for oid in objects.with_prefix(prefix) if objects.read(oid)[0] in (COMMIT, TAG)]


def _candidates(objects: StoreObjects, refs: Refs, base: str) -> str:
    import difflib

    names = (name for name in refs.all() if not name.startswith(_NO_SNAPSHOTS))
    known = [name.split("/", 2)[2] for name in names if name.count("/") > 1]
    near = difflib.get_close_matches(base, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else _as_date(base)
    shown = ", ".join(sorted(known, key=lambda name: name.startswith("safety/"))[:_SHOWN])
    head = refs.read("HEAD")
    last = (
        [info.commit for _, info in zip(range(3), commits.walk(objects, head, {}), strict=False)]
        if head
        else []
    )
    listed = f"; the last snapshots:\n{_lines(objects, last)}" if last else ""
    return f"{hint}known: {shown or 'no branch or tag'}{listed}"


def _as_date(base: str) -> str:
    try:
        parse_date(base)
    except SnapError:
        return ""
    return f"what was there at a time is @{{{base}}}; "


def _lines(objects: StoreObjects, oids: list[str]) -> str:
    return "\n".join(f"    {_line(objects, oid)}" for oid in oids[:_SHOWN])


def _line(objects: StoreObjects, oid: str) -> str:
    info = commits.read(objects, commits.peel(objects, oid))
    when = datetime.fromtimestamp(info.time).astimezone().strftime("%Y-%m-%d %H:%M")
    return f"{oid[:12]} {when} {info.message.partition(chr(10))[0]}"


def _in_reflog(objects: StoreObjects, refs: Refs, base: str, what: str, revision: str) -> str:
    """Where a branch was: ``what`` moves ago, or at a date."""
    name = refs.target("HEAD") if base == "" else _ref(refs, base)
    if name is None:
        raise SnapError(f"there is no branch {base!r}", fix=_candidates(objects, refs, base))
    moments = list(_moments(refs, name))
    if what.isdecimal():
        return _moves_ago(refs, name, moments, int(what), revision)
    when = parse_date(what)
    return _at(moments, when, name) if moments else _committed_by(objects, refs, name, when)


def _moments(refs: Refs, name: str) -> Iterator[_Moment]:
    """The reflog of a ref, oldest first; lines that are damaged are passed over."""
    try:
        text = refs.log_path(name).read_text("utf-8", "surrogateescape")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return
    for line in text.splitlines():
        if found := _LOG_LINE.match(line):
            yield _Moment(found[1], found[2], int(found[3]))


def _moves_ago(refs: Refs, name: str, moments: list[_Moment], number: int, revision: str) -> str:
    short = name.removeprefix(HEADS)
    if number == 0 and (tip := refs.read(name)):
        return tip
    if number < len(moments):
        return moments[-1 - number].new
    if moments and number == len(moments) and moments[0].old != ZERO:
        return moments[0].old
    fix = f"the reflog of {short} has {len(moments)} moves; for older snapshots use {short}~{number}"
    raise SnapError(f"there is no {revision}", fix=fix)


def _at(moments: list[_Moment], when: float, name: str) -> str:
    found = next((moment for moment in reversed(moments) if moment.time <= when), None)
    if found is None:
        raise _too_early(name, when, moments[0].time)
    return found.new


def _committed_by(objects: StoreObjects, refs: Refs, name: str, when: float) -> str:
    commit = refs.read(name)
    while commit is not None:
        info = commits.read(objects, commit)
        if info.time <= when:
            return commit
        if not info.parents:
            raise _too_early(name, when, info.time)
        commit = info.parents[0]
    raise SnapError(f"there is no snapshot yet on {name.removeprefix(HEADS)}", fix="'snap take' makes one")


def _too_early(name: str, when: float, first: int) -> SnapError:
    return SnapError(
        f"{name.removeprefix(HEADS)} has no snapshot from {_shown(when)} or before",
        fix=f"its first is from {_shown(first)}",
    )


def _shown(when: float) -> str:
    return datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M:%S")


_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_AGO = re.compile(r"(\d+|an?|one) (second|minute|hour|day|week|month|year)s?")
_CLOCK = re.compile(r"(.*?) ?\b(\d{1,2}):(\d{2})(?::(\d{2}))?\Z")


def parse_date(text: str, now: float | None = None) -> float:
    """Seconds since 1970 of a date as Git takes it, local time; without a time of day it is that of now.

    ``now``, ``today``, ``yesterday``, ``3 hours ago``, ``2.weeks.ago``, ``2026-11-20``,
    ``2026-11-20 10:00``, ``yesterday 18:30``, ISO 8601 with a zone. SnapError for anything else.
    """
    moment = datetime.fromtimestamp(time.time() if now is None else now)
    words = " ".join(re.split(r"[\s_]+|\.(?=\D)", text.strip().lower()))
    clock = _CLOCK.match(words)
    if clock and (day := _day(clock[1], moment)):
        try:
            moment = day.replace(
                hour=int(clock[2]), minute=int(clock[3]), second=int(clock[4] or 0), microsecond=0
            )
        except ValueError as error:
            raise _no_date(text) from error
        return moment.timestamp()
    if day := _day(words, moment):
        return day.timestamp()
    try:
        return datetime.fromisoformat(text.strip().upper()).timestamp()
    except ValueError as error:
        raise _no_date(text) from error


def _no_date(text: str) -> SnapError:
    fix = "write for instance yesterday, '2 days ago', 2026-11-20 or '2026-11-20 10:00'"
    return SnapError(f"{text!r} is no date", fix=fix)


def _day(words: str, now: datetime) -> datetime | None:
    """The day that words name, at the time of day of ``now``."""
    if words in ("now", "today", ""):
        return now
    if words == "yesterday":
        return now - timedelta(days=1)
    if re.fullmatch(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}", words):
        try:
            year, month, day = map(int, re.split("[-/]", words))
            return now.replace(year=year, month=month, day=day)
        except ValueError:
            return None
    return _ago(words, now)


def _ago(words: str, now: datetime) -> datetime | None:
    if not re.fullmatch(rf"({_AGO.pattern}(,? and |, ?| ))+ago", words):
        return None
    for number, unit in _AGO.findall(words):
        count = int(number) if number.isdecimal() else 1
        if unit in _UNITS:
            now -= timedelta(seconds=count * _UNITS[unit])
        else:
            now = _months_before(now, count * (12 if unit == "year" else 1))
    return now


def _months_before(now: datetime, count: int) -> datetime:
    """The same day so many months before; like Git, a day that month lacks runs over into the next."""
    months = now.year * 12 + now.month - 1 - count
    first = now.replace(year=months // 12, month=months % 12 + 1, day=1)
    return first + timedelta(days=now.day - 1)
