"""What is looked at before a deploy: each check gives what it found, or raises SnapError with what to do."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

from snapstore import adapter as adapters
from snapstore import deploys, journal, secrets
from snapstore.adapter import Context
from snapstore.capture import adapter_error, context_of
from snapstore.config.preflight import Check
from snapstore.errors import SnapError, some
from snapstore.preflight.backups import newest
from snapstore.preflight.checked import Checked, State
from snapstore.rehearsal import keeping
from snapstore.rehearsal.proof import Proof
from snapstore.render.values import count, size
from snapstore.retold import differences
from snapstore.snapshot import Snapshot, resources
from snapstore.take import live
from snapstore.verify import differing
from snapstore.workspace import Workspace

T = TypeVar("T")


class Scene:
    """What several checks look at, read once and only where one asks for it."""

    def __init__(self, ws: Workspace, env: Mapping[str, str]) -> None:
        self.ws, self.env, self.now = ws, env, time.time()

    @cached_property
    def head(self) -> Snapshot:
        commit = self.ws.store.head()
        if commit is None:
            raise SnapError("there is no snapshot yet", fix="snap take -m 'before the deploy'")
        return self.ws.store.snapshot(commit)

    @cached_property
    def live(self) -> Snapshot:
        return live(self.ws)

    def ago(self, then: float) -> str:
        return f"{words(self.now - then)} ago"


def words(seconds: float) -> str:
    """``3 h``; a time to come is ``0 s``."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if round(seconds / length, 1) >= 2:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def checklist(ws: Workspace, env: Mapping[str, str]) -> Iterator[Checked]:
    """Every check in its order, as it is done."""
    scene = Scene(ws, env)
    for check in Check:
        yield _checked(scene, check)


def _checked(scene: Scene, check: Check) -> Checked:
    if check in scene.ws.config.preflight.skip:
        return Checked(check, State.SKIPPED, "left out by [preflight] skip")
    try:
        return Checked(check, State.PASSED, _CHECKS[check](scene))
    except SnapError as error:
        text = f"{error.where}: {error.what}" if error.where else error.what
        return Checked(check, State.FAILED, text, error.fix)


# The state


def _captured(scene: Scene) -> str:
    changes = differences(scene.head, scene.live).changes
    if changes:
        text = f"the live state has moved on since the last snapshot: {some(differing(changes))}"
        raise SnapError(text, fix="look at it with `snap diff`, then `snap take`")
    at = scene.ws.store.info(scene.head.commit or "").time
    return f"the live state is that of {_short(scene.head)}, taken {scene.ago(at)}"


def _configuration(scene: Scene) -> str:
    known = resources(scene.head)
    lacking = sorted(scene.ws.config.resources.keys() - known.keys())
    if lacking:
        raise SnapError(f"not in the last snapshot: {', '.join(lacking)}", fix="snap take")
    wrong = secrets.check(scene.ws.config.store, scene.env)
    if wrong:
        text = f"sealed values could not be restored: {wrong[0].subject}: {wrong[0].text}"
        raise SnapError(text, fix="see `snap doctor`")
    return f"{count(len(scene.ws.config.resources), 'resource')} in it, and its secrets can be read here"


def _versions(scene: Scene) -> str:
    found, moved = [], []
    for name in scene.ws.config.resources:
        then, now = (side.hints.get(name, {}).get("server_version") for side in (scene.head, scene.live))
        found += [f"{name} {now}"] if now else []
        moved += [f"{name} is {now}, it was {then}"] if then and now and then != now else []
    if moved:
        text = f"servers are of another version than in the last snapshot: {', '.join(moved)}"
        raise SnapError(text, fix="take one of them as they are (`snap take`), and rehearse a rollback to it")
    return f"as in the last snapshot: {', '.join(found)}" if found else "no resource tells of one"


def _short(snapshot: Snapshot) -> str:
    return (snapshot.commit or snapshot.tree)[:10]


# What stands beside it


def _backup(scene: Scene) -> str:
    backups = scene.ws.config.preflight.backups
    if not backups:
        fix = 'say where it is: [[preflight.backup]] file = "backups/*.dump", or skip = ["backup"]'
        raise SnapError("no backup is configured", fix=fix)
    said = []
    for backup in backups:
        try:
            found = newest(backup, scene.ws.config.root)
        except SnapError as error:
            raise SnapError(f"{backup.name}: {error.what}", where=error.where, fix=error.fix) from error
        if scene.now - found.time > backup.max_age:
            text = f"{found.name} is {words(scene.now - found.time)} old, {words(backup.max_age)} are allowed"
            raise SnapError(f"{backup.name}: {text}", fix="make a new one, or say max_age")
        said.append(f"{found.name}, {scene.ago(found.time)}")
    return "; ".join(said)


