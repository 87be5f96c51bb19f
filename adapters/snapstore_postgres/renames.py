"""What was renamed, told from what was dropped and made anew, and renamed back: its rows and indexes stay.

The evidence has to leave no doubt: the ids of ``evidence.py``, or a part of a table that is the only one of
its kind with that definition on either side. Where there is none, the operator's word counts
(``PlanOptions.renames``), before all evidence, and what looks like a renaming is said to do so.

What has got the old name since makes way: it gets a name of its own, and goes as what it was.

Renaming comes first. The facts of the live side are then rewritten as the server will print them; where that
is not certain they differ from the target, and the rules see an ordinary change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.names import last, parts, printed, qualifier, unquote
from snapstore_postgres.relations import server_version
from snapstore_postgres.relations.inheritance import ancestors, names_column, partitions_below
from snapstore_postgres.relations.notnull import name_of_not_null
from snapstore_postgres.renames_inside import next_inside, type_of, with_columns, with_heirs
from snapstore_postgres.renaming import (
    GLOBAL,
    IN_SCHEMAS,
    INSIDE,
    RELATIONS,
    RENAMED,
    TYPES,
    Renaming,
    renaming_action,
    schema_of,
    spare_names,
    split,
)
from snapstore_postgres.renaming.evidence import alike, bodies, by_id, holder
from snapstore_postgres.renaming.renamed_request import renamed
from snapstore_postgres.rows import archived_labels
from snapstore_postgres.rows.archive import kept


class Renames(NamedTuple):
    """The actions that rename, each waiting for the one before; and which of them frees a name."""

    actions: list[Action]
    frees: dict[str, str]


def rename_back(request: PlanRequest) -> tuple[PlanRequest, Renames]:
    """The request with the names of the target on its live side, and the actions that give them."""
    found = Renames([], {})
    for renaming, after in _all_renamings(request):
        action = renaming_action(request, renaming, len(found.actions), partial(_is_taken, request))
        found.actions.append(action)
        found.frees[renaming.before] = action.produces[0]
        request = after
    known = f"{RENAMED}{len(found.actions) - 1}" if found.actions else ""
    found.actions.extend(archived_labels.following(request, known, f"{RENAMED}{len(found.actions)}"))
    return request, found


def _is_taken(request: PlanRequest, identity: str) -> bool:
    return holder(identity, request) is not None


_BEFORE_ALL = ("role", "role_password", "role_setting", "membership", "schema")


def after_renaming(renames: Renames, actions: Sequence[Action]) -> list[Action]:
    """All actions; the others wait for the renames, whose names they use, but for those that make a schema
    that something moves to."""
    if not renames.actions:
        return list(actions)
    last_one = renames.actions[-1].produces[0]

    def token(action: Action) -> str | None:
        made = action.verb is Verb.CREATE and action.subject.startswith(tuple(f"{k}:" for k in _BEFORE_ALL))
        return renames.frees.get(action.subject) if made else last_one

    waiting = ((action, token(action)) for action in actions)
    others = (structs.replace(a, needs=(*a.needs, t)) if t else a for a, t in waiting)
    return [*renames.actions, *others]


def _all_renamings(request: PlanRequest) -> Iterator[tuple[Renaming, PlanRequest]]:
    """One after the other, each found with those before it done, and the request as it is after it."""
    said = {old: new for old, new in request.options.renames.items() if _is_known(old, request)}
    while renaming := _whole(request, said):
        request = renamed(request, renaming)
        yield renaming, request
        said = {renaming.identity(old): new for old, new in said.items()}
    for renaming in _said_parts(request, said):
        request = renamed(request, renaming)
        yield renaming, request
    while renaming := next_inside(request, said):
        request = renamed(request, renaming)
        yield renaming, request
    for renaming in (*_of_same_column(request), *_parts_of_tables(request)):
        if renaming.before not in said and renaming.after not in said.values():
            request = renamed(request, renaming)
            yield renaming, request


def called_as(request: PlanRequest, identity: str, after: str) -> tuple[PlanRequest, list[Renaming]]:
    """The request, whose live side is one thing and its parts, with the target's names for them, and the
    renamings that this takes."""
    found = [_renaming(request, identity, after)] if identity != after else []
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
        after = next(name for name in _spares(identity) if _is_free(name, request) and _is_free(name, beside))
        found.append(_renaming(request, identity, after))
        request = renamed(request, found[-1])
    return request, found


def _is_known(identity: str, request: PlanRequest) -> bool:
    kind, _, name = identity.partition(":")
    return identity in request.live or (kind in INSIDE and bool(type_of(kind, name, request.live)))


# -- what is a fact ----------------------------------------------------------------------------------------


def _whole(request: PlanRequest, said: Mapping[str, str]) -> Renaming | None:
    """What is to be renamed now: roles and schemas, which are in the names of all others, before these."""
    wanted = dict(sorted(_wanted(request, said), key=lambda pair: _order(pair[0])))
    above = {i: after for i, after in wanted.items() if i.startswith(_ABOVE)}
    others = (_making_way(request, i) for i in _others_of_the_name(request) if i not in said)
    return _next(request, above) or _next(request, wanted) or next(others, None)


_ABOVE = ("role:", "schema:")


def _next(request: PlanRequest, wanted: Mapping[str, str]) -> Renaming | None:
    """The first of them. Where two swap their names, or something new has the name, one of them makes way."""
    holders = {identity: holder(after, request) for identity, after in wanted.items()}
    for identity, after in wanted.items():
        if holders[identity] is None:
            return _free_on_the_way(request, _renaming(request, identity, after))
    for identity in wanted:
        there = holders[identity] or ""
        if there in wanted:
            return _renaming(request, there, _aside(there, request))
        in_the_way = there.partition(":")[0] in (*IN_SCHEMAS, *GLOBAL) and not _is_settled(there, request)
        if in_the_way and not _is_below(identity, there, request):
            return _making_way(request, there)
    return None


def _is_settled(identity: str, request: PlanRequest) -> bool:
    """Whether it has the name already that it had in the target: it would only have to come back to that."""
    target = by_id(request.target_hints)
    return any(i == identity == target.get(key) for key, i in by_id(request.live_hints).items())


def _free_on_the_way(request: PlanRequest, renaming: Renaming) -> Renaming:
    """The renaming; where an index or a key that moves along would meet another relation of its name, first
    one that gives it another name, of its own on both sides."""
    own = {last(part.name): part for part in _named_as_relations(request, renaming.before)}
    schema = schema_of(renaming.kind, renaming.new)
    if schema == schema_of(renaming.kind, renaming.old):
        return renaming
    for name, part in own.items():
        if holder(f"index:{schema}.{name}", request) is not None:
            return _to_free_name(request, part, schema)
    return renaming


def _named_as_relations(request: PlanRequest, identity: str) -> Iterator[Fact]:
    """The indexes of a table, and its keys, which have one each."""
    for part in request.live.parts.get(identity, ()):
        if part.kind == "index" or (part.kind == "constraint" and part.attrs.get("type") in _KEYS):
            yield part


def _to_free_name(request: PlanRequest, part: Fact, schema: str) -> Renaming:
    """To a name that neither the schema it is in has, nor the one it goes to."""
    for spare in map(printed, spare_names(last(part.name))):
        if not any(_is_taken(request, f"index:{where}.{spare}") for where in (parts(part.name)[0], schema)):
            break
    return _with_index(Renaming(part.kind, part.name, f"{qualifier(part.name)}.{spare}"), part)


def _with_index(renaming: Renaming, part: Fact) -> Renaming:
    """The renaming of a key, with the index that lies beside its table."""
    if part.kind != "constraint" or part.attrs.get("type") not in _KEYS:
        return renaming
    schema = parts(renaming.old)[0]
    return replace(renaming, along={f"{schema}.{last(renaming.old)}": f"{schema}.{last(renaming.new)}"})


_KEYS = ("p", "u", "x")


def _making_way(request: PlanRequest, identity: str) -> Renaming:
    return replace(_renaming(request, identity, _aside(identity, request)), making_way=True)


def _others_of_the_name(request: PlanRequest) -> Iterator[str]:
    """Tables that are others than those of the target, whatever their name: they have their rows on another
    server where the target has them here, or the other way round; or they are in another tree of partitions,
    where the rows of the one are nothing that the other could have."""
    changed = (change.id.partition(":") for change in request.changes.facts)
    for name in dict.fromkeys(name for kind, _, name in changed if kind in ("table", "partition")):
        identity = f"table:{name}"
        if identity not in request.live or identity not in request.target:
            continue
        elsewhere = {"foreign" in side[identity].attrs for side in (request.live, request.target)}
        another = _is_of_another_tree(request, name) and not _is_settled(identity, request)
        if another or len(elsewhere) == 2:
            yield identity


def _is_of_another_tree(request: PlanRequest, table: str) -> bool:
    """Whether a table comes into a tree of partitions by columns that it has not got, or leaves one and keeps
    no column."""
    was, now = (_trees_of(side, table) for side in (request.live, request.target))
    had, has = (_column_names(side, table) for side in (request.live, request.target))
    if was[-1:] == now[-1:]:
        return False
    keys = [request.target[f"table:{above}"].attrs["partition_key"] for above in now]
    lacks = any(names_column(key, name) for key in keys for name in has - had)
    return lacks or (bool(was) and not had & has)


def _trees_of(side: Facts, table: str) -> list[str]:
    """What a table is a partition of, the root last."""
    return [*ancestors(table, side)] if f"partition:{table}" in side else []


def _column_names(side: Facts, table: str) -> set[str]:
    return {last(part.name) for part in side.parts.get(f"table:{table}", ()) if part.kind == "column"}


def _order(identity: str) -> int:
    """Relations and types are in the names of routines, and take sequences along."""
    kind = identity.partition(":")[0]
    first = (*RELATIONS, *TYPES)
    return first.index(kind) if kind in first else len(first)


def _wanted(request: PlanRequest, said: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The identities that had another name in the target, and that one. What was made of several things is
    known by the ids of all, and is the one that it was last."""
    for identity, after in said.items():
        kind = identity.partition(":")[0]
        if identity != after and kind in (*IN_SCHEMAS, *GLOBAL) and after in request.target:
            yield identity, after
    live, target = by_id(request.live_hints), by_id(request.target_hints)
    told = {*said}
    for key, identity in live.items():
        known = target.get(key, "")
        if identity in told or not known or not _is_one(identity, known, request):
            continue
        told.add(identity)
        if known != identity and known not in said.values():
            yield identity, known


