"""Functions behind what their bodies name, where they are called while a plan runs.

PostgreSQL keeps no dependency for a body that is a string: it is read when it is called, by a column that is
computed, a default, a check, an index or a materialized view. What it names may not be what it calls, so that
this orders actions only where nothing else does: what would make a circle is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore.ordering import softly
from snapstore_postgres.names import last, unquote
from snapstore_postgres.words import plain

_CALLING = ("column", "default", "constraint", "domain", "table", "partition", "index", "matview", "view")
_NAMED = (
    "function",
    "aggregate",
    "table",
    "view",
    "matview",
    "sequence",
    "enum",
    "composite",
    "domain",
    "range",
)
_WORD = re.compile(r'"((?:[^"]|"")+)"|([A-Za-z_\u0080-\uffff][\w$]*)')


def behind_bodies(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, each that makes a function with what its body names, and this plan makes, before it."""
    named = by_name(i for a in actions if a.transactional for i in a.produces)
    called = _called(actions, named, request.target)
    return softly(actions, {i: names for i, names in called.items() if names})


def by_name(identities: Iterable[str]) -> Mapping[str, set[str]]:
    """What a body may name, by the word that it would be."""
    found: dict[str, set[str]] = defaultdict(set)
    for identity in identities:
        kind, _, name = identity.partition(":")
        if kind in _NAMED:
            found[unquote(last(plain(name)))].add(identity)
    return found


def _called(actions: Sequence[Action], named: Mapping[str, set[str]], target: Facts) -> dict[str, set[str]]:
    """What the bodies of functions name that are called while the plan runs, be it by others."""
    calling = [a for a in actions if a.verb is not Verb.DROP and a.subject.partition(":")[0] in _CALLING]
    waiting = [need for action in calling for need in action.needs if need.startswith("function:")]
    found: dict[str, set[str]] = {}
    while waiting:
        identity = waiting.pop()
        function = target.get(identity)
        if function is not None and identity not in found:
            found[identity] = names_in(function, named) - {identity}
            below = (*function.needs, *found[identity])
            waiting += [name for name in below if name.startswith("function:")]
    return found


def names_in(function: Fact, named: Mapping[str, set[str]]) -> set[str]:
    """What has a name that is a word of the body, where that is a string."""
    text = str(function.attrs.get("definition", "")).partition("\nAS ")[2]
    words = {quoted.replace('""', '"') or word.lower() for quoted, word in _WORD.findall(text)}
    return set().union(*(named[word] for word in words if word in named))
