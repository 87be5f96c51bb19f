"""What was renamed, told from what was dropped and made anew, and renamed back: its rows and indexes stay.

The evidence has to leave no doubt. A table, a materialized view or a column is the same one when the same
database knows it by the same object id (of a column: of its table, and by the same number, which is never
used again). An index or a constraint is the same one when its table has exactly one such definition on either
side. What other tables inherit is left to the rules. Where there is no evidence, the operator's word counts
(``PlanOptions.renames``), before all evidence, and what looks like a renaming is said to do so.

What has got the old name since makes way: it gets a name of its own and goes to the archive, as what it was.

Renaming comes first. The facts of the live side are then rewritten as the server will print them; where that
is not certain they differ from the target, and the rules see an ordinary change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Json, Verb
from snapstore_postgres.names import last, parts, printed, qualifier, unquote
from snapstore_postgres.notnull import name_of_not_null
from snapstore_postgres.renaming import RELATIONS, Renaming, renamed, renaming_action


def rename_back(request: PlanRequest) -> tuple[PlanRequest, list[Action]]:
    """The request with the names of the target on its live side, and the actions that give them."""
    actions: list[Action] = []
    for renaming in _all_renamings(request):
        actions.append(renaming_action(request, renaming, len(actions)))
        request = renamed(request, renaming)
    return request, actions


_BEFORE_ALL = ("role", "role_password", "role_setting", "membership", "schema")


def after_renaming(renames: Sequence[Action], actions: Sequence[Action]) -> list[Action]:
    """All actions; the others wait for the renames, whose names they use, but for those that make a schema
    that something moves to."""
    if not renames:
        return list(actions)
    token = renames[-1].produces[0]

    def waits(action: Action) -> bool:
        made = action.verb is Verb.CREATE and action.subject.startswith(tuple(f"{k}:" for k in _BEFORE_ALL))
        return not made

    others = (structs.replace(a, needs=(*a.needs, token)) if waits(a) else a for a in actions)
    return [*renames, *others]


# -- the evidence ------------------------------------------------------------------------------------------


def _all_renamings(request: PlanRequest) -> Iterator[Renaming]:
    """One after the other, each found with those before it done."""
    said = {old: new for old, new in request.options.renames.items() if old in request.live}
    while renaming := _relation(request, said):
        yield renaming
        request = renamed(request, renaming)
        said = {renaming.identity(old): new for old, new in said.items()}
    for renaming in _said_parts(request, said):
        yield renaming
        request = renamed(request, renaming)
    for find in (_columns, _parts_of_tables):
        for renaming in list(find(request)):
            if renaming.before not in said and renaming.after not in said.values():
                yield renaming
                request = renamed(request, renaming)


def _relation(request: PlanRequest, said: Mapping[str, str]) -> Renaming | None:
    """A relation to be renamed now. Where two swap their names, or something new has the name, one of them
    makes way."""
    wanted = dict(_wanted(request, said))
    for identity, after in wanted.items():
        if not _is_taken(after.partition(":")[2], request):
            return _relation_renaming(request, identity, after)
    for identity, after in wanted.items():
        there = _at(after.partition(":")[2], request)
        if there in wanted:
            return _relation_renaming(request, there, _aside(there, request))
        if there is not None and not _is_below(identity, there, request):
            return _making_way(request, there)
    elsewhere = next((i for i in _to_or_from_elsewhere(request) if i not in said), None)
    return _making_way(request, elsewhere) if elsewhere else None


def _making_way(request: PlanRequest, identity: str) -> Renaming:
    return replace(_relation_renaming(request, identity, _aside(identity, request)), making_way=True)


def _to_or_from_elsewhere(request: PlanRequest) -> Iterator[str]:
    """Tables that have their rows on another server where the target has them here, or the other way round:
    these are others, of the same name."""
    for change in request.changes.facts:
        sides = [side for side in (change.before, change.after) if side and side.kind == "table"]
        if len({"foreign" in side.attrs for side in sides}) == 2:
            yield change.id


def _at(name: str, request: PlanRequest) -> str | None:
    """The relation that has the name now, where it can be given another one."""
    found = (f"{kind}:{name}" for kind in RELATIONS)
    return next((identity for identity in found if identity in request.live), None)


def _is_below(identity: str, other: str, request: PlanRequest) -> bool:
    """Whether a table is a partition of the other one or below: then rows go from one tree to another, which
    is no matter of names."""
    attachment = request.live.get("partition:" + identity.partition(":")[2])
    if attachment is None:
        return False
    above = f"table:{attachment.attrs['of']}"
    return above == other or _is_below(above, other, request)


def _aside(identity: str, request: PlanRequest) -> str:
    """Another name for it, that nothing has."""
    kind, _, name = identity.partition(":")
    start = unquote(last(name))[:40] + "_makes_way"
    names = (printed(start + number) for number in ("", *map(str, range(2, 1000))))
    found = (f"{qualifier(name)}.{free}" for free in names)
    return f"{kind}:" + next(free for free in found if not _is_taken(free, request))


def _wanted(request: PlanRequest, said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The identities of relations that had another name in the target, and that one."""
    for identity, after in said.items():
        if identity != after and identity.partition(":")[0] in RELATIONS and after in request.target:
            yield identity, after
    target = _by_oid(request.target_hints)
    for oid, identity in _by_oid(request.live_hints).items():
        after = target.get(oid, identity)
        same_kind = identity.partition(":")[0] == after.partition(":")[0]
        known = identity in request.live and after in request.target
        if identity in said or after in said.values():
            continue
        if after != identity and same_kind and known and _alike(request, identity, after):
            yield identity, after


