"""What was renamed, told from what was dropped and made anew, and renamed back: its rows and indexes stay.

The evidence has to leave no doubt: the ids of ``evidence.py``, or a part of a table that is the only one of
its kind with that definition on either side. Where there is none, the operator's word counts
(``PlanOptions.renames``), before all evidence, and what looks like a renaming is said to do so.

What has got the old name since makes way: it gets a name of its own, and goes as what it was.

Renaming comes first. The facts of the live side are then rewritten as the server will print them; where that
is not certain they differ from the target, and the rules see an ordinary change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Verb
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations.taken_names import freed
from snapstore_postgres.renaming import INSIDE, RENAMED, Renaming
from snapstore_postgres.renaming.free_names import aside, is_taken
from snapstore_postgres.renaming.inside import next_inside, type_of
from snapstore_postgres.renaming.mentions import Mentions
from snapstore_postgres.renaming.next_object import next_object
from snapstore_postgres.renaming.objects import renaming_of
from snapstore_postgres.renaming.renamed_request import renamed
from snapstore_postgres.renaming.statements import renaming_action
from snapstore_postgres.renaming.table_parts import parts_of_tables, said_parts
from snapstore_postgres.renaming.wanted import of_same_column
from snapstore_postgres.rows.archived import earlier_labels


class Renames(NamedTuple):
    """The actions that rename, each waiting for the one before; and which of them frees a name."""

    actions: list[Action]
    frees: dict[str, str]
    shells: dict[str, str]
    """The shells of types that have to go before one that gets their name, and what these wait for."""


def rename_back(request: PlanRequest) -> tuple[PlanRequest, Renames]:
    """The request with the names of the target on its live side, and the actions that give them."""
    found = Renames([], {}, {})
    for renaming, after in _all_renamings(request):
        action = renaming_action(request, renaming, len(found.actions), partial(is_taken, request))
        if (shell := f"shell_type:{renaming.new}") in request.live and shell not in request.target:
            found.shells[shell] = found.actions[-1].produces[0] if found.actions else ""
            action = structs.replace(action, produces=(*action.produces, shell))
        if renaming.kind == "constraint":
            free = freed(qualifier(renaming.new), last(renaming.new), request)
            action = structs.replace(action, statements=(*free, *action.statements))
        found.actions.append(action)
        found.frees[renaming.before] = action.produces[0]
        request = after
    known = f"{RENAMED}{len(found.actions) - 1}" if found.actions else ""
    found.actions.extend(earlier_labels.following(request, known, f"{RENAMED}{len(found.actions)}"))
    return request, found


_BEFORE_ALL = ("role", "role_password", "role_setting", "membership", "schema")


def after_renaming(renames: Renames, actions: Sequence[Action]) -> list[Action]:
    """All actions; the others wait for the renames, whose names they use, but for those that make a schema
    that something moves to, and that drop a shell, which no statement renames."""
    if not renames.actions:
        return list(actions)
    last_one = renames.actions[-1].produces[0]

    def token(action: Action) -> str | None:
        if action.verb is Verb.DROP and action.subject in renames.shells:
            return renames.shells[action.subject]
        made = action.verb is Verb.CREATE and action.subject.startswith(tuple(f"{k}:" for k in _BEFORE_ALL))
        return renames.frees.get(action.subject) if made else last_one

    waiting = ((action, token(action)) for action in actions)
    others = (structs.replace(a, needs=(*a.needs, t)) if t else a for a, t in waiting)
    return [*renames.actions, *others]


def _all_renamings(request: PlanRequest) -> Iterator[tuple[Renaming, PlanRequest]]:
    """One after the other, each found with those before it done, and the request as it is after it."""
    mentions = Mentions(request.live)
    said = {old: new for old, new in request.options.renames.items() if _is_known(old, request)}
    while renaming := next_object(request, said):
        request = renamed(request, renaming, mentions)
        yield renaming, request
        said = {renaming.identity(old): new for old, new in said.items()}
    for renaming in said_parts(request, said):
        request = renamed(request, renaming, mentions)
        yield renaming, request
    while renaming := next_inside(request, said):
        request = renamed(request, renaming, mentions)
        yield renaming, request
    for renaming in (*of_same_column(request), *parts_of_tables(request)):
        if renaming.before not in said and renaming.after not in said.values():
            request = renamed(request, renaming, mentions)
            yield renaming, request


def called_as(request: PlanRequest, identity: str, after: str) -> tuple[PlanRequest, list[Renaming]]:
    """The request, whose live side is one thing and its parts, with the target's names for them, and the
    renamings that this takes."""
    found = [renaming_of(request, identity, after)] if identity != after else []
    for renaming in found:
        request = renamed(request, renaming)
    while inner := next_inside(request, {}):
        request = renamed(request, inner)
        found.append(inner)
    return request, found


def out_of_the_way(
    request: PlanRequest, identities: Iterable[str], beside: PlanRequest
) -> tuple[PlanRequest, list[Renaming]]:
    """The request with other names for these things, that nothing has there or beside; and the renamings."""
    found = []
    for identity in identities:
        found.append(renaming_of(request, identity, aside(identity, request, beside)))
        request = renamed(request, found[-1])
    return request, found


def _is_known(identity: str, request: PlanRequest) -> bool:
    kind, _, name = identity.partition(":")
    return identity in request.live or (kind in INSIDE and bool(type_of(kind, name, request.live)))
