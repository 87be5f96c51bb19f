"""What was renamed, told from what was dropped and made anew, and renamed back: its rows and indexes stay.

The evidence has to leave no doubt. A table, a materialized view or a column is the same one when the same
database knows it by the same object id (of a column: of its table, and by the same number, which is never
used again). An index or a constraint is the same one when its table has exactly one such definition on either
side. What other tables inherit is left to the rules.

Renaming comes first. The facts of the live side are then rewritten as the server will print them; where that
is not certain they differ from the target, and the rules see an ordinary change.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, FactChange, Json, Verb
from snapstore_postgres.columns import not_null_name
from snapstore_postgres.names import last, parts, qualifier, quote, unquote

_RANK = -2000
_WORDS = {"table": "TABLE", "matview": "MATERIALIZED VIEW", "index": "INDEX"}
_DEPARSED = {
    "table", "column", "default", "constraint", "index", "view", "matview", "policy", "trigger", "rule",
    "statistics", "partition", "publication_member", "data", "function", "procedure",
}  # fmt: skip
"""Kinds whose texts the server writes from what it has parsed, so that they follow a renaming."""
_NAMED_APART = (
    "collation", "conversion", "statistics", "operator_class", "operator_family", "ts_configuration",
    "ts_dictionary", "ts_parser", "ts_template",
)  # fmt: skip
"""Kinds that may have the name of a relation in the same schema."""
_QUOTED = r"'(?:[^']|'')*'(?!::reg)"
_BEHIND = r"(?<![\w\".$])"


@dataclass(frozen=True)
class Renaming:
    """A fact of the live side and what it was called in the target: kind and both names.

    ``along`` are the names of indexes and sequences that go to another schema with their table.
    """

    kind: str
    old: str
    new: str
    along: Mapping[str, str] = field(default_factory=dict)

    @property
    def before(self) -> str:
        return f"{self.kind}:{self.old}"

    @property
    def after(self) -> str:
        return f"{self.kind}:{self.new}"


def rename_back(request: PlanRequest) -> tuple[PlanRequest, list[Action]]:
    """The request with the names of the target on its live side, and the actions that give them."""
    actions: list[Action] = []
    for renaming in _all_renamings(request):
        request = _renamed(request, renaming)
        actions.append(_action(request.resource, renaming, len(actions)))
    return request, actions


def after_renaming(renames: Sequence[Action], actions: Sequence[Action]) -> list[Action]:
    """All actions; the others wait for the renames, whose names they use."""
    if not renames:
        return list(actions)
    token = renames[-1].produces[0]
    return [*renames, *(structs.replace(action, needs=(*action.needs, token)) for action in actions)]


# -- the evidence ------------------------------------------------------------------------------------------


def _all_renamings(request: PlanRequest) -> Iterator[Renaming]:
    """One after the other, each found with those before it done."""
    while renaming := _relation(request):
        yield renaming
        request = _renamed(request, renaming)
    for find in (_columns, _parts_of_tables):
        for renaming in list(find(request)):
            yield renaming
            request = _renamed(request, renaming)


def _relation(request: PlanRequest) -> Renaming | None:
    """A table or materialized view to be renamed now. Where they swap their names, one of them makes way."""
    wanted = dict(_wanted(request))
    for identity, after in wanted.items():
        if not _is_taken(after.partition(":")[2], request):
            return _relation_renaming(request, identity, after)
    for identity, after in wanted.items():
        if after in wanted:
            return _relation_renaming(request, identity, _aside(identity))
    return None


def _aside(identity: str) -> str:
    name = quote(unquote(last(identity))[:40] + "_makes_way")
    return f"{qualifier(identity)}.{name}"


def _wanted(request: PlanRequest) -> Iterator[tuple[str, str]]:
    """The identities of relations that had another name in the target, and that one."""
    target = _by_oid(request.target_hints)
    for oid, identity in _by_oid(request.live_hints).items():
        after = target.get(oid, identity)
        same_kind = identity.partition(":")[0] == after.partition(":")[0]
        known = identity in request.live and after in request.target
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
    parts_of = [
        fact.name
        for fact in request.live.values()
        if (fact.kind == "index" and fact.parent == identity)
        or (fact.kind == "sequence" and (fact.parent or "").startswith(columns))
    ]
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
    keys = (f for f in request.live.values() if f.kind == "constraint" and f.attrs.get("type", "c") in "pux")
    taken = any(f"{kind}:{name}" in request.live for kind in kinds)
    taken = taken or any(last(key.name) == plain and parts(key.name)[0] == schema for key in keys)
    return taken or f"schema:{schema}" not in request.live


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
    heirs = (f for f in request.live.values() if f.kind == part.kind and "inherited" in f.attrs)
    return "inherited" in part.attrs or any(last(f.name) == last(part.name) for f in heirs)


def _parts_of_tables(request: PlanRequest) -> Iterator[Renaming]:
    """Indexes and constraints that differ in nothing but their names."""
    for kind in ("index", "constraint"):
        live = _bodies(kind, request.live, request.target)
        target = _bodies(kind, request.target, request.live)
        times = Counter(live.values()), Counter(target.values())
        wanted = {body: identity for identity, body in target.items()}
        for identity, body in sorted(live.items()):
            if body not in wanted or not times[0][body] == times[1][body] == 1:
                continue
            new = wanted[body].partition(":")[2]
            shared = kind == "constraint" and _is_shared(request, request.live[identity])
            if not shared and not _is_taken(_relation_name(kind, new), request):
                yield Renaming(kind, identity.partition(":")[2], new)


def _relation_name(kind: str, name: str) -> str:
    """What the name takes among relations; a constraint's index lies beside its table."""
    return name if kind == "index" else f"{parts(name)[0]}.{last(name)}"


