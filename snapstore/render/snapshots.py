"""Snapshots for people: one in a list, one as a whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

from snapstore.deploys import Told
from snapstore.render.style import BOLD, CHANGED, DIM, name, paint
from snapstore.render.values import count
from snapstore.snapshot import Snapshot, files, kinds, resources
from snapstore.store import CommitInfo


def subject(info: CommitInfo) -> str:
    """The first line of the message."""
    return info.message.strip().partition("\n")[0]


def short(info: CommitInfo) -> str:
    """``1a2b3c4d5e before 2.4``"""
    return f"{paint(info.commit[:10], CHANGED)} {name(subject(info))}"


def when(info: CommitInfo) -> str:
    """The time of a snapshot, in the time zone where it was taken."""
    zone = timezone(timedelta(minutes=info.tz))
    return datetime.fromtimestamp(info.time, zone).strftime("%Y-%m-%d %H:%M:%S %z")


def line(info: CommitInfo) -> str:
    """One line of ``snap log --oneline``."""
    return f"{paint(info.commit[:10], CHANGED)}{paint(_refs(info), BOLD)} {name(subject(info))}"


def said(told: Told) -> list[str]:
    """What was said of a snapshot, a line for each."""
    at = datetime.fromtimestamp(told.time, UTC).strftime("%Y-%m-%d %H:%M:%S +0000")
    found = [
        ("Deploy", told.deploy),
        ("Application", told.application),
        ("Operator", told.operator),
        ("Notified", f"{told.notified}, {at}" if told.notified else ""),
    ]
    return [f"{label}: {name(text)}" for label, text in found if text]


def entry(info: CommitInfo, told: Sequence[Told] = ()) -> str:
    """One entry of ``snap log``, with what was said of it."""
    lines = [paint(f"snapshot {info.commit}", CHANGED) + paint(_refs(info), BOLD)]
    lines += [f"Date:    {when(info)}", f"Author:  {name(info.author)}", ""]
    lines += [f"    {text}" for text in info.message.strip().splitlines()]
    trailers = {key: value for key, value in info.trailers.items() if key != "Snapstore-Version"}
    below = [f"{name(key)}: {name(value)}" for key, value in trailers.items()]
    below += [line for one in told for line in said(one)]
    if below:
        lines += ["", *(paint(f"    {line}", DIM) for line in below)]
    return "\n".join([*lines, ""])


def _refs(info: CommitInfo) -> str:
    """`` (main, v1)``, or nothing."""
    short = [re.sub("^refs/(heads/|tags/|remotes/)?", "", ref) for ref in info.refs]
    return f" ({', '.join(name(ref) for ref in short)})" if short else ""


def contents(snapshot: Snapshot) -> str:
    """What is in a snapshot, by resource and kind."""
    lines = [f"tree {snapshot.tree}", ""]
    for resource, entry in resources(snapshot).items():
        found = sorted(kinds(snapshot, resource).items())
        said = [f"{number:,} {kind.replace('_', ' ')}" for kind, number in found]
        total = sum(1 for _ in files(snapshot, resource))
        said += [count(total, "file")] if total else []
        lines.append(f"{paint(resource, BOLD)} ({entry.adapter}): {', '.join(said) or 'empty'}")
    return "\n".join(lines)
