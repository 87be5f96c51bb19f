"""What looks like a renaming without evidence for it: said in the plan, with how to settle it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import qualifier


def noted(asked: PlanRequest, request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions; those that drop or make what may only have had another name then say so.

    ``asked`` is the request as it came, ``request`` the one with everything renamed that is known to be.
    """
    pairs = [(old, new) for old, new in doubtful(request) if old in asked.live]
    notes = {name: note(old, new) for old, new in pairs for name in (old, new)}
    return [_with_note(action, notes) for action in actions]


def note(old: str, new: str) -> str:
    """How to say that what is live under the one name is what the target has under the other."""
    return f"--rename {old}={new.partition(':')[2]} if these are one"


def _with_note(action: Action, notes: Mapping[str, str]) -> Action:
    if action.subject not in notes or action.verb not in (Verb.CREATE, Verb.DROP):
        return action
    return structs.replace(action, summary=f"{action.summary} ({notes[action.subject]})")


def doubtful(request: PlanRequest) -> Iterator[tuple[str, str]]:
    """What goes and what comes instead, where neither ids nor anybody tells the two apart for certain."""
    gone = [c.before for c in request.changes.facts if c.before and c.after is None]
    come = [c.after for c in request.changes.facts if c.after and c.before is None]
    for old, new in (*_tables(request, gone, come), *_columns(request, gone, come)):
        if old not in request.options.renames:
            yield old, new


def _tables(request: PlanRequest, gone: Sequence[Fact], come: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    if _same_system(request):
        return  # the ids have told which are one
    live = _shapes(request.live, gone)
    target = _shapes(request.target, come)
    alike = [(old, new) for old in live for new in target if _alike(live[old], target[new])]
    yield from _one_to_one(alike)


def _columns(request: PlanRequest, gone: Sequence[Fact], come: Sequence[Fact]) -> Iterator[tuple[str, str]]:
    candidates = defaultdict(list)
    for fact in come:
        if fact.kind == "column":
            candidates[fact.parent, fact.attrs["type"]].append(fact.id)
    alike = [
        (fact.id, new)
        for fact in gone
        if fact.kind == "column" and not _numbered(fact.parent or "", request)
        for new in candidates.get((fact.parent, fact.attrs["type"]), ())
    ]
    yield from _one_to_one(alike)


def _one_to_one(pairs: Collection[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    olds, news = Counter(old for old, _ in pairs), Counter(new for _, new in pairs)
    yield from ((old, new) for old, new in pairs if olds[old] == news[new] == 1)


def _same_system(request: PlanRequest) -> bool:
    here, there = request.live_hints, request.target_hints
    same = here.get("system") == there.get("system") and here.get("database") == there.get("database")
    return bool(here.get("system")) and same


def _numbered(table: str, request: PlanRequest) -> bool:
    """Whether the columns of a table are known by their numbers, on both sides."""
    sides = (request.live_hints, request.target_hints)
    known = [(hints.get("system"), hints.get("relations", {}).get(table, {}).get("oid")) for hints in sides]
    return known[0] == known[1] and None not in known[0]


def _shapes(side: Facts, tables: Sequence[Fact]) -> dict[str, set[tuple[str, str]]]:
    """Names and types of the columns of these tables, by their identities; not of partitions."""
    wanted = {f.id for f in tables if f.kind == "table" and f"partition:{f.name}" not in side}
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for table in wanted:
        for fact in side.parts.get(table, ()):
            if fact.kind == "column":
                name = fact.name.removeprefix(qualifier(fact.name))
                found[table].add((name, fact.attrs["type"]))
    return found


def _alike(one: set[tuple[str, str]], other: set[tuple[str, str]]) -> bool:
    """Whether more than half of the columns of each are those of the other too."""
    return 2 * len(one & other) > max(len(one), len(other))
