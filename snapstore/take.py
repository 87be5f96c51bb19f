"""Snapshots: of the live system, and of any revision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from snapstore import __version__
from snapstore.capture import capture
from snapstore.deploys import Told
from snapstore.errors import SnapError
from snapstore.model import EVERYTHING, Notice, Scope
from snapstore.secrets import REDACTOR
from snapstore.snapshot import Snapshot, resources
from snapstore.store import ResourceState
from snapstore.store.locks import short
from snapstore.workspace import Workspace

LIVE = "live"
_NAMED = 10
VERSION_TRAILER = {"Snapstore-Version": __version__}


class TakeResult(msgspec.Struct, frozen=True):
    """What a take found: ``changed`` says whether ``commit`` is new.

    ``resources`` are the tree ids of the captured resources by name ("" for one that holds nothing);
    ``notices`` is what their captures had to tell. ``metrics`` are the values by series of those that are
    watched, where they were kept with the snapshot, ``told`` is what was recorded with it now.
    """

    commit: str
    tree: str
    changed: bool
    resources: dict[str, str]
    notices: dict[str, list[Notice]]
    metrics: dict[str, dict[str, float | str]] = {}
    told: Told | None = None


def take(
    ws: Workspace,
    message: str,
    scope: Scope = EVERYTHING,
    trailers: Mapping[str, str] = {},
    *,
    strict: bool = False,
) -> TakeResult:
    """Commit the live state of the resources in scope; the others stay as the last snapshot has them.

    An unchanged state makes no commit. Nothing in the systems changes, except by the user's hooks. Secrets
    in the message are masked. With ``strict``, whatever a capture has to tell that is serious is an error.
    """
    names = whole_resources(ws, scope)
    _run_hooks(ws, "before_take", names)
    states = capture(ws.config, ws.keys, names, ws.store)
    if strict:
        _require_nothing_serious(states)
    # A scoped take builds on the last snapshot: one that came in between would be reverted in its tree.
    with short(ws.store.workspace("take.lock")):
        before = _head(ws)
        snapshot = ws.store.build(states, keep=True, base=before if scope.patterns else None)
        words = REDACTOR.redact(message, sealed=True)
    commit = ws.store.commit(snapshot, words, trailers={**VERSION_TRAILER, **trailers})
    ws.store.consolidate_soon()
    found = resources(snapshot)
    old = resources(before) if before else {}
    _run_hooks(ws, "after_take", [name for name in names if found[name] != old.get(name)])
    return TakeResult(
        commit=commit or ws.store.head() or "",
        tree=snapshot.tree,
        changed=commit is not None,
        resources={name: found[name].tree or "" for name in names},
        notices={name: state.captured.notices for name, state in states.items() if state.captured.notices},
    )


def _require_nothing_serious(states: Mapping[str, ResourceState]) -> None:
    found = [
        f"{name}: {notice.subject}: {notice.text}"
        for name, state in states.items()
        for notice in state.captured.notices
        if notice.serious
    ]
    if found:
        more = f" (and {len(found) - _NAMED} more)" if len(found) > _NAMED else ""
        fix = "put that right or exclude it, or take the snapshot without --strict; none was taken"
        raise SnapError(f"{'; '.join(found[:_NAMED])}{more}", where="--strict", fix=fix)


def _run_hooks(ws: Workspace, stage: str, names: Collection[str]) -> None:
    if stage in ws.config.hooks:
        from snapstore import hooks

        hooks.run(ws, stage, names)


def live(ws: Workspace, scope: Scope = EVERYTHING, keep: bool = False) -> Snapshot:
    """The state of the systems now; resources outside the scope are those of the last snapshot.

    Nothing is written to the store unless ``keep``.
    """
    # A snapshot that is kept is there to plan with. The facts that this takes would have to be read back from
    # the store, which takes a third more memory than capturing them does.
    remembered = None if keep else ws.store
    states: dict[str, ResourceState] = capture(ws.config, ws.keys, in_scope(ws, scope), remembered)
    return ws.store.build(states, keep=keep, base=_head(ws) if scope.patterns else None)


def snapshot_of(ws: Workspace, revision: str, scope: Scope = EVERYTHING) -> Snapshot:
    """The snapshot that a revision names; ``live`` is the systems now, read only as far as the scope goes."""
    if revision == LIVE:
        return live(ws, scope)
    return ws.store.snapshot(ws.store.resolve(revision))


def in_scope(ws: Workspace, scope: Scope) -> list[str]:
    """Names of the configured resources that the scope touches, sorted. SnapError for an unknown one."""
    known = ws.config.resources
    if not scope.patterns:
        return sorted(known)
    wanted = {pattern.partition(":")[0] for pattern in scope.patterns}
    return sorted(_known(wanted, known))


def whole_resources(ws: Workspace, scope: Scope) -> list[str]:
    """The same for an operation that cannot work on a part of a resource. SnapError when asked to."""
    part = next((pattern for pattern in scope.patterns if ":" in pattern), None)
    if part is not None:
        raise SnapError(
            f"a snapshot holds whole resources; {part!r} is a part of one",
            fix=f"use --only {part.partition(':')[0]}",
        )
    return in_scope(ws, scope)


def _known(wanted: Collection[str], known: Collection[str]) -> Sequence[str]:
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        raise SnapError(
            f"no resource named {unknown[0]!r}",
            fix=f"configured resources: {', '.join(sorted(known)) or 'none'}",
        )
    return list(wanted)


def _head(ws: Workspace) -> Snapshot | None:
    commit = ws.store.head()
    return ws.store.snapshot(commit) if commit else None
