"""What stops a restore before it changes anything. Each check raises a SnapError that says why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, NoReturn

import msgspec

from snapstore import adapter as adapters
from snapstore.adapter import Report
from snapstore.diff import diff
from snapstore.errors import Exit, SnapError, some
from snapstore.journal import Journal
from snapstore.model import Fact, FileChange, HazardName, Plan, Scope
from snapstore.nearest import nearest
from snapstore.plan import refused, shape
from snapstore.render.plans import hazard_text
from snapstore.snapshot import ATTRIBUTES, ResourceEntry, Snapshot, facts, resources
from snapstore.verify import Name, differing

if TYPE_CHECKING:
    from snapstore.config import Config
    from snapstore.secrets import Keys
    from snapstore.store import Store

AGAIN = "make it again with `snap plan`"


class PlanRefused(SnapError):
    """A plan with hazards that nobody has allowed; ``plan`` is there to show people what was refused."""

    def __init__(self, plan: Plan, what: str, *, fix: str) -> None:
        super().__init__(what, fix=fix, code=Exit.REFUSED)
        self.plan = plan


def restorable(config: Config, target: Snapshot, scope: Scope, wanted: list[str], report: Report) -> Scope:
    """The part of the scope that the target knows; what is left alone is reported by name.

    ``wanted`` are the configured resources of the scope. SnapError when nothing is left of them, or when
    one was captured by another adapter then.
    """
    there, at = resources(target), (target.commit or target.tree)[:10]
    kept = [name for name in wanted if name in there]
    for name in kept:
        _require_adapter(name, there[name].adapter, config.resources[name].adapter, at)
    unknown_then = sorted(set(wanted) - set(kept))
    unknown_now = sorted(set(there) - set(config.resources)) if not scope.patterns else []
    for name in unknown_then:
        report(f"{name}: not in {at}, left alone")
    for name in unknown_now:
        report(f"{name}: no longer configured, left alone")
    if not kept:
        raise SnapError(f"nothing to restore: {at} has none of {', '.join(wanted)}", fix="see `snap log`")
    if not unknown_then and not unknown_now:
        return scope
    return Scope(tuple(p for p in scope.patterns or kept if p.partition(":")[0] in kept))


def _require_adapter(name: str, then: str, now: str, at: str) -> None:
    if then != now:
        raise SnapError(
            f"{at} was taken with the adapter {then!r}, the configuration now says {now!r}",
            where=name,
            fix="configure it as it was then, or leave it out with --only",
        )


def require_renames(config: Config, live: Snapshot, target: Snapshot, renames: Mapping[str, str]) -> None:
    """SnapError unless each renaming is from something live to something of the target, in one resource
    whose adapter can rename it."""
    names = [name for name in resources(live) if name in resources(target) and name in config.resources]
    for old, new in renames.items():
        kind = old.partition(":")[0]
        able = [n for n in names if kind in adapters.load(config.resources[n].adapter).renames]
        sides = [(_with_inside(config, n, live), _with_inside(config, n, target)) for n in able]
        if not any(old in now and new in then for now, then in sides):
            _no_such_rename(old, new, sides)


def _with_inside(config: Config, name: str, snapshot: Snapshot) -> dict[str, Fact]:
    """The facts of a resource, and by the names of what is inside them what they are."""
    inside = adapters.load(config.resources[name].adapter).inside
    found = facts(snapshot, name)
    return {**{part: fact for fact in found.values() for part in inside(fact)}, **found}


def _no_such_rename(old: str, new: str, sides: list[tuple[dict[str, Fact], dict[str, Fact]]]) -> NoReturn:
    if not sides:
        raise SnapError(f"{old} is nothing that can be renamed", where="--rename")
    is_live = any(old in now for now, _ in sides)
    missing, at = (new, "in the target") if is_live else (old, "live")
    kind = old.partition(":")[0] + ":"
    close = nearest(missing, {name for both in sides for name in both[is_live] if name.startswith(kind)})
    fix = f"did you mean {close}?" if close else "see `snap plan` for what differs"
    raise SnapError(f"{missing} is not {at}", where="--rename", fix=fix)


def require_current(reviewed: Plan, plan: Plan, live: Snapshot) -> None:
    """SnapError with code STALE unless the reviewed plan is still the one to make for the live state.

    Names facts and files that moved. ``plan`` is the plan made for ``live`` just now.
    """
    if reviewed.actions and not plan.actions:
        text = "nothing is left to do: the live state is the one that the plan leads to"
        fix = "somebody has carried it out already: see `snap log` and `snap report`"
        raise SnapError(text, fix=fix, code=Exit.STALE)
    if reviewed.base.tree != live.tree:
        base = msgspec.structs.replace(live, tree=reviewed.base.tree, commit=None)
        since = differing(diff(base, live, reviewed.scope))
        if since:
            text = f"the live state has moved on since the plan was made: {some(since)}"
            raise SnapError(text, fix=AGAIN, code=Exit.STALE)
    # Equal facts, but perhaps not equal hints: a table that was empty may hold rows by now.
    if shape(reviewed) != shape(plan):
        raise SnapError("the plan would be another one by now", fix=AGAIN, code=Exit.STALE)


def require_allowed(config: Config, plan: Plan, allow: Collection[HazardName]) -> None:
    """PlanRefused, which lists the hazards that nobody has allowed, with their sizes."""
    stopping = refused(plan, config.allow | set(allow), config.refuse)
    if stopping:
        flags = " ".join(f"--allow {name}" for name in dict.fromkeys(h.name for h in stopping))
        lines = "".join(f"\n  {hazard_text(hazard)}" for hazard in stopping)
        raise PlanRefused(
            plan,
            f"refused, nothing was changed: hazards that are not allowed{lines}",
            fix=f"allow them with {flags}, or narrow the restore with --only",
        )


def require_secrets(keys: Keys, plan: Plan) -> None:
    """SnapError where a secret of the plan cannot be unsealed: told before anything has changed."""
    for action in plan.actions:
        for ref in action.secrets.values():
            keys.unseal(action.resource, ref.identity, ref.token)


def require_large(store: Store, live: Snapshot, target: Snapshot, scope: Scope) -> None:
    """SnapError that names what large files are not there, of those that have to be written."""
    if not any(_has_large(target, entry) for entry in resources(target).values()):
        return
    lacking = sorted(
        Name(changes.resource, change.path)
        for changes in diff(live, target, scope)
        for change in changes.files
        if change.after and _is_other(change) and store.lacks(change.after.oid)
    )
    if lacking:
        text = f"the large files that this needs are not all there, nothing was changed: {some(lacking)}"
        fix = "bring them with `snap pull` or from a backup of that place, or narrow the restore with --only"
        raise SnapError(text, where=store.large.place.name, fix=fix)


def _has_large(snapshot: Snapshot, entry: ResourceEntry) -> bool:
    return entry.tree is not None and any(
        below.name == ATTRIBUTES for below in snapshot.objects.tree(entry.tree)
    )


def _is_other(change: FileChange) -> bool:
    return change.before is None or change.after is None or change.before.oid != change.after.oid


def require_confirmed(confirm: Callable[[Plan], bool] | None, plan: Plan) -> None:
    """SnapError when there is somebody to ask, and the answer is no."""
    if confirm is not None and not confirm(plan):
        raise SnapError("not confirmed, nothing was changed", fix="--yes answers for you")


def require_resources(config: Config, plan: Plan) -> None:
    """SnapError unless the settings have all resources that an interrupted restore works on."""
    gone = sorted({action.resource for action in plan.actions} - config.resources.keys())
    if gone:
        text = f"the settings no longer have what the interrupted restore works on: {some(gone)}"
        fix = "put that back there until the restore is completed or taken back"
        raise SnapError(text, where=str(config.path), fix=fix)


def strangers(record: Journal, live: Snapshot, safety: Snapshot, target: Snapshot) -> list[Name]:
    """What somebody else has changed since the restore was interrupted.

    That is all that is neither as it was before the restore nor as it should be after it, except where an
    action of the restore itself was under way and may have left something in between.
    """
    scope = record.begin.plan.scope
    neither = set(differing(diff(live, target, scope))) & set(differing(diff(live, safety, scope)))
    own = _touched(record)
    return sorted(name for name in neither if not _is_own(name, own, safety, target))


def _touched(record: Journal) -> set[Name]:
    """Everything that the actions which were begun make, change or remove."""
    return {
        Name(action.resource, name)
        for action in record.started()
        for name in (action.subject, *action.produces, *action.destroys)
    }


def _is_own(name: Name, own: set[Name], *snapshots: Snapshot) -> bool:
    """Whether it, or something that it is a part of, was touched: parts go with the whole."""
    if name in own:
        return True
    for snapshot in snapshots:
        known = facts(snapshot, name.resource)
        fact = known.get(name.name)
        while fact is not None and fact.parent is not None:
            if Name(name.resource, fact.parent) in own:
                return True
            fact = known.get(fact.parent)
    return False
