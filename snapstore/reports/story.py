"""One restore from its journal: what it was for, what it did, when, and how that ended."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from snapstore import deploys, journal
from snapstore.config.notifying import Event
from snapstore.errors import SnapError
from snapstore.journal import Begin, Continued, End, Goal, Journal, Left, Result, Started, Verified
from snapstore.model import Hazard, Outcome, Plan, ResourceChanges
from snapstore.notify import sending
from snapstore.notify.restores import NO_REASON, impact, lasted
from snapstore.notify.sending import Sent
from snapstore.render.changes import sign
from snapstore.render.plots import Plot
from snapstore.render.values import count
from snapstore.reports.metrics import plots
from snapstore.retold import differences
from snapstore.watch import records
from snapstore.watch.judge import Phase
from snapstore.watch.records import Ended, Watch
from snapstore.workspace import Workspace


class Mood(StrEnum):
    """How a moment is coloured."""

    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    PLAIN = "plain"


class Moment(msgspec.Struct, frozen=True):
    """Something that happened, in seconds since 1970."""

    time: float
    text: str
    mood: Mood = Mood.PLAIN


class Box(msgspec.Struct, frozen=True):
    """Something to do, and whether it is done as far as can be known."""

    text: str
    done: bool


class Story(msgspec.Struct, frozen=True):
    """All that a report tells. ``ended`` is None while the restore is half-way; ``changes`` lead from the
    state before to the one after."""

    number: int
    branch: str
    purpose: str
    target: str
    safety: str
    commit: str | None
    who: str
    deploy: str
    reason: str
    root_cause: str
    began: float
    ended: float | None
    result: str
    well: bool
    impact: str
    duration: str
    action: str
    digest: str
    hazards: list[tuple[str, Hazard]]
    outcomes: list[Outcome]
    problems: list[str]
    moments: list[Moment]
    changes: list[ResourceChanges]
    plots: list[Plot]
    status: list[Box]
    follow_up: list[Box]
    contacts: list[str]


def find(ws: Workspace, which: str) -> Journal:
    """The journal of a restore: by its number, by the snapshot it made, or the last one for ``""``.

    SnapError when there is no such restore.
    """
    known = list(journal.history(ws.journals))
    if not known:
        fix = "a report tells of a restore: snap restore, apply or undo"
        raise SnapError("there was no restore yet", where=str(ws.store.path), fix=fix)
    if not which:
        return known[0]
    commit = None if which.isdecimal() else ws.store.resolve(which)
    for found in known:
        made = found.end.commit if found.end else None
        if (commit and commit == made) or (which.isdecimal() and number(found) == int(which)):
            return found
    fix = f"the last is {number(known[0])}; name a number up to that, or the snapshot that a restore made"
    raise SnapError(f"there is no restore {which}", where=str(ws.store.path), fix=fix)


def number(found: Journal) -> int:
    return int(found.path.stem)


def tell(ws: Workspace, found: Journal, root_cause: str = "") -> Story:
    """The whole story of a restore. Metrics are asked for now; what cannot be had is left out."""
    begin, end = found.begin, found.end
    began = found.times[0] or float(begin.time)
    ended = found.times[-1] if end else None
    since, until = _span(ws, found, began)
    watches = [watch for watch in records.history(ws) if since <= watch.begun.time < until]
    messages = [sent for sent in sending.history(ws) if since <= sent.time < until and _is_of(sent, began)]
    after = [watch for watch in watches if ended is not None and watch.begun.time >= ended]
    return Story(
        number=number(found),
        branch=ws.store.branch,
        purpose=begin.purpose,
        target=_named(ws, begin.safety if found.goal is Goal.SAFETY else begin.target),
        safety=begin.safety[:10],
        commit=end.commit[:10] if end and end.commit else None,
        who=ws.store.info(begin.safety).author,
        deploy=_deploy(deploys.of(ws.store.snapshot(begin.target))),
        reason=begin.reason or _got_worse(watches, began) or NO_REASON,
        root_cause=root_cause,
        began=began,
        ended=ended,
        result=_RESULTS[end.result] if end else "interrupted: not finished yet",
        well=_is_well(end),
        impact=impact(begin.plan),
        duration=lasted(ended - began) if ended else "it is not over",
        action=_action(found),
        digest=begin.plan.digest,
        hazards=_hazards(begin.plan),
        outcomes=[record.outcome for record in found.records if isinstance(record, Left)],
        problems=list(end.problems) if end else [],
        moments=sorted([*_moments(found), *_measured(watches), *_told(messages)], key=lambda m: m.time),
        changes=_changes(ws, found),
        plots=plots(ws, watches, begin.target, began, ended),
        status=_status(end, bool(after), root_cause),
        follow_up=_follow_up(end, _is_good(after), messages, begin.reason, root_cause),
        contacts=[f"{one.role}: {one.name}, {one.contact}" for one in ws.config.notify.contacts],
    )


_BEFORE = 6 * 3600.0
"""Seconds before a restore of which is told."""


def _span(ws: Workspace, found: Journal, began: float) -> tuple[float, float]:
    """The time that belongs to it: after the end of the restore before, until the next one begins."""
    since, until = began - _BEFORE, math.inf
    for other in journal.history(ws.journals):
        if number(other) > number(found):
            until = min(until, other.times[0])
        elif number(other) < number(found):
            since = max(since, other.times[-1])
            break
    return since, until


_RESULTS = {
    Result.DONE: "done and verified",
    Result.MISMATCH: "done, but not as promised",
    Result.STOPPED: "stopped before anything was changed",
    Result.ABORTED: "aborted: gone back to the state before",
}


def _is_of(sent: Sent, began: float) -> bool:
    """Whether a message may be of this restore: that one is done is told a little after it is."""
    return sent.time >= began or sent.event not in (Event.STARTED, Event.FINISHED, Event.FAILED)


def _is_well(end: End | None) -> bool:
    return end is not None and end.result in (Result.DONE, Result.ABORTED)


def _named(ws: Workspace, commit: str) -> str:
    return f"{commit[:10]} {ws.store.info(commit).message.partition(chr(10))[0]}".rstrip()


def _deploy(told: Sequence[deploys.Told]) -> str:
    """What was said of the deploy that was taken back, the newest of each."""
    last = {key: next((v for t in reversed(told) if (v := getattr(t, key))), "") for key in _DEPLOY}
    return ", ".join(f"{word} {last[key]}" for key, word in _DEPLOY.items() if last[key])


_DEPLOY = {"deploy": "deploy", "application": "commit", "operator": "by"}


def _action(found: Journal) -> str:
    if found.end is None:
        return journal.ways_out()
    if found.end.result is Result.MISMATCH:
        return "look at what is not as promised; `snap undo` brings back the state before"
    return "none"


def _hazards(plan: Plan) -> list[tuple[str, Hazard]]:
    return [("", hazard) for hazard in plan.notes] + [
        (action.resource, hazard) for action in plan.actions for hazard in action.hazards
    ]


def _changes(ws: Workspace, found: Journal) -> list[ResourceChanges]:
    """What differs between the state before and the one that it led to, as far as the plan goes."""
    if found.end is None or found.end.result is not Result.DONE:
        return []
    before, after = ws.store.snapshot(found.begin.safety), ws.store.snapshot(found.begin.target)
    return differences(before, after, found.begin.plan.scope).changes


# The order of events


def _moments(found: Journal) -> Iterator[Moment]:
    plan = found.begin.plan
    done: Counter[str] = Counter()
    for record, at in zip(found.records, found.times, strict=True):
        if isinstance(record, Begin):
            actions = count(len(plan.actions), "action")
            yield Moment(at, f"{record.purpose} begins: {actions}, the state before is {record.safety[:10]}")
        elif isinstance(record, Continued):
            plan = record.plan
            yield Moment(at, "resumed" if record.goal is Goal.TARGET else "aborted: going back", Mood.WARN)
        elif isinstance(record, Started):
            if not done[record.resource]:
                yield Moment(at, f"{record.resource}: {_first(plan, record)}")
            done[record.resource] += 1
        elif isinstance(record, Left):
            yield _left(at, record.outcome)
        elif isinstance(record, Verified):
            wrong = count(len(record.mismatches), "thing")
            said = f"verified, and not as promised: {wrong}" if record.mismatches else "captured and verified"
            yield Moment(at, said, Mood.BAD if record.mismatches else Mood.GOOD)
        elif isinstance(record, End):
            yield Moment(at, _RESULTS[record.result], Mood.GOOD if _is_well(record) else Mood.BAD)


def _first(plan: Plan, record: Started) -> str:
    of = [action for action in plan.actions if action.resource == record.resource]
    first = plan.actions[record.actions[0]].summary if record.actions else ""
    return first if len(of) == 1 else f"{first}, the first of {count(len(of), 'action')}"


def _left(at: float, outcome: Outcome) -> Moment:
    said = f"{outcome.resource}: {outcome.condition}, {outcome.done:,} of {count(outcome.total, 'action')}"
    if outcome.error:
        return Moment(at, f"{said}: {outcome.error}", Mood.BAD)
    return Moment(at, said, Mood.GOOD)


def _got_worse(watches: list[Watch], began: float) -> str:
    """What the last watch before the restore has found, where nobody said why it was made; "" if nothing."""
    ended = [(watch, watch.ended) for watch in watches if watch.ended and watch.ended.time <= began]
    if not ended or ended[-1][1].verdict is not Phase.FAILED:
        return ""
    return f"{_why(*ended[-1])} (nobody said why; the last watch before had found this)"


def _why(watch: Watch, ended: Ended) -> str:
    last = {m.metric: m.reason for m in watch.measurements if m.phase is ended.verdict}
    return "; ".join(reason for reason in last.values() if reason)


def _measured(watches: list[Watch]) -> Iterator[Moment]:
    for watch in watches:
        yield Moment(watch.begun.time, f"the metrics are watched, against {watch.begun.commit[:10]}")
        if watch.ended is None:
            continue
        said = _why(watch, watch.ended)
        mood = Mood.GOOD if watch.ended.verdict is Phase.SUCCESSFUL else Mood.BAD
        yield Moment(
            watch.ended.time, f"the watch ends: {watch.ended.verdict}" + (f", {said}" if said else ""), mood
        )


def _told(messages: list[Sent]) -> Iterator[Moment]:
    for sent in messages:
        to = ", ".join(delivery.to for delivery in sent.deliveries if not delivery.problem)
        failed = ", ".join(delivery.to for delivery in sent.deliveries if delivery.problem)
        said = f"told {to}: {sent.title}" if to else f"could not tell {failed}: {sent.title}"
        yield Moment(sent.time, said, Mood.PLAIN if to else Mood.WARN)


# What the brief's template and its lists ask


def _is_good(watches: list[Watch]) -> bool:
    return any(watch.ended and watch.ended.verdict is Phase.SUCCESSFUL for watch in watches)


def _status(end: End | None, monitored: bool, root_cause: str) -> list[Box]:
    return [
        Box("Rollback initiated", True),
        Box("Services restored", _is_well(end)),
        Box("Monitoring active", monitored),
        Box("Root cause identified", bool(root_cause)),
    ]


def _follow_up(
    end: End | None, checked: bool, messages: list[Sent], reason: str, root_cause: str
) -> list[Box]:
    return [
        Box("Verify system stability", _is_well(end)),
        Box("Check error rates and performance", checked),
        Box("Notify stakeholders", any(sent.arrived for sent in messages)),
        Box("Document rollback reason", bool(reason)),
        Box("Root cause analysis", bool(root_cause)),
        Box("Plan remediation", False),
        Box("Schedule retry", False),
        Box("Update rollback procedures and documentation", False),
    ]


def counts(changes: ResourceChanges) -> Counter[str]:
    """How many facts and files were added (+), changed (~) and removed (-)."""
    return Counter(map(sign, changes.facts)) + Counter(map(sign, changes.files))