def _of_same_column(request: PlanRequest) -> Iterator[Renaming]:
    """The sequence of a column that had one of another name, as in a copy that took the place of its table.
    Not where ids say that one is another's, nor where numbers of it are kept: those count on."""
    live, target = by_id(request.live_hints), by_id(request.target_hints)
    known = {side[key] for side in (live, target) for key in live.keys() & target.keys()}
    now, then = (_sequences_of_columns(side) for side in (request.live, request.target))
    for column in sorted(now.keys() & then.keys()):
        before, after = now[column], then[column]
        if before in request.target or known & {before, after} or kept(request, after, "sequence"):
            continue
        if not _is_taken(request, after) and _can(before, after, request):
            yield _renaming(request, before, after)


def _sequences_of_columns(side: Facts) -> dict[str, str]:
    """The one sequence of each column that has one."""
    owned = [fact for fact in side.kinds.get("sequence", ()) if fact.parent]
    several = Counter(fact.parent for fact in owned)
    return {fact.parent: fact.id for fact in owned if fact.parent and several[fact.parent] == 1}


def _is_one(identity: str, after: str, request: PlanRequest) -> bool:
    """Whether what ids say is one thing can be: or else they do by chance."""
    if after == identity:
        return True
    same_kind = identity.partition(":")[0] == after.partition(":")[0]
    known = identity in request.live and after in request.target
    return same_kind and known and _can(identity, after, request) and alike(request, identity, after)


