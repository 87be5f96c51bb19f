"""``snap rehearse``: the plan of a restore, carried out where it can hurt nobody.

The live systems are only read. Each resource is rehearsed by itself, in the order of the plan: on a scratch
system where its adapter can make one, else on its facts alone.
"""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import msgspec

from snapstore import __version__
from snapstore import adapter as adapters
from snapstore.adapter import Report, silent
from snapstore.capture import adapter_error, context_of
from snapstore.diff import diff
from snapstore.errors import SnapError
from snapstore.model import Action, HazardName, Plan, PlanOptions, Scope
from snapstore.plan import essence
from snapstore.rehearsal import keeping
from snapstore.rehearsal.model import wrongs
from snapstore.rehearsal.proof import How, Part, Proof, Step
from snapstore.rehearsal.stage import rehearsed, scratch
from snapstore.restore import Planned, planned
from snapstore.snapshot import facts
from snapstore.store import locks
from snapstore.verify import owed
from snapstore.workspace import Workspace

_MODELLED = "its facts, in memory: that the system takes each change is not shown"


def rehearse(
    ws: Workspace, revision: str, scope: Scope, options: PlanOptions, rows: int = 0, report: Report = silent
) -> tuple[Plan, Proof | None]:
    """The plan that a restore to ``revision`` would carry out now, and what came of doing that elsewhere.

    ``rows`` of each table are copied, where an adapter can do that. The proof is kept in the store; None, and
    nothing kept, where there is nothing to do.
    """
    with locks.exclusive(ws.store.workspace("rehearsal.lock"), f"rehearsal of {revision}"):
        _clear(ws)
        found = planned(ws, revision, scope, options, report)
        if not found.plan.actions:
            return found.plan, None
        try:
            proof = keeping.sealed(_proof(ws, found, rows, report), ws.keys)
        finally:
            shutil.rmtree(_place(ws), ignore_errors=True)
        keeping.keep(ws.store, proof)
        return found.plan, proof


def _proof(ws: Workspace, found: Planned, rows: int, report: Report) -> Proof:
    plan = found.plan
    began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    works: dict[str, list[Action]] = defaultdict(list)
    for action in plan.actions:
        works[action.resource].append(action)
    parts = [_part(ws, found, name, actions, rows, report) for name, actions in works.items()]
    return Proof(
        plan=plan.digest,
        essence=essence(plan),
        base=plan.base,
        target=plan.target,
        scope=list(plan.scope.patterns),
        time=began,
        snapstore=__version__,
        passed=all(part.passed for part in parts),
        parts=parts,
    )


def _part(
    ws: Workspace, found: Planned, name: str, actions: Sequence[Action], rows: int, report: Report
) -> Part:
    report(f"{name}: rehearsing {len(actions):,} {'action' if len(actions) == 1 else 'actions'}")
    begun = perf_counter()
    try:
        make = adapters.load(ws.config.resources[name].adapter).rehearse
        if make is None:
            part = _on_facts(ws, found, name, actions)
        else:
            part = _on_scratch(ws, found, name, actions, rows, report)
    except Exception as error:
        raise adapter_error(name, error) from error
    return msgspec.structs.replace(part, seconds=round(perf_counter() - begun, 3))


def _on_facts(ws: Workspace, found: Planned, name: str, actions: Sequence[Action]) -> Part:
    changes = next((c for c in diff(found.live, found.target, found.plan.scope) if c.resource == name), None)
    wrong: list[str] = []
    if changes is not None:
        changes = owed(changes, ws.keys.only_resealed, found.live, found.target)
        wrong = wrongs(actions, changes, facts(found.live, name))
    steps = [Step(action.verb, action.summary, action.lock, None) for action in actions]
    adapter = ws.config.resources[name].adapter
    version = str(found.live.hints.get(name, {}).get("server_version", ""))
    part = Part(name, adapter, How.MODEL, _MODELLED, version, 0.0, steps, mismatches=wrong)
    return msgspec.structs.replace(part, notes=list(_unverifiable(actions)))


def _unverifiable(actions: Sequence[Action]) -> Iterator[str]:
    """What a model cannot show of an action that says itself that it may not lead where it should."""
    for action in actions:
        for hazard in action.hazards:
            if hazard.name is HazardName.UNVERIFIABLE:
                yield f"not shown: {action.summary} ({hazard.text})"


def _on_scratch(
    ws: Workspace, found: Planned, name: str, actions: Sequence[Action], rows: int, report: Report
) -> Part:
    resource = ws.config.resources[name]
    make = adapters.load(resource.adapter).rehearse
    assert make is not None  # noqa: S101 - the caller has looked
    with (
        _folder(ws, name) as folder,
        make(resource.settings, context_of(ws.config, ws.keys, name), folder, actions) as stage,
    ):
        part = Part(name, resource.adapter, How.SCRATCH, stage.where, stage.version, 0.0, [])
        on = scratch(ws, _place(ws) / _STAT, name, stage, report)
        return rehearsed(on, found, actions, rows, part)


# Folders of rehearsals: one that is there has to be cleared, for its rehearsal was killed


_STAT = ".stat"  # no name of a resource begins with a dot


def _place(ws: Workspace) -> Path:
    return ws.store.workspace("rehearsal")


@contextmanager
def _folder(ws: Workspace, name: str) -> Iterator[Path]:
    folder = _place(ws) / name
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear(ws: Workspace) -> None:
    """Remove what a rehearsal that was killed has left."""
    place = _place(ws)
    for folder in place.iterdir() if place.is_dir() else ():
        resource = ws.config.resources.get(folder.name)
        if resource is not None:
            try:
                context = context_of(ws.config, ws.keys, folder.name)
                adapters.load(resource.adapter).clear(resource.settings, context, folder)
            except Exception as error:
                raise adapter_error(folder.name, error) from error
        shutil.rmtree(folder)
        if folder.exists():
            raise SnapError("what a rehearsal has left cannot be removed", where=str(folder))
