"""How SQL renames something, and the action that does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last, literal, printed, qualifier, unquote
from snapstore_postgres.renaming import (
    GLOBAL,
    IN_SCHEMAS,
    INSIDE,
    PARTS,
    RELATIONS,
    RENAMED,
    TYPES,
    Renaming,
    schema_of,
    split,
)
from snapstore_postgres.words import designation, word

_RANK = -2000


def renaming_action(
    request: PlanRequest, renaming: Renaming, number: int, is_taken: Callable[[str], bool]
) -> Action:
    """The action, the ``number``-th of its kind; it needs the schema that something moves to, where that is
    new. ``is_taken`` tells of an identity whether something has that name."""
    schema = f"schema:{schema_of(renaming.kind, renaming.new)}"
    moves = renaming.kind in IN_SCHEMAS and schema not in request.live
    fact = request.live.get(renaming.before)
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=renaming.after,
        summary=f"rename {renaming.kind} {renaming.old} to {_short(renaming)}{_why(renaming)}",
        statements=tuple(renaming_statements(renaming, fact, is_taken)),
        undo=tuple(renaming_statements(renaming.reverse, fact, lambda identity: False)),
        payload={"names": sorted({*renaming.names, *renaming.names.values(), *_whole(renaming)})},
        produces=(f"{RENAMED}{number}",),
        needs=(*((schema,) if moves else ()), *((f"{RENAMED}{number - 1}",) if number else ())),
        lock=_lock(renaming.kind),
        transactional=True,
        rank=_RANK,
    )


def _whole(renaming: Renaming) -> list[str]:
    """The type in which something is renamed, where that is no fact that others could need."""
    return [qualifier(renaming.old)] if renaming.kind in INSIDE else []


def _lock(kind: str) -> str | None:
    if kind == "index":
        return "SHARE UPDATE EXCLUSIVE"
    return "ACCESS EXCLUSIVE" if kind in (*RELATIONS, *PARTS, "column", "sequence") else None


def _short(renaming: Renaming) -> str:
    return split(renaming.kind, renaming.new)[1] if renaming.kind in IN_SCHEMAS else last(renaming.new)


def _why(renaming: Renaming) -> str:
    if not renaming.making_way:
        return ""
    return f", to make way for what had its name (--rename {renaming.before}={renaming.old} keeps it instead)"


def renaming_statements(
    renaming: Renaming, fact: Fact | None, is_taken: Callable[[str], bool]
) -> Iterator[str]:
    """``fact`` is the live fact that is renamed."""
    kind, old, new = renaming.kind, renaming.old, renaming.new
    if kind in IN_SCHEMAS:
        yield from _in_schema(renaming, fact, is_taken)
    elif kind in GLOBAL:
        yield f"ALTER {word(kind)} {old} RENAME TO {new}"
    elif kind == "label":
        labels = (literal(unquote(last(name))) for name in (old, new))
        yield f"ALTER TYPE {qualifier(old)} RENAME VALUE {' TO '.join(labels)}"
    elif kind == "index":
        yield f"ALTER INDEX {old} RENAME TO {last(new)}"
    elif kind in ("trigger", "policy", "rule"):
        yield f"ALTER {word(kind)} {last(old)} ON {qualifier(old)} RENAME TO {last(new)}"
    else:
        whole = "TYPE" if kind == "attribute" else _table_or_domain(fact)
        cascade = " CASCADE" if kind == "attribute" else ""
        yield f"ALTER {whole} {qualifier(old)} RENAME {word(kind)} {last(old)} TO {last(new)}{cascade}"


def _table_or_domain(fact: Fact | None) -> str:
    of_domain = fact is not None and (fact.parent or "").startswith("domain:")
    return "DOMAIN" if of_domain else "TABLE"


def _in_schema(renaming: Renaming, fact: Fact | None, is_taken: Callable[[str], bool]) -> Iterator[str]:
    """To another schema, under another name, or both: then on the way under one that nothing has."""
    schema, name, _ = split(renaming.kind, renaming.old)
    to, new, _ = split(renaming.kind, renaming.new)
    between = _between(renaming, is_taken) if schema != to else name
    if between != name:
        yield f"{_alter(renaming.kind, schema, name, renaming, fact)} RENAME TO {between}"
    if schema != to:
        yield f"{_alter(renaming.kind, schema, between, renaming, fact)} SET SCHEMA {to}"
    if between != new:
        yield f"{_alter(renaming.kind, to, between, renaming, fact)} RENAME TO {new}"


def _between(renaming: Renaming, is_taken: Callable[[str], bool]) -> str:
    """The name under which something goes to another schema: the one it has, if it meets nothing there."""
    schema, name, behind = split(renaming.kind, renaming.old)
    to, new, _ = split(renaming.kind, renaming.new)
    of_arrays = renaming.kind in _WITH_ARRAYS
    alike = of_arrays and any(is_among_alike(f"{to}.{called}", is_taken) for called in (name, new))
    if not alike and (name == new or not is_taken(f"{renaming.kind}:{to}.{name}{behind}")):
        return name
    if not alike and not is_taken(f"{renaming.kind}:{schema}.{new}{behind}"):
        return new
    for spare in map(printed, spare_names(new)):
        if not any(is_taken(f"{renaming.kind}:{place}.{spare}{behind}") for place in (schema, to)):
            break
    return spare


def is_among_alike(name: str, is_taken: Callable[[str], bool]) -> bool:
    """Whether something is called like what goes to a schema, with an underscore before it or without one
    that it has. PostgreSQL gives such names to types of arrays. These give way to what is made or renamed,
    but not to what comes from another schema."""
    schema, own = qualifier(name), unquote(last(name))
    called = (f"{schema}.{printed(other)}" for other in (f"_{own}", own.removeprefix("_")) if other != own)
    return any(is_taken(f"{kind}:{other}") for other in called for kind in _WITH_ARRAYS)


_WITH_ARRAYS = (*RELATIONS, *TYPES)


def spare_names(name: str) -> Iterator[str]:
    """What may be called so for a while, because of something else that has the name; not quoted."""
    start = unquote(name)[:40] + "_makes_way"
    return (start + number for number in ("", *map(str, range(2, 1000))))


def _alter(kind: str, schema: str, name: str, renaming: Renaming, fact: Fact | None) -> str:
    behind = split(kind, renaming.old)[2]
    attrs = {} if kind in RELATIONS or fact is None else fact.attrs
    return f"ALTER {designation(Fact(f'{kind}:{schema}.{name}{behind}', attrs))}"