def _bodies(kind: str, side: Mapping[str, Fact], other: Mapping[str, Fact]) -> dict[str, str]:
    """What the facts of this kind are that only this side has, without their names, by identity."""
    return {
        identity: f"{fact.parent} {_nameless(fact)}"
        for identity, fact in side.items()
        if fact.kind == kind and identity not in other and fact.parent in other
    }


def _nameless(fact: Fact) -> str:
    attrs = dict(fact.attrs)
    if fact.kind == "index":
        name = re.escape(last(fact.name))
        attrs["definition"] = re.sub(rf" INDEX {name} ON", " INDEX ON", attrs["definition"], count=1)
    return repr(sorted(attrs.items()))


# -- what follows from a renaming --------------------------------------------------------------------------


def _renamed(request: PlanRequest, renaming: Renaming) -> PlanRequest:
    """The request as it will be after the renaming."""
    rename = partial(_identity, renaming)
    names_not_null = int(request.live_hints.get("version", 0)) >= 180000
    live: dict[str, Fact] = {}
    for fact in request.live.values():
        around = (fact.id, fact.parent or "", *fact.needs)
        touched = any(renaming.old in identity for identity in around)
        found = _fact(fact, renaming, rename, request.target) if touched else fact
        if names_not_null and fact.kind == "column":
            found = _named_not_null(fact, found, request.target.get(found.id))
        live[found.id] = found
    hints = dict(request.live_hints)
    relations = {rename(identity): hint for identity, hint in hints.get("relations", {}).items()}
    if renaming.kind == "column":
        table = f"table:{qualifier(renaming.old)}"
        relations[table] = {**relations[table], "columns": _column_names(relations[table], renaming)}
    hints["relations"] = relations
    changes = [
        FactChange(identity, live.get(identity), request.target.get(identity))
        for identity in sorted(live.keys() | request.target.keys())
        if live.get(identity) != request.target.get(identity)
    ]
    changed = structs.replace(request.changes, facts=changes)
    return structs.replace(request, live=live, live_hints=hints, changes=changed)


def _column_names(relation: Mapping[str, Json], renaming: Renaming) -> list[str]:
    old, new = last(renaming.old), last(renaming.new)
    return [new if column == old else column for column in relation.get("columns") or ()]


def _identity(renaming: Renaming, identity: str) -> str:
    if renaming.kind in ("table", "matview"):
        names = {renaming.old: renaming.new, **renaming.along}
        listed = "|".join(map(re.escape, names))
        apart = "".join(f"(?<!{kind}:)" for kind in _NAMED_APART)
        pattern = rf"(?<=:){apart}({listed})(?=$|[.:\[])"
        return re.sub(pattern, lambda m: names[m[1]], identity, count=1)
    kinds = "column|default" if renaming.kind == "column" else renaming.kind
    pattern = rf"(^|:)({kinds}):{re.escape(renaming.old)}(?=$|:)"
    return re.sub(pattern, lambda m: f"{m[1]}{m[2]}:{renaming.new}", identity, count=1)


def _fact(fact: Fact, renaming: Renaming, rename: Callable[[str], str], target: Mapping[str, Fact]) -> Fact:
    found = Fact(
        rename(fact.id),
        fact.attrs,
        rename(fact.parent) if fact.parent else None,
        tuple(sorted(map(rename, fact.needs))),
    )
    wanted = target.get(found.id)
    if fact.kind == "row" and renaming.kind == "column" and wanted and wanted.parent == found.parent:
        old, new = last(renaming.old), last(renaming.new)
        return structs.replace(found, attrs={new if k == old else k: v for k, v in fact.attrs.items()})
    if fact.kind not in _DEPARSED or not _is_parsed(fact):
        return found
    written = [structs.replace(found, attrs=_rewritten(fact, text)) for text in _rewriters(renaming)]
    return wanted if wanted in written else written[0]


