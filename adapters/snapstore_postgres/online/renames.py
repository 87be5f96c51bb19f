"""Renames come first in the transaction; what has nothing to do with them may have steps before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from msgspec import structs

from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.renaming import RENAMED, renames
from snapstore_postgres.rows.looks.looking import LOOKS
from snapstore_postgres.rows.matviews.refreshing import reads

Steps = Callable[[list[Action]], list[Action]]


def besides_renames(actions: Sequence[Action], facts: Facts, steps: Steps) -> list[Action]:
    """What ``steps`` makes of the actions, those that use nothing that is renamed not waiting for it. What is
    left of them in the transaction waits again."""
    token = next((n for a in reversed(actions) for n in a.produces if n.startswith(RENAMED)), None)
    if token is None:
        return steps(list(actions))
    uses = _using([a for a in actions if renames(a)])
    free = [a for a in actions if token in a.needs and not _is_bound(a, uses, facts)]
    known = {(a.verb, a.subject) for a in actions} - {(a.verb, a.subject) for a in free}
    waits = {id(a) for a in free}
    found = steps([_without(a, token) if id(a) in waits else a for a in actions])
    return [
        structs.replace(a, needs=(*a.needs, token)) if _waits_again(a, token, known) else a for a in found
    ]


def waits_for_renames(action: Action) -> bool:
    """Whether it has names in it that are others before the transaction."""
    return any(need.startswith(RENAMED) for need in action.needs)


def _waits_again(action: Action, token: str, known: Collection[tuple[Verb, str]]) -> bool:
    """Not what only looks, by the names of before."""
    is_new = (action.verb, action.subject) not in known and LOOKS not in action.payload
    return is_new and action.transactional and token not in (*action.needs, *action.produces)


def _using(renames: Sequence[Action]) -> re.Pattern[str]:
    """What matches identities of all that is renamed, and of its parts, by its old name or the new one."""
    names = "|".join(sorted({re.escape(name) for a in renames for name in a.payload["names"]}))
    return re.compile(rf":(?:{names})(?:\.|$)")


def _is_bound(action: Action, uses: re.Pattern[str], facts: Facts) -> bool:
    """Whether the action, or what it reads, uses such a name, be it inside a function."""
    touched = {action.subject, *action.needs, *action.produces, *action.destroys, *action.releases}
    fact = facts.get(action.subject)
    if fact is not None and fact.kind == "matview":
        relations = reads(fact, facts)
        touched |= {*relations, *(need for r in relations for need in facts[r].needs)}
    if fact is not None and fact.kind == "partition":
        touched |= _looked_at(fact, facts)
    return any(uses.search(name) or name.startswith("function:") for name in touched)


def _looked_at(partition: Fact, facts: Facts) -> set[str]:
    """What is looked at where a partition is attached: the default one beside it, and types of values that
    bounds may have."""
    beside = facts.dependents.get(f"table:{partition.attrs['of']}", ())
    default = {p.id for p in beside if p.kind == "partition" and p.attrs["bound"] == "DEFAULT"}
    above = [
        part for table in ancestors(partition.name, facts) for part in facts.parts.get(f"table:{table}", ())
    ]
    return default | {need for part in above if part.kind == "column" for need in part.needs}


def _without(action: Action, token: str) -> Action:
    return structs.replace(action, needs=tuple(need for need in action.needs if need != token))
