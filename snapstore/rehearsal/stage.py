"""The rehearsal of one resource on a scratch system: live state, plan, capture, comparison.

All of it is done by the adapter's own functions, on the settings of the scratch system.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from time import perf_counter

import msgspec

from snapstore.adapter import Report, Stage
from snapstore.capture import capture
from snapstore.config import ResourceConfig
from snapstore.diff import diff
from snapstore.errors import SnapError, some
from snapstore.execute import apply
from snapstore.model import UNMODELLED, Action, DataMode, Plan, PlanOptions, ResourceChanges, Scope
from snapstore.plan import ask_live, plan_resource, request_for
from snapstore.rehearsal.proof import Part, Step
from snapstore.render.values import count
from snapstore.restore import Planned
from snapstore.snapshot import Snapshot
from snapstore.verify import differing, outside, owed
from snapstore.workspace import Workspace


class Stopwatch:
    """A journal that nobody resumes from: it notes how long each action took."""

    def __init__(self) -> None:
        self.seconds: dict[int, float] = {}
        self._since = 0.0

    def started(self, *actions: Action) -> None:
        self._since = perf_counter()

    def finished(self, *actions: Action) -> None:
        share = (perf_counter() - self._since) / len(actions)
        self.seconds.update((id(action), share) for action in actions)

    def committed(self) -> None:
        """Nothing of it is to last."""


class Scratch(msgspec.Struct, frozen=True):
    """A scratch system with what it takes to work on it: ``ws`` is a workspace of it alone, ``stat`` a folder
    for what is known of its files."""

    ws: Workspace
    stat: Path
    name: str
    stage: Stage
    report: Report

    def captured(self) -> Snapshot:
        states = capture(self.ws.config, self.ws.keys, [self.name])
        return self.ws.store.build(states, keep=False, stat=self.stat)

    def changes(self, now: Snapshot, goal: Snapshot, scope: Scope) -> ResourceChanges:
        """What leads from one state to another, of all that is touched here."""
        adapter = self.ws.config.resources[self.name].adapter
        found = next((c for c in diff(now, goal, scope) if c.resource == self.name), None)
        if found is None:
            return ResourceChanges(self.name, adapter)
        facts = [change for change in found.facts if not self.stage.leaves_out(change.id)]
        return msgspec.structs.replace(found, facts=facts)

    def unlike(self, now: Snapshot, goal: Snapshot, scope: Scope) -> ResourceChanges:
        """Those of them that a restore is held to account for."""
        found = self.changes(now, goal, scope)
        return owed(found, self.ws.keys.only_resealed, now, goal)

    def planned(self, now: Snapshot, goal: Snapshot, scope: Scope, options: PlanOptions) -> list[Action]:
        changes = self.changes(now, goal, scope)
        if not changes:
            return []
        request = request_for(self.ws.config, now, goal, changes, options)
        return plan_resource(changes.adapter, request, ask_live)

    def run(self, actions: Sequence[Action], content: Snapshot, watch: Stopwatch) -> None:
        apply(self.ws, self.name, actions, content, watch, self.report)


def scratch(ws: Workspace, stat: Path, name: str, stage: Stage, report: Report) -> Scratch:
    own = ResourceConfig(name, ws.config.resources[name].adapter, stage.settings)
    config = msgspec.structs.replace(ws.config, root=stage.root, resources={name: own}, scratch=True)
    return Scratch(msgspec.structs.replace(ws, config=config), stat, name, stage, report)


def rehearsed(on: Scratch, found: Planned, actions: Sequence[Action], rows: int, part: Part) -> Part:
    """``part`` with what came of these actions of the plan, all of which are of this resource.

    SnapError where the sample of ``rows`` cannot be had.
    """
    plan, live, target = found
    watch, ran = Stopwatch(), list[Action]()
    try:
        before = _laid_out(on, live)
    except SnapError as error:
        return msgspec.structs.replace(part, error=str(error))
    notes = on.stage.fill(rows) if rows else []
    try:
        ran, left = _own(on, plan, actions, before, target)
        part = msgspec.structs.replace(part, notes=[*part.notes, *notes, *left])
        on.run(ran, target, watch)
        wrong = _wrong(on, plan, before, on.captured(), target)
    except SnapError as error:
        return msgspec.structs.replace(part, steps=_steps(ran, watch), error=str(error))
    return msgspec.structs.replace(part, steps=_steps(ran, watch), mismatches=wrong)


def _laid_out(on: Scratch, live: Snapshot) -> Snapshot:
    """The scratch system with the live state in it, which its own capture has to show."""
    everything = Scope((on.name,))
    # Nothing is lost that is not there: what a plan notes to take back rows later would be in the way.
    actions = on.planned(on.captured(), live, everything, PlanOptions(data=DataMode.DISCARD))
    on.report(f"{on.name}: laying out the live state, {count(len(actions), 'action')}")
    on.run(actions, live, Stopwatch())
    now = on.captured()
    names = differing([on.unlike(now, live, everything)])
    lacking = [name for name in names if not name.name.startswith(f"{UNMODELLED}:")]
    if lacking:
        text = f"the live state cannot be made there: {some(lacking)}"
        raise SnapError(text, where=on.name, fix="the plan may be right all the same; nothing of it was run")
    return now


def _own(
    on: Scratch, plan: Plan, actions: Sequence[Action], before: Snapshot, target: Snapshot
) -> tuple[list[Action], list[str]]:
    """The actions to run, and what is to be told of those that are not."""
    if on.stage.anew:
        made = on.planned(before, target, plan.scope, plan.options)
        return made, [f"{on.stage.anew}: these are {len(made):,} actions that lead to the same state"]
    left = {id(action): why for action in actions if (why := _left_out(on.stage, action))}
    notes = [f"not run: {action.summary} ({left[id(action)]})" for action in actions if id(action) in left]
    return [action for action in actions if id(action) not in left], notes


def _left_out(stage: Stage, action: Action) -> str:
    names: Iterable[str] = (action.subject, *action.produces, *action.destroys)
    return next(filter(None, map(stage.leaves_out, names)), "")


def _wrong(on: Scratch, plan: Plan, before: Snapshot, after: Snapshot, target: Snapshot) -> list[str]:
    inside = [f"{found} is not as promised" for found in differing([on.unlike(after, target, plan.scope)])]
    return inside + [
        f"{found} has changed, outside the scope" for found in outside(before, after, plan.scope)
    ]


def _steps(actions: Sequence[Action], watch: Stopwatch) -> list[Step]:
    return list(_told(actions, watch))


def _told(actions: Sequence[Action], watch: Stopwatch) -> Iterator[Step]:
    for action in actions:
        seconds = watch.seconds.get(id(action))
        took = None if seconds is None else round(seconds, 4)
        yield Step(action.verb, action.summary, action.lock, took)