def _relation_renaming(request: PlanRequest, identity: str, after: str) -> Renaming:
    kind, _, old = identity.partition(":")
    new = after.partition(":")[2]
    return Renaming(kind, old, new, _moving_along(request, identity, qualifier(new)))


def _moving_along(request: PlanRequest, identity: str, schema: str) -> dict[str, str]:
    """The names, before and after, of what moves with a relation to this schema."""
    if qualifier(identity.partition(":")[2]) == schema:
        return {}
    columns = f"column:{identity.partition(':')[2]}."
    own, sequences = request.live.parts.get(identity, ()), request.live.kinds.get("sequence", ())
    parts_of = [fact.name for fact in own if fact.kind == "index"]
    parts_of += [fact.name for fact in sequences if (fact.parent or "").startswith(columns)]
    parts_of += [f.attrs["identity"]["sequence"] for f in own if "sequence" in f.attrs.get("identity", {})]
    return {name: f"{schema}.{last(name)}" for name in parts_of}


def _by_oid(hints: Mapping[str, Json]) -> dict[str, str]:
    if not hints.get("system"):
        return {}  # another cluster may use the same ids for other things
    relations = hints.get("relations", {})
    return {
        f"{hints['system']}/{found['oid']}": identity
        for identity, found in relations.items()
        if "oid" in found
    }


def _is_taken(name: str, request: PlanRequest) -> bool:
    """Whether something live has the name, or its schema is not there."""
    kinds = ("table", "matview", "view", "sequence", "index", "enum", "domain", "composite", "range")
    schema, plain = qualifier(name), last(name)
    keys = (f for f in request.live.kinds.get("constraint", ()) if f.attrs.get("type", "c") in "pux")
    taken = any(f"{kind}:{name}" in request.live for kind in kinds)
    taken = taken or any(last(key.name) == plain and parts(key.name)[0] == schema for key in keys)
    return taken or not {f"schema:{schema}"} & (request.live.keys() | request.target.keys())


def _alike(request: PlanRequest, identity: str, wanted: str) -> bool:
    """Whether most columns of the same number are of the same type: in a copy of a server, ids alone may
    agree by chance."""
    if not identity.startswith("table:"):
        return True
    live = _types(request.live, request.live_hints, identity)
    target = _types(request.target, request.target_hints, wanted)
    shared = live.keys() & target.keys()
    return 2 * sum(live[number] == target[number] for number in shared) > len(shared)


def _types(side: Mapping[str, Fact], hints: Mapping[str, Json], table: str) -> dict[int, str]:
    found = {}
    for number, column in _numbers(hints, table).items():
        fact = side.get(f"column:{table.partition(':')[2]}.{column}")
        if fact:
            found[number] = fact.attrs["type"]
    return found


def _numbers(hints: Mapping[str, Json], relation: str) -> dict[int, str]:
    known = hints.get("relations", {}).get(relation, {})
    return dict(zip(known.get("numbers") or (), known.get("columns") or (), strict=False))