def _can(identity: str, after: str, request: PlanRequest) -> bool:
    """Whether SQL gives the name: that of an operator, and what a routine takes, stay what they are, and a
    sequence stays where its owner is."""
    kind, _, old = identity.partition(":")
    new = after.partition(":")[2]
    if kind not in IN_SCHEMAS:
        return True
    (schema, name, behind), (to, wanted, arguments) = split(kind, old), split(kind, new)
    if kind == "sequence" and request.live[identity].parent and schema != to:
        return False
    return behind == arguments and (kind != "operator" or name == wanted)


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
    return next(name for name in _spares(identity) if _is_free(name, request))


def _spares(identity: str) -> Iterator[str]:
    kind, _, name = identity.partition(":")
    if kind in IN_SCHEMAS:
        schema, plain, behind = split(kind, name)
        before = f"{kind}:{schema}."
    else:
        before, plain, behind = f"{kind}:{qualifier(name)}{'.' if qualifier(name) else ''}", last(name), ""
    return (before + printed(spare) + behind for spare in spare_names(plain))


def _is_free(identity: str, request: PlanRequest) -> bool:
    return holder(identity, request) is None and identity not in request.target


def _renaming(request: PlanRequest, identity: str, after: str) -> Renaming:
    kind, _, old = identity.partition(":")
    new = after.partition(":")[2]
    schema = split(kind, new)[0] if kind in RELATIONS else qualifier(old)
    return Renaming(kind, old, new, _moving_along(request, identity, schema))


def _moving_along(request: PlanRequest, identity: str, schema: str) -> dict[str, str]:
    """The names, before and after, of what moves with a relation to this schema."""
    if not identity.startswith(RELATIONS) or qualifier(identity.partition(":")[2]) == schema:
        return {}
    table = identity.partition(":")[2]
    columns = f"column:{table}."
    own, sequences = request.live.parts.get(identity, ()), request.live.kinds.get("sequence", ())
    parts_of = [f"{qualifier(table)}.{last(f.name)}" for f in _named_as_relations(request, identity)]
    parts_of += [fact.name for fact in sequences if (fact.parent or "").startswith(columns)]
    parts_of += [f.attrs["identity"]["sequence"] for f in own if "sequence" in f.attrs.get("identity", {})]
    return {name: f"{schema}.{last(name)}" for name in parts_of}


# -- parts of tables ---------------------------------------------------------------------------------------


def _said_parts(request: PlanRequest, said: Mapping[str, str]) -> Iterator[Renaming]:
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


def _parts_of_tables(request: PlanRequest) -> Iterator[Renaming]:
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
    is_relation = renaming.kind == "index" or fact.attrs.get("type") in _KEYS
    if is_relation and holder(_relation_name(renaming), request) is not None:
        return None
    if _is_not_null(renaming, request) or _is_typed(fact, request):
        return None
    if renaming.kind == "trigger":
        return _trigger(request, renaming)
    if renaming.kind == "column" or (renaming.kind == "constraint" and fact.attrs.get("type") == "c"):
        return with_heirs(request, renaming)
    return _with_index(renaming, fact)


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