def _rehearsed(scene: Scene) -> str:
    tree = scene.head.tree
    of_it = [p for p in _proofs(scene) if tree in (p.base.tree, p.target.tree)]
    if not of_it and len(list(scene.ws.store.log("HEAD", 2))) < 2:
        return "nothing to rehearse yet: there is no earlier snapshot to go back to"
    if not of_it:
        fix = "snap rehearse HEAD~1"
        raise SnapError("no rollback from or to this state was rehearsed", fix=fix)
    newest = of_it[0]
    if not newest.passed:
        text = f"the last rehearsal, at {newest.time}, did not pass"
        raise SnapError(text, fix="see what is wrong: `snap rehearse` it again")
    age = scene.now - _seconds(newest.time)
    if age > scene.ws.config.preflight.rehearsed:
        raise SnapError(f"the last rehearsal is {words(age)} old", fix="snap rehearse HEAD~1")
    lacking = _unrehearsed(scene, newest)
    if lacking:
        text = f"the last rehearsal left out what differs in {', '.join(lacking)}"
        raise SnapError(text, fix="rehearse it without --only and --group")
    way = "from" if tree == newest.base.tree else "to"
    return f"a rollback {way} this state, {words(age)} ago: {count(len(newest.parts), 'resource')}"


def _proofs(scene: Scene) -> list[Proof]:
    """Those of this store and the one that came with the snapshot, the newest first."""
    store, keys = scene.ws.store, scene.ws.keys
    found = [*keeping.kept(store, keys), *keeping.noted(store, keys, scene.head.commit)]
    return sorted(found, key=lambda proof: proof.time, reverse=True)


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def _unrehearsed(scene: Scene, proof: Proof) -> list[str]:
    """Resources that differ between the two states of a rehearsal and were no part of it."""
    base, target = (Snapshot(side.tree, scene.head.objects) for side in (proof.base, proof.target))
    differ = {c.resource for c in differences(base, target).changes} & scene.ws.config.resources.keys()
    return sorted(differ - {part.resource for part in proof.parts})


def _notified(scene: Scene) -> str:
    times = [(told.time, told.notified) for told in deploys.of(scene.head) if told.notified]
    times += _sent(scene)
    if not times:
        fix = "`snap notify 'Deploy of 2.4 at 22:00'`, or record it: `snap take --notified '#deploys'`"
        raise SnapError(f"nobody was told of a deploy from {_short(scene.head)}", fix=fix)
    at, whom = max(times)
    if scene.now - at > scene.ws.config.preflight.notified:
        raise SnapError(f"the team was told {scene.ago(at)}", fix="tell it again: `snap notify`")
    return f"{whom}, {scene.ago(at)}"


def _sent(scene: Scene) -> list[tuple[float, str]]:
    """Messages of a deploy that somebody got while this was the newest snapshot."""
    from snapstore.config.notifying import Event
    from snapstore.notify.sending import history

    return [
        (sent.time, ", ".join(delivery.to for delivery in sent.deliveries if not delivery.problem))
        for sent in history(scene.ws)
        if sent.event is Event.DEPLOY and sent.commit == scene.head.commit and sent.arrived
    ]


# The machine and the systems


def _idle(scene: Scene) -> str:
    with scene.ws.store.lock("preflight"):
        journal.require_finished(scene.ws.journals)
    return "no restore is under way, and none was interrupted"


def _disk(scene: Scene) -> str:
    least, said = scene.ws.config.preflight.free, []
    for what, path in (("the store", scene.ws.config.store), ("the project", scene.ws.config.root)):
        free = shutil.disk_usage(path).free
        if free < least:
            text = f"{size(free)} are free where {what} is, {size(least)} are wanted"
            raise SnapError(text, where=str(path), fix="free some space, or say `free` under [preflight]")
        said.append(f"{size(free)} for {what}")
    return ", ".join(said)


def _permissions(scene: Scene) -> str:
    store = scene.ws.config.store
    if not os.access(store, os.W_OK | os.X_OK):
        raise SnapError("the store cannot be written", where=str(store), fix="run as a user who may")
    for name, resource in scene.ws.config.resources.items():
        found = _asked(scene, name, adapters.load(resource.adapter).check)
        if found:
            raise SnapError(f"{found[0].subject}: {found[0].text}", where=name, fix="see `snap doctor`")
    return "the store can be written, and every resource can be read and restored"


def _clock(scene: Scene) -> str:
    limit, said = scene.ws.config.preflight.clock, []
    for name, resource in scene.ws.config.resources.items():
        ask = adapters.load(resource.adapter).clock
        if ask is None:
            continue
        before = time.time()
        there = _asked(scene, name, ask)
        off = max(before - there, there - time.time(), 0.0)
        if off > limit:
            fix = "set both clocks by NTP: times in journals, reports and metrics would not fit together"
            raise SnapError(f"its clock is {words(off)} off ours", where=name, fix=fix)
        said.append(name)
    if scene.ws.store.info(scene.head.commit or "").time > scene.now + limit:
        raise SnapError("the last snapshot is of a time to come", fix="set the clock of this machine")
    return f"ours is that of {', '.join(said)}" if said else "it is after the last snapshot"


def _asked(scene: Scene, name: str, ask: Callable[[Any, Context], T]) -> T:
    """What an adapter's function of its settings and context gives for a resource."""
    try:
        resource = scene.ws.config.resources[name]
        return ask(resource.settings, context_of(scene.ws.config, scene.ws.keys, name))
    except Exception as error:
        raise adapter_error(name, error) from error


_CHECKS: dict[Check, Callable[[Scene], str]] = {
    Check.CAPTURED: _captured,
    Check.BACKUP: _backup,
    Check.CONFIGURATION: _configuration,
    Check.REHEARSED: _rehearsed,
    Check.NOTIFIED: _notified,
    Check.IDLE: _idle,
    Check.DISK: _disk,
    Check.PERMISSIONS: _permissions,
    Check.VERSIONS: _versions,
    Check.CLOCK: _clock,
}
