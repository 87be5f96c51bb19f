"""Policies that hold for the owner of a table, too (``FORCE ROW LEVEL SECURITY``): in the way of a restore.

Where the role of the restore is bound by them, what reads such a table would not see all rows and fails: what
archives them or carries them over, what checks a foreign key. As the owner it lifts that until the end of the
transaction, which nobody else sees. What fills materialized views reads as it always does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import unquote
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.rows.looks.looking import LOOKS
from snapstore_postgres.words import is_filling, row_security

_READING = re.compile(
    r"(?:DO|INSERT|UPDATE|DELETE|WITH|SELECT|CREATE TABLE) "
    r"|ALTER TABLE .* (?:FOREIGN KEY|VALIDATE CONSTRAINT|ATTACH PARTITION) ",
    re.DOTALL,
)
_FIRST, _LAST = -2000, 20_000
_SEEN, _READ, _HELD = "seen:", "read:", "held:"


def _are_forced(table: Fact | None) -> bool:
    """Whether the policies of a table hold for its owner."""
    return table is not None and {"row_security", "force_row_security"} <= table.attrs.keys()


def hidden(request: PlanRequest, side: Facts) -> set[str]:
    """The names of the tables that policies hide rows of from the role of the restore, be they its own."""
    powers = request.live_hints.get("powers") or {}
    if request.live_hints.get("superuser", True) or powers.get("sees_all_rows", True):
        return set()
    return {table.name for table in side.kinds.get("table", ()) if _are_forced(table)}


def named(tables: Collection[str], text: str) -> list[str]:
    """Those of the tables that a text names."""
    names = "|".join(re.escape(name) for name in sorted(tables, key=len, reverse=True))
    return re.findall(rf"(?<![\w.\"])(?:{names})(?![\w\"])", text) if tables else []


def for_a_moment(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, and those that let them see all rows of the role's own tables, and no longer."""
    forced = hidden(request, request.live) | hidden(request, request.target)
    reading = _reading([name for name in forced if _is_own(name, request)], actions)
    first = [_lifted(request, name) for name in reading if _is_forced(name, request.live)]
    last = [_held(request, name) for name in reading if _is_forced(name, request.target)]
    ends = [token for action in last for token in action.produces]
    return [*first, *(_between(action, n, reading, ends) for n, action in enumerate(actions)), *last]


def lifted(actions: Sequence[Action]) -> set[str]:
    """The names of the tables whose rows are all to be seen in the transaction."""
    tokens = (token for action in actions for token in action.produces)
    return {token.removeprefix(_SEEN) for token in tokens if token.startswith(_SEEN)}


def _is_forced(name: str, side: Mapping[str, Fact]) -> bool:
    return _are_forced(side.get(f"table:{name}"))


def _is_own(name: str, request: PlanRequest) -> bool:
    """Whether the role may alter the table. What is not there yet, it makes itself."""
    hints, table = request.live_hints, request.live.get(f"table:{name}")
    rights = {*(hints.get("member_of") or ()), unquote(hints.get("role", ""))}
    return table is None or table.attrs.get("owner") in rights


def _reading(tables: Collection[str], actions: Sequence[Action]) -> dict[str, set[int]]:
    """The tables that are read in the transaction, each with the numbers of the actions that do so."""
    found: dict[str, set[int]] = {}
    for number, action in enumerate(actions if tables else ()):
        if action.transactional and LOOKS not in action.payload:
            for text in filter(_READING.match, action.statements):
                for table in named(tables, text):
                    found.setdefault(table, set()).add(number)
    return found


def _lifted(request: PlanRequest, name: str) -> Action:
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"table:{name}",
        summary=f"let the owner of {name} see all its rows, until the end of the transaction",
        statements=(row_security(name, "NO FORCE"),),
        produces=(f"{_SEEN}{name}",),
        releases=(f"table:{name}",),
        lock=STRONGEST,
        transactional=True,
        rank=_FIRST,
    )


def _held(request: PlanRequest, name: str) -> Action:
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=f"table:{name}",
        summary=f"let the policies of {name} hold for its owner",
        statements=(row_security(name, "FORCE"),),
        produces=(f"{_HELD}{name}",),
        needs=(f"table:{name}", f"{_SEEN}{name}", f"{_READ}{name}"),
        lock=STRONGEST,
        transactional=True,
        rank=_LAST,
    )


def _between(
    action: Action, number: int, reading: Mapping[str, Collection[int]], ends: Collection[str]
) -> Action:
    """An action that reads one of the tables between the two, one that fills a materialized view behind."""
    if any(map(is_filling, action.statements)):
        return structs.replace(action, needs=(*action.needs, *ends))
    forcing = {row_security(name, "FORCE") for name in reading}
    read = [name for name, numbers in reading.items() if number in numbers]
    if not read and forcing.isdisjoint(action.statements):
        return action
    return structs.replace(
        action,
        statements=tuple(text for text in action.statements if text not in forcing),
        needs=(*action.needs, *(f"{_SEEN}{name}" for name in read)),
        produces=(*action.produces, *(f"{_READ}{name}" for name in read)),
    )