def _named_not_null(was: Fact, now: Fact, wanted: Fact | None) -> Fact:
    """A renamed column, whose NOT NULL keeps its name where it has one (since 18): what was a name of its own
    may be the usual one now, and the other way round."""
    not_null = was.attrs.get("not_null")
    if not not_null or was.id == now.id or (isinstance(not_null, dict) and "name" not in not_null):
        return now
    extra = dict(not_null) if isinstance(not_null, dict) else {}
    name = unquote(extra.pop("name", not_null_name(was)))
    wished = (wanted.attrs.get("not_null") if wanted else None) or {}
    wished_name = wished.get("name") if isinstance(wished, dict) else None
    if name == unquote(not_null_name(now)) and not extra:
        kept: Json = True
    else:
        kept = {**extra, "name": wished_name if wished_name and unquote(wished_name) == name else quote(name)}
    return structs.replace(now, attrs={**now.attrs, "not_null": kept})


def _is_parsed(fact: Fact) -> bool:
    """Whether its text follows: the body of a function does only where it is not a string."""
    is_routine = fact.kind in ("function", "procedure")
    return not is_routine or "\nBEGIN ATOMIC\n" in fact.attrs.get("definition", "")


def _rewritten(fact: Fact, text: Callable[[str], str]) -> dict[str, Json]:
    """The attributes as they will read. A view's columns keep the names they were given."""
    kept = ("columns",) if fact.kind in ("view", "matview") else ()
    return {key: value if key in kept else _deep(text, value) for key, value in fact.attrs.items()}


def _deep(text: Callable[[str], str], value: Json) -> Json:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [_deep(text, item) for item in value]
    return {key: _deep(text, item) for key, item in value.items()} if isinstance(value, dict) else value


def _rewriters(renaming: Renaming) -> Iterator[Callable[[str], str]]:
    """The ways in which the server may write a text after the renaming."""
    old, new = last(renaming.old), last(renaming.new)
    if renaming.kind in ("table", "matview"):
        qualified = _Words({renaming.old: renaming.new, **renaming.along}, r"(?![\w\"$])")
        yield qualified
        alias = _Words({old: new}, r"(?=\.)")
        yield lambda text: alias(qualified(text))
    else:
        word = _Words({old: new}, r"(?![\w\"$(])", behind=r"(?<![\w\"$])")
        yield word
        twice = re.compile(rf"((?:\w+\.)?){re.escape(new)} AS {re.escape(new)}(?![\w\"$])")
        yield lambda text: twice.sub(lambda m: f"{m[1]}{new}", word(text))
        listed = re.compile(rf"(?<![\w\"$]){re.escape(new)}(?=,\n|\n +FROM )")
        yield lambda text: listed.sub(f"{new} AS {old}".replace("\\", r"\\"), word(text))
    yield lambda text: text


class _Words:
    """Replaces names in an SQL text, but not in string constants, of which only ``regclass`` are names."""

    def __init__(self, names: Mapping[str, str], ahead: str, behind: str = _BEHIND) -> None:
        listed = "|".join(map(re.escape, names))
        self._names = names
        self._pattern = re.compile(rf"{_QUOTED}|{behind}(?P<name>{listed}){ahead}")

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda m: self._names[m["name"]] if m["name"] else m[0], text)


def _action(resource: str, renaming: Renaming, number: int) -> Action:
    statements = _statements(renaming)
    return Action(
        resource=resource,
        verb=Verb.ALTER,
        subject=renaming.after,
        summary=f"rename {renaming.kind} {renaming.old} to {last(renaming.new)}",
        statements=tuple(statements),
        undo=tuple(_statements(Renaming(renaming.kind, renaming.new, renaming.old))),
        produces=(f"renamed:{number}",),
        needs=(f"renamed:{number - 1}",) if number else (),
        lock="SHARE UPDATE EXCLUSIVE" if renaming.kind == "index" else "ACCESS EXCLUSIVE",
        transactional=True,
        rank=_RANK,
    )


def _statements(renaming: Renaming) -> Iterator[str]:
    old, new = renaming.old, last(renaming.new)
    if renaming.kind in ("column", "constraint"):
        yield f"ALTER TABLE {qualifier(old)} RENAME {renaming.kind.upper()} {last(old)} TO {new}"
        return
    word = f"ALTER {_WORDS[renaming.kind]}"
    if qualifier(old) != qualifier(renaming.new):
        yield f"{word} {old} SET SCHEMA {qualifier(renaming.new)}"
    if last(old) != new:
        yield f"{word} {qualifier(renaming.new)}.{last(old)} RENAME TO {new}"
