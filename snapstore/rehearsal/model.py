"""A plan on facts alone: what is left of the live ones when each action has done what it declares.

Weaker than a scratch system: that an action can be carried out, and does what it says, is taken for granted.
It shows that the actions together lead to the target, and that each finds what it needs when its turn comes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from snapstore.model import Action, Fact, FactChange, FileChange, ResourceChanges


def wrongs(actions: Sequence[Action], changes: ResourceChanges, live: dict[str, Fact]) -> list[str]:
    """What is not as in the target after these actions, or stands in the way of one; [] when all is well.

    ``changes`` lead from the live facts and files to the target's, and are what the actions are for.
    """
    wanted = {change.id: change for change in changes.facts}
    files = {change.path: change for change in changes.files}
    now, found = dict(live), list[str]()
    for action in actions:
        found += [f"{action.summary}: {need} is not there yet" for need in _missing(action, now, wanted)]
        touched = {action.subject, *action.produces, *action.destroys}
        for identity in touched & wanted.keys():
            _follow(now, wanted.pop(identity))
        for path in touched & files.keys():
            del files[path]
    found += [_left(change) for change in wanted.values() if not _comes_along(change, now)]
    return found + [f"{path}: no action brings it to the target" for path in files]


def _missing(action: Action, now: dict[str, Fact], wanted: Collection[str]) -> list[str]:
    """Facts that an action needs and that another one has yet to make."""
    own = {action.subject, *action.produces}
    return [need for need in action.needs if need not in now and need in wanted and need not in own]


def _follow(now: dict[str, Fact], change: FactChange) -> None:
    if change.after is None:
        now.pop(change.id, None)
    else:
        now[change.id] = change.after


def _comes_along(change: FactChange | FileChange, now: dict[str, Fact]) -> bool:
    """Whether a fact goes, or comes, with the whole that it is a part of."""
    if isinstance(change, FileChange):
        return False
    fact = change.before if change.after is None else change.after
    if fact is None or fact.parent is None:
        return False
    return (fact.parent in now) is (change.after is not None)


def _left(change: FactChange) -> str:
    return f"{change.id}: no action brings it to the target"
