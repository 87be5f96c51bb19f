"""Running actions: in as few parts as the provider needs, each done once or not at all, then read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from snapstore.adapter import ApplyContext, Context
from snapstore.errors import SnapError
from snapstore.model import Action, Fact
from snapstore.remote.lost import moved, otherwise
from snapstore.remote.retrying import once, surely
from snapstore_cdn.between import is_between
from snapstore_cdn.provider import Attrs, Change, Provider, opened
from snapstore_cdn.purge import Purge
from snapstore_cdn.sealing import unsealed
from snapstore_cdn.settings import Settings


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run the actions in order. SnapError with code STALE where somebody else has changed the same."""
    with opened(settings, context) as provider:
        for kind, group in groupby(actions, key=_kind):
            _RUNS[kind](provider, list(group), context)


def tidy(settings: Settings, actions: Sequence[Action], context: Context) -> None:
    """Wait for what a restore that was interrupted has written: what is purged before it is everywhere may be
    kept once more as it was."""
    if any(_kind(action) == "change" for action in actions):
        with opened(settings, context) as provider:
            provider.settle(lambda text: None)


def _kind(action: Action) -> str:
    return "purge" if "purge" in action.payload else "change" if "id" in action.payload else "nothing"


def _skip(provider: Provider, actions: Sequence[Action], context: ApplyContext) -> None:
    """What cannot be done is done with: the verification will say so."""
    context.journal.started(*actions)
    context.journal.finished(*actions)


def _purge(provider: Provider, actions: Sequence[Action], context: ApplyContext) -> None:
    for action in actions:
        context.journal.started(action)
        surely(lambda: provider.purge(Purge(**action.payload["purge"]), context.report), provider.lost)  # noqa: B023
        context.journal.finished(action)
        context.journal.committed()


def _change(provider: Provider, actions: Sequence[Action], context: ApplyContext) -> None:
    by_id = {action.payload["id"]: action for action in actions}
    changes = [_change_of(action, context) for action in actions]
    _require_unmoved(_read(provider), changes, context.resource)
    for batch in provider.batches(changes):
        some = [by_id[change.id] for change in batch]
        _write(provider, batch, _beginning(context, some), context.resource)
        context.journal.finished(*some)
    _require_done(_read(provider), changes, context.resource)
    context.journal.committed()
    provider.settle(context.report)


_RUNS: Mapping[str, Callable[[Provider, Sequence[Action], ApplyContext], None]] = {
    "nothing": _skip,
    "purge": _purge,
    "change": _change,
}


def _change_of(action: Action, context: ApplyContext) -> Change:
    payload = action.payload
    before, after = (unsealed(payload["id"], payload[side], context) for side in ("before", "after"))
    return Change(payload["id"], before, after, payload["version"], payload["earlier"])


def _beginning(context: ApplyContext, actions: Sequence[Action]) -> Callable[[], None]:
    """Tells the journal, the first time that it is called."""
    told: list[bool] = []

    def begun() -> None:
        if not told:
            context.journal.started(*actions)
            told.append(True)

    return begun


def _read(provider: Provider) -> dict[str, Fact]:
    return surely(provider.read, provider.lost).facts()


def _write(provider: Provider, batch: Sequence[Change], begun: Callable[[], None], resource: str) -> None:
    def is_done() -> bool:
        now = _read(provider)
        if all(_found(now, change) == change.after for change in batch):
            return True
        _require_between(now, batch, resource)
        return False

    if not once(lambda: provider.write(batch, begun), is_done, begun, provider.lost):
        raise _moved(batch[:1], resource)


def _found(now: Mapping[str, Fact], change: Change) -> Attrs | None:
    fact = now.get(change.id)
    return fact.attrs if fact is not None else None


def _require_unmoved(now: Mapping[str, Fact], changes: Sequence[Change], resource: str) -> None:
    others = [change for change in changes if _found(now, change) != change.before]
    if others:
        raise _moved(others, resource)


def _require_between(now: Mapping[str, Fact], changes: Sequence[Change], resource: str) -> None:
    """What was begun may be done in part: then every value is as it was, or as it is to be."""
    others = [
        change for change in changes if not is_between(_found(now, change), change.before, change.after)
    ]
    if others:
        raise _moved(others, resource)


def _moved(changes: Sequence[Change], resource: str) -> SnapError:
    return moved([change.id for change in changes], resource, "it")


def _require_done(now: Mapping[str, Fact], changes: Sequence[Change], resource: str) -> None:
    left = [change for change in changes if _found(now, change) != change.after]
    if left:
        fix = "see whether somebody else has changed it, then run the command again"
        raise otherwise("provider", [change.id for change in left], resource, fix)
