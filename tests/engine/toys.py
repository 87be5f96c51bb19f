"""Two small systems that can be captured and restored, and that fail when told to.

Each is a JSON file: facts that need each other, and texts. As a real system does, it refuses to create what
lacks what it needs, and to drop what something else stands on. ``ledger`` changes all or nothing; ``shelf``
is changed one action at a time.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from snapstore import adapter as adapters
from snapstore.adapter import Adapter, ApplyContext, Context, PlanRequest
from snapstore.config import Config, HookConfig, ResourceConfig
from snapstore.errors import Exit, SnapError
from snapstore.model import (
    Action,
    Captured,
    Document,
    Fact,
    FactChange,
    FileChange,
    Hazard,
    HazardName,
    LiveFile,
    Verb,
)

FILE_MODE = 0o100644


class ToySettings(msgspec.Struct, forbid_unknown_fields=True):
    """``documents``: over how many documents the facts are spread."""

    path: str
    documents: int = 1


@dataclass
class Faults:
    """What goes wrong, by resource; reset between tests. ``full``: facts that are data loss to drop."""

    capture: dict[str, str] = field(default_factory=dict)
    lock: set[str] = field(default_factory=set)
    lose_lock: set[str] = field(default_factory=set)
    fail_at: dict[str, int] = field(default_factory=dict)
    kill_at: dict[str, int] = field(default_factory=dict)
    skip: set[str] = field(default_factory=set)
    full: set[str] = field(default_factory=set)
    on_capture: Callable[[str], None] = lambda resource: None
    on_action: Callable[[str, Action], None] = lambda resource, action: None


faults = Faults()


# The system


@dataclass
class System:
    """Facts by identity, texts by path."""

    facts: dict[str, dict[str, Any]]
    texts: dict[str, str]

    def put(self, identity: str, entry: dict[str, Any]) -> None:
        missing = [need for need in _stands_on(entry) if need not in self.facts]
        if missing:
            raise SnapError(f"{identity} needs {missing[0]}, which is not there")
        self.facts[identity] = entry

    def drop(self, identity: str) -> None:
        above = [other for other, entry in self.facts.items() if identity in _stands_on(entry)]
        if above:
            raise SnapError(f"{above[0]} stands on {identity}")
        del self.facts[identity]


def entry_of(value: dict[str, Any]) -> dict[str, Any]:
    """What the file holds of a fact; a dictionary without ``attrs`` is taken for the attributes."""
    whole = value if "attrs" in value else {"attrs": value}
    return {"needs": [], "parent": None} | {key: part for key, part in whole.items() if key != "id"}


def _stands_on(entry: dict[str, Any]) -> list[str]:
    return [*entry.get("needs", []), *([entry["parent"]] if entry.get("parent") else [])]


def load(path: Path) -> System:
    raw = json.loads(path.read_text())
    return System(raw["facts"], raw["texts"])


def save(path: Path, system: System) -> None:
    spare = path.with_suffix(".new")
    spare.write_text(json.dumps({"facts": system.facts, "texts": system.texts}))
    spare.replace(path)


# The adapters


def _file(settings: ToySettings, context: Context) -> Path:
    return context.root / settings.path


def _capture(settings: ToySettings, context: Context) -> Captured:
    faults.on_capture(context.resource)
    if context.resource in faults.capture:
        raise SnapError(faults.capture[context.resource])
    system = load(_file(settings, context))
    shelves: list[list[Fact]] = [[] for _ in range(settings.documents)]
    for identity, entry in system.facts.items():
        fact = Fact(identity, entry["attrs"], entry.get("parent"), tuple(entry.get("needs", ())))
        shelf = entry.get("shelf", sum(identity.encode()))
        shelves[shelf % settings.documents].append(fact)
    return Captured(
        documents=[Document(f"part{i}.json", tuple(facts)) for i, facts in enumerate(shelves) if facts],
        files=[LiveFile(path, FILE_MODE, text.encode()) for path, text in system.texts.items()],
        hints={"full": sorted(faults.full & system.facts.keys())},
    )


def _plan(transactional: bool) -> Callable[[PlanRequest], list[Action]]:
    def plan(request: PlanRequest) -> list[Action]:
        facts = [_fact_action(request, change, transactional) for change in request.changes.facts]
        files = [_file_action(request.resource, change, transactional) for change in request.changes.files]
        return facts + files

    return plan


def _fact_action(request: PlanRequest, change: FactChange, transactional: bool) -> Action:
    before = _stands_on(msgspec.to_builtins(change.before)) if change.before else []
    after = _stands_on(msgspec.to_builtins(change.after)) if change.after else []
    verb = Verb.CREATE if change.before is None else Verb.DROP if change.after is None else Verb.ALTER
    full = verb is Verb.DROP and change.id in request.live_hints.get("full", ())
    hazards = (Hazard(HazardName.DATA_LOSS, f"{change.id} is not empty", rows=1200),) if full else ()
    return Action(
        resource=request.resource,
        verb=verb,
        subject=change.id,
        summary=f"{verb} {change.id}",
        payload={"fact": json.loads(msgspec.json.encode(change.after))},
        produces=(change.id,) if verb is Verb.CREATE else (),
        destroys=(change.id,) if verb is Verb.DROP else (),
        needs=tuple(after),
        releases=tuple(need for need in before if need not in after),
        hazards=hazards,
        transactional=transactional,
    )


def _file_action(resource: str, change: FileChange, transactional: bool) -> Action:
    verb = Verb.CREATE if change.before is None else Verb.DROP if change.after is None else Verb.ALTER
    return Action(
        resource=resource,
        verb=verb,
        subject=change.path,
        summary=f"{verb} {change.path}",
        payload={"blob": change.after.oid if change.after else None},
        transactional=transactional,
    )


def _perform(system: System, action: Action, context: ApplyContext) -> None:
    if action.subject in faults.skip:
        return
    if "fact" in action.payload:
        entry = action.payload["fact"]
        if entry is None:
            system.drop(action.subject)
        else:
            system.put(action.subject, entry_of(entry))
        return
    blob = action.payload["blob"]
    if blob is None:
        del system.texts[action.subject]
    else:
        with context.open_blob(blob) as content:
            system.texts[action.subject] = content.read().decode()


def _trouble(resource: str, number: int, action: Action) -> None:
    faults.on_action(resource, action)
    if faults.kill_at.get(resource) == number:
        os.kill(os.getpid(), signal.SIGKILL)
    if faults.fail_at.get(resource) == number:
        raise SnapError("the system said no")


def _apply_ledger(settings: ToySettings, actions: Sequence[Action], context: ApplyContext) -> None:
    path = _file(settings, context)
    system = load(path)
    for number, action in enumerate(actions):
        context.journal.started(action)
        _trouble(context.resource, number, action)
        _perform(system, action, context)
        context.journal.finished(action)
    save(path, system)
    context.journal.committed()


def _apply_shelf(settings: ToySettings, actions: Sequence[Action], context: ApplyContext) -> None:
    path = _file(settings, context)
    for number, action in enumerate(actions):
        context.journal.started(action)
        _trouble(context.resource, number, action)
        system = load(path)
        _perform(system, action, context)
        save(path, system)
        context.journal.finished(action)


@contextmanager
def _lock(settings: ToySettings, context: Context) -> Iterator[None]:
    if context.resource in faults.lock:
        raise SnapError("somebody else is at it", code=Exit.LOCKED)
    yield
    if context.resource in faults.lose_lock:
        raise SnapError("the connection is gone")


def _adapter(name: str, transactional: bool, apply: Callable[..., None]) -> Adapter:
    return Adapter(
        name=name,
        format=1,
        summary="a toy",
        settings=ToySettings,
        capture=_capture,
        plan=_plan(transactional),
        apply=apply,
        lock=_lock,
    )


ADAPTERS = {
    "ledger": _adapter("ledger", True, _apply_ledger),
    "shelf": _adapter("shelf", False, _apply_shelf),
}


def install() -> None:
    """Make the toys the only adapters of this process."""
    adapters.load = ADAPTERS.__getitem__  # type: ignore[assignment]


def config(root: Path, kinds: dict[str, str], **changes: Any) -> Config:
    """A configuration of toys below ``root``: names to adapters, each in NAME.json."""
    documents = changes.pop("documents", 1)
    after = changes.pop("depends_on", {})
    resources = {
        name: ResourceConfig(name, kind, ToySettings(f"{name}.json", documents), tuple(after.get(name, ())))
        for name, kind in kinds.items()
    }
    known: dict[str, Any] = {
        "path": root / "snapstore.toml",
        "root": root,
        "store": root / "store",
        "branch": "main",
        "resources": resources,
    }
    return Config(**{**known, **changes})


def hook(run: str, root: Path, **changes: Any) -> HookConfig:
    return HookConfig(**{"run": run, "name": run, "cwd": root, **changes})
