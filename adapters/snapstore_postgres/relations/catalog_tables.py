"""Tables that logical decoding reads as it does catalogs: ``user_catalog_table``.

PostgreSQL writes none of them anew, be it for a type, a new column that needs it, or another place. So the
option is off for that moment, in the same step. In the archive none has it (``kinds/tables/stripping.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.relations.storage import option_statements
from snapstore_postgres.words import word

OPTION = "user_catalog_table"
_REWRITES = re.compile(r" (?:TYPE|ADD COLUMN|SET (?:UN)?LOGGED|SET ACCESS METHOD|SET EXPRESSION) ?")


def without_option(options: Iterable[str]) -> list[str]:
    return [option for option in options if option.partition("=")[0] != OPTION]


def for_a_moment(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, those that write such a table anew with what lets them, and back: to the options of the
    target, so they come behind the action that changes these."""
    gone = {a.subject for a in actions if a.verb is Verb.DROP}
    such = [table for kind in ("table", "matview") for table in _such(kind, request)]
    staying = {table.id for table in such if table.id in request.live and table.id not in gone}
    found = []
    for action in actions if such else ():
        tables = [t for t in such if _is_rewritten(t, action, request, above=t.id in staying)]
        found.append(_with_option_off(action, tables) if tables else action)
    return found or list(actions)


def _such(kind: str, request: PlanRequest) -> Iterator[Fact]:
    """The tables of the target that are such, or were until now."""
    for table in request.target.kinds.get(kind, ()):
        sides = (table, request.live.get(table.id, table))
        options = chain.from_iterable(side.attrs.get("options", ()) for side in sides)
        if any(option.startswith(f"{OPTION}=") for option in options):
            yield table


def _is_rewritten(table: Fact, action: Action, request: PlanRequest, *, above: bool) -> bool:
    """Whether an action writes it anew, by a statement on it, on the type that it is of, or on one above."""
    if action.verb is Verb.DROP:
        return False
    sides = (request.live, request.target) if above else ()
    names = [table.name, *chain.from_iterable(ancestors(table.name, side) for side in sides)]
    alter = [f"ALTER {word(table.kind)} {name} " for name in names]
    alter += [f"ALTER TYPE {table.attrs['of']} "] if "of" in table.attrs else []
    texts = [text for text in action.statements if _REWRITES.search(text)]
    return any(start in text for text in texts for start in alter)


def _with_option_off(action: Action, tables: Sequence[Fact]) -> Action:
    first, then = [], []
    for table in tables:
        alter, options = f"ALTER {word(table.kind)} {table.name}", table.attrs.get("options", [])
        first.append(f"{alter} RESET ({OPTION})")
        then += option_statements(alter, without_option(options), options)
    needs = {*action.needs, *(table.id for table in tables if table.id != action.subject)}
    return structs.replace(action, statements=(*first, *action.statements, *then), needs=tuple(sorted(needs)))
