"""What was renamed inside a table or a type: columns, labels and attributes, known by their numbers or ids.

Where the name of one is taken, what has it goes aside first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore_postgres.names import last, printed, qualifier
from snapstore_postgres.renaming import INSIDE, Renaming
from snapstore_postgres.renaming.evidence import below, by_id, equal_inside, inside
from snapstore_postgres.renaming.statements import spare_names
from snapstore_postgres.rows.archived.archive import SOME, kept
from snapstore_postgres.rows.types.widening import widens

_HOLDERS = {"column": ("table",), "label": ("enum",), "attribute": ("composite",)}
_PARTS_OF = {whole: kind for kind, wholes in _HOLDERS.items() for whole in wholes}


def type_of(kind: str, name: str, side: Mapping[str, Fact]) -> Fact | None:
    """The type that has such a label or attribute."""
    fact = side.get(f"{_HOLDERS[kind][0]}:{qualifier(name)}")
    return fact if fact and last(name) in _names_inside(fact) else None


def _names_inside(fact: Fact) -> list[str]:
    if fact.kind == "enum":
        return [printed(label) for label in fact.attrs["labels"]]
    return [attribute["name"] for attribute in fact.attrs.get("attributes", ())]


def inside_names(fact: Fact) -> list[str]:
    """What an operator may say that it was renamed inside a fact, as identities."""
    kind = _PARTS_OF.get(fact.kind, "column")
    return [f"{kind}:{fact.name}.{name}" for name in _names_inside(fact)] if kind in INSIDE else []


def next_inside(request: PlanRequest, said: Mapping[str, str]) -> Renaming | None:
    """The next part to be renamed; where its name is taken, what has it goes aside first."""
    found = (r for whole, wanted in _wanted_inside(request, said) for r in _steps(request, whole, wanted))
    return next(found, None)


def _steps(request: PlanRequest, whole: str, wanted: Mapping[str, str]) -> Iterator[Renaming]:
    """What can be done next towards those names inside a table or type, best first."""
    kind, taken = _PARTS_OF[whole.partition(":")[0]], _taken_inside(request, whole)
    pairs = [(old, new, False) for old, new in wanted.items() if new and new not in taken]
    for new in (*wanted.values(), *(old for old, new in wanted.items() if not new)):
        if new in wanted or new in taken:
            pairs.append((new, _aside_inside(new, taken), not wanted.get(new)))
    for old, new, making_way in pairs:
        renaming = _part(request, kind, whole, old, new)
        if renaming:
            yield replace(renaming, making_way=making_way)


def _aside_inside(name: str, taken: Sequence[str]) -> str:
    return next(free for free in map(printed, spare_names(name)) if free not in taken)


def _wanted_inside(request: PlanRequest, said: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Tables and types that are known on both sides, with those names in them that were others."""
    target = by_id(request.target_hints)
    equal = equal_inside(request.live_hints, request.target_hints)
    for key, whole in by_id(request.live_hints).items():
        if target.get(key) != whole or whole.partition(":")[0] not in _PARTS_OF or equal(whole):
            continue
        if "of" in getattr(request.live.get(whole), "attrs", ()):
            continue  # its columns are the attributes of its type
        now, then = inside(request.live_hints, whole), inside(request.target_hints, whole)
        if now == then:
            continue
        known = {now[n]: then[n] for n in reversed(now) if n in then}  # by the last of what it was
        wanted = {o: n for o, n in known.items() if o != n and _is_possible(request, whole, o, n, said)}
        others = _others(request, whole, now, then) if whole.startswith("table:") else ()
        wanted = {**{name: "" for name in others if _column(whole, name) not in said}, **wanted}
        if wanted:
            yield whole, wanted


def _column(table: str, name: str) -> str:
    return f"column:{table.partition(':')[2]}.{name}"


def _others(
    request: PlanRequest, whole: str, now: Mapping[str, str], then: Mapping[str, str]
) -> Iterator[str]:
    """Columns whose name another column had, which has its values in the archive or a type that theirs may
    not fit into: they make way for it."""
    same = {now[key] for key in now.keys() & then.keys() if now[key] == then[key]}
    for name in sorted((set(now.values()) & set(then.values())) - same):
        live, target = (side.get(_column(whole, name)) for side in (request.live, request.target))
        if live is None or target is None or below(request, live) is None:
            continue
        entry = kept(request, target.id, "column")
        is_kept = entry is not None and SOME not in entry.facts
        if is_kept or not widens(live.attrs["type"], target.attrs["type"]):
            yield name


def _is_possible(request: PlanRequest, whole: str, old: str, new: str, said: Mapping[str, str]) -> bool:
    kind, name = _PARTS_OF[whole.partition(":")[0]], whole.partition(":")[2]
    before, after = f"{kind}:{name}.{old}", f"{kind}:{name}.{new}"
    if before in said or after in said.values():
        return False
    if kind != "column":
        return whole in request.live and whole in request.target
    fact = request.live.get(before)
    return fact is not None and after in request.target and below(request, fact) is not None


def _taken_inside(request: PlanRequest, whole: str) -> list[str]:
    fact = request.live[whole]
    if fact.kind != "table":
        return _names_inside(fact)
    return [last(f.name) for f in request.live.parts.get(whole, ()) if f.kind == "column"]


def _part(request: PlanRequest, kind: str, whole: str, old: str, new: str) -> Renaming | None:
    name = whole.partition(":")[2]
    renaming = Renaming(kind, f"{name}.{old}", f"{name}.{new}")
    if kind == "attribute":
        return with_columns(request, renaming)
    return with_heirs(request, renaming) if kind == "column" else renaming


def with_columns(request: PlanRequest, renaming: Renaming) -> Renaming:
    """The renaming of an attribute, which is a column of all tables of the type, and of those below them."""
    tables = _typed_tables(qualifier(renaming.old), request)
    old, new = last(renaming.old), last(renaming.new)
    columns = (request.live.get(f"column:{table.name}.{old}") for table in tables)
    heirs = [table for column in columns if column for table in below(request, column) or ()]
    names = (*(table.name for table in tables), *heirs)
    return replace(renaming, along={f"{name}.{old}": f"{name}.{new}" for name in names})


def _typed_tables(kind: str, request: PlanRequest) -> list[Fact]:
    return [table for table in request.live.kinds.get("table", ()) if table.attrs.get("of") == kind]


def with_heirs(request: PlanRequest, renaming: Renaming) -> Renaming | None:
    """The renaming with the same column or constraint of the tables below; None where it is not to be had."""
    heirs = below(request, request.live[renaming.before])
    if heirs is None:
        return None
    new = last(renaming.new)
    along = {name: f"{table}.{new}" for table, name in heirs.items()}
    if any(f"{renaming.kind}:{name}" in request.live for name in along.values()):
        return None
    return replace(renaming, along=along)
