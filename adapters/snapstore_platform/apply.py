"""Running actions, each done once or not at all.

What is there is compared with what the plan saw, right before the first of them, and in clear: another data
key or other settings seal another way. An answer that got lost is not waited for: what is there says what has
happened. And what is there at the end says whether all was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import msgspec

from snapstore.adapter import ApplyContext
from snapstore.errors import SnapError
from snapstore.model import SEALED, Action, Json
from snapstore.remote.lost import moved, otherwise
from snapstore.remote.retrying import once
from snapstore_platform.capture import variables
from snapstore_platform.provider import Change, Provider, opened
from snapstore_platform.settings import Settings
from snapstore_platform.variables import Variable, fact_of, variable_of

State = Mapping[str, Variable]


class _Run(msgspec.Struct, frozen=True):
    """Where it runs. ``read`` gives what is there now, ``attrs`` how a snapshot tells a variable of it, and
    ``clear`` the same without a seal."""

    provider: Provider
    context: ApplyContext
    read: Callable[[], State]
    attrs: Callable[[State, str], Json]
    clear: Callable[[str, Json], Json]

    def differs(self, state: State, action: Action, side: str) -> bool:
        """Whether something else is there than on one side of the plan."""
        return bool(self.attrs(state, action.subject) != self.clear(action.subject, action.payload[side]))


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    """Run the actions in order. SnapError with code STALE where somebody else has changed the same."""
    todo = [action for action in actions if action.payload]
    skipped = [action for action in actions if not action.payload]
    if skipped:  # the verification will say that they were not done
        context.journal.started(*skipped)
        context.journal.finished(*skipped)
    if todo:
        with opened(settings, context.resource) as provider:
            read = partial(variables, provider, settings, context.resource)
            clear = partial(_clear, context)
            _apply(_Run(provider, context, read, partial(_attrs, settings, context), clear), todo)


def _attrs(settings: Settings, context: ApplyContext, state: State, identity: str) -> Json:
    """None where there is no such variable."""
    found = state.get(identity)
    return _clear(context, identity, fact_of(found, settings, context.seal).attrs) if found else None


def _clear(context: ApplyContext, identity: str, attrs: Json) -> Json:
    value = attrs.get("value") if attrs else None
    if not isinstance(value, dict):
        return attrs
    return {**attrs, "value": context.unseal(identity, value[SEALED]).decode()}


def _apply(run: _Run, actions: Sequence[Action]) -> None:
    state = run.read()
    first = {action.subject: action for action in reversed(actions)}
    _require_unmoved(run, state, first.values())
    for group in [actions] if run.provider.together else [[action] for action in actions]:
        _write(run, state, group)
    last = {action.subject: action for action in actions}
    _require_done(run, run.read(), last.values())
    run.context.journal.committed()


def _write(run: _Run, state: State, actions: Sequence[Action]) -> None:
    changes = [_change(run, state, action) for action in actions]

    def is_done() -> bool:
        now = run.read()
        left = [action for action in actions if run.differs(now, action, "after")]
        _require_unmoved(run, now, left)
        return not left

    begun = partial(run.context.journal.started, *actions)
    if not once(partial(run.provider.write, changes), is_done, begun, run.provider.lost):
        raise _moved(actions, run.context.resource)
    run.context.journal.finished(*actions)


def _change(run: _Run, state: State, action: Action) -> Change:
    before, after = action.payload["before"], action.payload["after"]
    return Change(
        state.get(action.subject) if before is not None else None,
        variable_of(action.subject, after, run.context.unseal) if after is not None else None,
    )


def _require_unmoved(run: _Run, state: State, actions: Iterable[Action]) -> None:
    others = [action for action in actions if run.differs(state, action, "before")]
    if others:
        raise _moved(others, run.context.resource)


def _moved(actions: Sequence[Action], resource: str) -> SnapError:
    return moved(_names(actions), resource, "the variables")


def _require_done(run: _Run, state: State, actions: Iterable[Action]) -> None:
    left = [action for action in actions if run.differs(state, action, "after")]
    if left:
        fix = "see what it shows of them: it may have a rule of its own, or somebody else changed them"
        raise otherwise("platform", _names(left), run.context.resource, fix)


def _names(actions: Sequence[Action]) -> list[str]:
    return [action.subject.partition(":")[2] for action in actions]
