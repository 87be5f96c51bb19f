"""Which parts of tables had another name: told by the operator, or by being alike in all else.

A part is an index, a constraint, a trigger, a policy or a rule, or a column that the operator names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore_postgres.names import last, parts, qualifier, unquote
from snapstore_postgres.relations import server_version
from snapstore_postgres.relations.inheritance import ancestors, partitions_below
from snapstore_postgres.relations.notnull import name_of_not_null
from snapstore_postgres.renaming import GLOBAL, IN_SCHEMAS, INSIDE, Renaming
from snapstore_postgres.renaming.evidence import bodies, holder
from snapstore_postgres.renaming.inside import type_of, with_columns, with_heirs
from snapstore_postgres.renaming.objects import KEYS, with_index


def said_parts(request: PlanRequest, said: Mapping[str, str]) -> Iterator[Renaming]:
    """Parts of which the operator says that they were renamed, where that can be taken back."""
    for before, after in said.items():
        kind, _, old = before.partition(":")
        new = after.partition(":")[2]
        if kind in (*IN_SCHEMAS, *GLOBAL) or before == after:
            continue
        if kind in INSIDE:
            wanted = type_of(kind, new, request.target)
            if wanted and qualifier(old) == qualifier(new) and not type_of(kind, new, request.live):
                part = Renaming(kind, old, new)
                yield with_columns(request, part) if kind == "attribute" else part
            continue
        found = _said_part(request, Renaming(kind, old, new))
        if found:
            yield found


def _said_part(request: PlanRequest, renaming: Renaming) -> Renaming | None:
    before, after = request.live.get(renaming.before), request.target.get(renaming.after)
    if before is None or after is None or renaming.after in request.live or before.parent != after.parent:
        return None
    return _free_part(request, renaming)


def parts_of_tables(request: PlanRequest) -> Iterator[Renaming]:
    """Indexes, constraints, triggers, policies and rules that differ in nothing but their names."""
    for kind in ("index", "constraint", "trigger", "policy", "rule"):
        changes = request.changes.facts
        live = bodies(kind, [c.before for c in changes if c.before and c.after is None], request.target)
        target = bodies(kind, [c.after for c in changes if c.after and c.before is None], request.live)
        times = Counter(live.values()), Counter(target.values())
        wanted = {body: identity for identity, body in target.items()}
        for identity, body in sorted(live.items()):
            if body in wanted and times[0][body] == times[1][body] == 1:
                new = wanted[body].partition(":")[2]
                found = _free_part(request, Renaming(kind, identity.partition(":")[2], new))
                if found:
                    yield found


def _free_part(request: PlanRequest, renaming: Renaming) -> Renaming | None:
    """The renaming, where nothing has the name and no other table has a part in it."""
    fact = request.live[renaming.before]
    is_relation = renaming.kind == "index" or fact.attrs.get("type") in KEYS
    if is_relation and holder(_relation_name(renaming), request) is not None:
        return None
    if _is_not_null(renaming, request) or _is_typed(fact, request):
        return None
    if renaming.kind == "trigger":
        return _trigger(request, renaming)
    if renaming.kind == "column" or (renaming.kind == "constraint" and fact.attrs.get("type") == "c"):
        return with_heirs(request, renaming)
    return with_index(renaming, fact)


def _is_typed(fact: Fact, request: PlanRequest) -> bool:
    """Whether a constraint is one of a typed table: PostgreSQL gives it no other name."""
    table = request.live.get(fact.parent or "")
    return fact.kind == "constraint" and table is not None and "of" in table.attrs


def _trigger(request: PlanRequest, renaming: Renaming) -> Renaming | None:
    """A trigger of a partitioned table has its name in the partitions too; before 15 it keeps that there."""
    table, old, new = qualifier(renaming.old), last(renaming.old), last(renaming.new)
    below = [name.partition(":")[2] for name in partitions_below(f"table:{table}", request.live)]
    if any(f"trigger:{other}.{new}" in request.live for other in (*ancestors(table, request.live), *below)):
        return None
    names = [f"trigger_state:{other}.{old}" for other in below]
    states = [request.live[name] for name in names if name in request.live]
    if states and server_version(request) < 150000:
        return None
    return replace(renaming, along={f.name: f"{qualifier(f.name)}.{new}" for f in states})


def _is_not_null(renaming: Renaming, request: PlanRequest) -> bool:
    """Whether a constraint would get the name that a NOT NULL of its table has now."""
    if renaming.kind != "constraint" or server_version(request) < 180000:
        return False
    table, own = f"table:{qualifier(renaming.new)}", unquote(last(renaming.new))
    columns = (f for f in request.live.parts.get(table, ()) if f.kind == "column")
    return any(unquote(name_of_not_null(c)) == own for c in columns if c.attrs.get("not_null"))


def _relation_name(renaming: Renaming) -> str:
    """What the name takes among relations; a constraint's index lies beside its table."""
    name = renaming.new
    return "index:" + (name if renaming.kind == "index" else f"{parts(name)[0]}.{last(name)}")
