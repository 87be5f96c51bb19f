"""A message on its way, and the record of all that were sent."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from snapstore.adapter import Report
from snapstore.config.notifying import Event, RecipientTable
from snapstore.notify.messages import Message, message
from snapstore.workspace import Workspace

_KINDS = {
    Event.WORSE: "warning",
    Event.UNCLEAR: "warning",
    Event.DRIFT: "warning",
    Event.FINISHED: "success",
    Event.FAILED: "failure",
}


class Delivery(msgspec.Struct, frozen=True):
    """``to`` is what the configuration calls a recipient; ``problem`` is "" where it took the message."""

    to: str
    problem: str = ""


class Sent(msgspec.Struct, frozen=True):
    """A message that was sent, or tried: ``commit`` is the newest snapshot at that time."""

    time: float
    event: Event
    commit: str | None
    title: str
    deliveries: list[Delivery]

    @property
    def arrived(self) -> bool:
        """Whether anybody got it."""
        return any(not delivery.problem for delivery in self.deliveries)


class Sending:
    """A message on its way, in another process: nothing waits for it before :meth:`finish`."""

    def __init__(self, ws: Workspace, what: Message) -> None:
        self._ws, self._what = ws, what
        self._names = recipients(ws, what.event)
        self._until = time.monotonic() + ws.config.notify.timeout
        self._process = _begin(what, list(self._names.values())) if self._names else None

    def finish(self, report: Report) -> Sent | None:
        """Wait for it as long as it may take, and record it; ``report`` hears what went wrong. Never fails.

        None where nobody wants to know.
        """
        if not self._names:
            return None
        said = _answers(self._process, max(self._until - time.monotonic(), 0), len(self._names))
        deliveries = [Delivery(name, problem) for name, problem in zip(self._names, said, strict=True)]
        for delivery in deliveries:
            if delivery.problem:
                report(f"! {delivery.to} was not told that {_TOLD[self._what.event]}: {delivery.problem}")
        sent = Sent(time.time(), self._what.event, self._ws.store.head(), self._what.title, deliveries)
        try:
            _record(self._ws, sent)
        except OSError as error:
            report(f"! the message could not be recorded: {error.strerror}")
        return sent


_TOLD = {
    Event.DEPLOY: "a deploy is coming",
    Event.WORSE: "something got worse",
    Event.UNCLEAR: "the deploy cannot be watched",
    Event.PROPOSED: "a restore waits for review",
    Event.STARTED: "a restore has begun",
    Event.FINISHED: "a restore is done",
    Event.FAILED: "a restore has failed",
    Event.DRIFT: "the live systems have changed",
}


def begin(ws: Workspace, event: Event, fields: Mapping[str, str]) -> Sending:
    """Send the message of an event to all who want to know of it, without waiting."""
    common = {"branch": ws.store.branch, "commit": (ws.store.head() or "")[:10], **_people()}
    return Sending(ws, message(ws.config.notify, event, {**common, **fields}))


def tell(ws: Workspace, event: Event, fields: Mapping[str, str], report: Report) -> Sent | None:
    """The same, and wait for it."""
    if not recipients(ws, event):
        return None
    return begin(ws, event, fields).finish(report)


def recipients(ws: Workspace, event: Event) -> dict[str, str]:
    """The addresses of those who want to know of an event, by what messages call them."""
    wanted = [(place, one) for place, one in enumerate(ws.config.notify.to) if not one.on or event in one.on]
    return {_name(place, one): one.url for place, one in wanted}


def history(ws: Workspace) -> list[Sent]:
    """All messages so far, oldest first."""
    path = _path(ws)
    found: list[Sent] = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        with suppress(msgspec.DecodeError):  # the last line, cut off by a crash
            found.append(msgspec.json.decode(line, type=Sent))
    return found


def _name(place: int, one: RecipientTable) -> str:
    """Its name, or its place and its kind of service: never the rest of its address."""
    return one.name or f"notify.to[{place}] ({one.url.partition(':')[0]})"


def _people() -> dict[str, str]:
    import getpass
    import socket

    try:
        who = getpass.getuser()
    except (KeyError, OSError):
        who = "somebody"
    return {"who": who, "host": socket.gethostname()}


def _begin(what: Message, urls: Sequence[str]) -> subprocess.Popen[bytes] | None:
    job = {"urls": urls, "title": what.title, "body": what.body, "kind": _KINDS.get(what.event, "info")}
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "snapstore.notify.sender"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        assert process.stdin is not None  # noqa: S101 - it was asked for
        process.stdin.write(json.dumps(job).encode())
        process.stdin.close()
    except OSError:
        return None
    process.stdin = None  # what waits for it must not write to it again
    return process


def _answers(process: subprocess.Popen[bytes] | None, seconds: float, count: int) -> list[str]:
    """What came of each address; the same problem for all where the process itself failed."""
    if process is None:
        return ["no process could be started for it"] * count
    try:
        said = json.loads(process.communicate(timeout=seconds)[0])
        return [str(text) for text in said] if len(said) == count else ["it failed"] * count
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return ["it took too long"] * count
    except (ValueError, TypeError):
        return ["it failed"] * count


def _record(ws: Workspace, sent: Sent) -> None:
    path = _path(ws)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(sent) + b"\n")


def _path(ws: Workspace) -> Path:
    return ws.store.workspace("notified.jsonl")