def _said_parts(request: PlanRequest, said: Mapping[str, str]) -> Iterator[Renaming]:
    """Columns, indexes and constraints that the operator says were renamed, where that can be taken back."""
    for before, after in said.items():
        kind = before.partition(":")[0]
        possible = before in request.live and after in request.target and after not in request.live
        if kind in RELATIONS or before == after or not possible:
            continue
        renaming = Renaming(kind, before.partition(":")[2], after.partition(":")[2])
        stays = request.live[before].parent == request.target[after].parent
        shared = kind != "index" and _is_shared(request, request.live[before])
        taken = kind != "column" and _is_taken(_relation_name(kind, renaming.new), request)
        if stays and not shared and not taken:
            yield renaming


def _columns(request: PlanRequest) -> Iterator[Renaming]:
    target = _by_oid(request.target_hints)
    for oid, table in _by_oid(request.live_hints).items():
        if target.get(oid) != table or not table.startswith("table:"):
            continue
        name = table.partition(":")[2]
        now, then = _numbers(request.live_hints, table), _numbers(request.target_hints, table)
        for number in sorted(now.keys() & then.keys()):
            renaming = Renaming("column", f"{name}.{now[number]}", f"{name}.{then[number]}")
            if now[number] != then[number] and _is_same_column(request, renaming):
                yield renaming


def _is_same_column(request: PlanRequest, renaming: Renaming) -> bool:
    before, after = request.live.get(renaming.before), request.target.get(renaming.after)
    if before is None or after is None or _is_shared(request, before):
        return False
    free = renaming.after not in request.live and renaming.before not in request.target
    return free and all(before.attrs.get(k) == after.attrs.get(k) for k in ("type", "collation"))


def _is_shared(request: PlanRequest, part: Fact) -> bool:
    """Whether a column or constraint is, or may be, one with that of a parent, a child or a partition."""
    table = (part.parent or "").partition(":")[2]
    fact = request.live.get(f"table:{table}")
    if fact is None or "partition_key" in fact.attrs or f"partition:{table}" in request.live:
        return True
    return "inherited" in part.attrs or any(
        table in child.attrs.get("inherits", ())
        and f"{part.kind}:{child.name}.{last(part.name)}" in request.live
        for child in request.live.kinds.get("table", ())
    )


def _parts_of_tables(request: PlanRequest) -> Iterator[Renaming]:
    """Indexes and constraints that differ in nothing but their names."""
    for kind in ("index", "constraint"):
        changes = request.changes.facts
        live = _bodies(kind, [c.before for c in changes if c.before and c.after is None], request.target)
        target = _bodies(kind, [c.after for c in changes if c.after and c.before is None], request.live)
        times = Counter(live.values()), Counter(target.values())
        wanted = {body: identity for identity, body in target.items()}
        for identity, body in sorted(live.items()):
            if body not in wanted or not times[0][body] == times[1][body] == 1:
                continue
            new = wanted[body].partition(":")[2]
            shared = kind == "constraint" and _is_shared(request, request.live[identity])
            taken = _is_taken(_relation_name(kind, new), request) or _is_not_null(kind, new, request)
            if not shared and not taken:
                yield Renaming(kind, identity.partition(":")[2], new)


def _is_not_null(kind: str, name: str, request: PlanRequest) -> bool:
    """Whether a constraint would get the name that a NOT NULL of its table has now."""
    if kind != "constraint" or int(request.live_hints.get("version", 0)) < 180000:
        return False
    table, own = f"table:{qualifier(name)}", unquote(last(name))
    columns = (f for f in request.live.parts.get(table, ()) if f.kind == "column")
    return any(unquote(name_of_not_null(c)) == own for c in columns if c.attrs.get("not_null"))


def _relation_name(kind: str, name: str) -> str:
    """What the name takes among relations; a constraint's index lies beside its table."""
    return name if kind == "index" else f"{parts(name)[0]}.{last(name)}"


def _bodies(kind: str, facts: Sequence[Fact], other: Facts) -> dict[str, str]:
    """What the facts of this kind are, without their names, by identity; only parts of what stays."""
    return {
        fact.id: f"{fact.parent} {_nameless(fact)}"
        for fact in facts
        if fact.kind == kind and fact.parent in other
    }


def _nameless(fact: Fact) -> str:
    attrs = dict(fact.attrs)
    if fact.kind == "index":
        name = re.escape(last(fact.name))
        attrs["definition"] = re.sub(rf" INDEX {name} ON", " INDEX ON", attrs["definition"], count=1)
    return repr(sorted(attrs.items()))
