"""What follows from a renaming: the facts of the live side as the server will tell them, and the statements.

Where it is not certain how the server will print a text, the one that the target has is believed if it is
among those that are possible; else the two differ, and the rules see an ordinary change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, FactChange, Json, Verb
from snapstore_postgres.names import last, printed, qualifier, unquote
from snapstore_postgres.relations import not_null_name

_RANK = -2000
RELATIONS = ("table", "matview", "view")
RENAMED = "renamed:"
"""With a number: what is there once that many things are renamed, and one more."""

_WORDS = {"table": "TABLE", "matview": "MATERIALIZED VIEW", "view": "VIEW", "index": "INDEX"}
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

    ``along`` are the names of indexes and sequences that go to another schema with their table. What is
    ``making_way`` is not in the target: it gets out of the way of what is.
    """

    kind: str
    old: str
    new: str
    along: Mapping[str, str] = field(default_factory=dict)
    making_way: bool = False

    @property
    def before(self) -> str:
        return f"{self.kind}:{self.old}"

    @property
    def after(self) -> str:
        return f"{self.kind}:{self.new}"

    def identity(self, identity: str) -> str:
        """Any identity as it will be."""
        if self.kind in RELATIONS:
            names = {self.old: self.new, **self.along}
            listed = "|".join(map(re.escape, names))
            apart = "".join(f"(?<!{kind}:)" for kind in _NAMED_APART)
            pattern = rf"(?<=[:(, ]){apart}({listed})(?=$|[.:\[),])"
            return re.sub(pattern, lambda m: names[m[1]], identity)
        kinds = "column|default" if self.kind == "column" else self.kind
        pattern = rf"(^|:)({kinds}):{re.escape(self.old)}(?=$|:)"
        return re.sub(pattern, lambda m: f"{m[1]}{m[2]}:{self.new}", identity, count=1)


def renamed(request: PlanRequest, renaming: Renaming) -> PlanRequest:
    """The request as it will be after the renaming."""
    rename = renaming.identity
    names_not_null = _names_not_null(request)
    found = renamed_facts(request.live.values(), renaming, request.target, names_not_null)
    live = {fact.id: fact for fact in found}
    hints = dict(request.live_hints)
    relations = {rename(identity): hint for identity, hint in hints.get("relations", {}).items()}
    subscribed = {rename(identity): hint for identity, hint in hints.get("subscribed", {}).items()}
    if renaming.kind == "column":
        table = f"table:{qualifier(renaming.old)}"
        relations[table] = {**relations[table], "columns": _column_names(relations[table], renaming)}
    made_way = {rename(new): old for new, old in hints.get(_MADE_WAY, {}).items()}
    made_way |= {renaming.after: renaming.before} if renaming.making_way else {}
    hints |= {"relations": relations, "subscribed": subscribed, _MADE_WAY: made_way}
    if hints.get("archive"):
        kept = [_kept_values(entry, renaming) for entry in hints["archive"].get("entries", ())]
        hints["archive"] = {**hints["archive"], "entries": kept}
    changes = [
        FactChange(identity, live.get(identity), request.target.get(identity))
        for identity in sorted(live.keys() | request.target.keys())
        if live.get(identity) != request.target.get(identity)
    ]
    changed = structs.replace(request.changes, facts=changes)
    return structs.replace(request, live=live, live_hints=hints, changes=changed)


def _kept_values(entry: Json, renaming: Renaming) -> Json:
    """A line of the archive as it counts after the renaming: where values of a column are to be put back."""
    if entry["kind"] != "column":
        return entry
    facts, key = entry["facts"], entry["facts"]["key"]
    table = qualifier(entry["identity"].partition(":")[2])
    if renaming.kind == "column" and table == qualifier(renaming.old):
        key = [last(renaming.new) if name == last(renaming.old) else name for name in key]
    return {**entry, "identity": renaming.identity(entry["identity"]), "facts": {**facts, "key": key}}


_MADE_WAY = "made_way"
"""In the hints of a plan: what the relations that make way were called, by what they are called meanwhile."""


def called_back(relation: Fact, request: PlanRequest) -> Renaming | None:
    """For a relation that makes way: how it gets the name again that it had, where that is free."""
    before = request.live_hints.get(_MADE_WAY, {}).get(relation.id)
    return Renaming(relation.kind, relation.name, before.partition(":")[2]) if before else None


def renamed_facts(
    facts: Iterable[Fact], renaming: Renaming, target: Mapping[str, Fact], names_not_null: bool
) -> Iterator[Fact]:
    """The facts as they will be; ``names_not_null`` where NOT NULL constraints have names."""
    for fact in facts:
        around = (fact.id, fact.parent or "", *fact.needs)
        touched = any(renaming.old in identity for identity in around)
        found = _fact(fact, renaming, renaming.identity, target) if touched else fact
        if names_not_null and fact.kind == "column":
            found = _named_not_null(fact, found, target.get(found.id))
        yield _in_schema(found, renaming)


def _in_schema(fact: Fact, renaming: Renaming) -> Fact:
    """A fact that has moved to another schema with the relation, or is it."""
    before, after = (f"schema:{qualifier(name)}" for name in (renaming.old, renaming.new))
    moved = fact.name == renaming.new or fact.name in renaming.along.values()
    if renaming.kind not in RELATIONS or before == after or not moved or before not in fact.needs:
        return fact
    return structs.replace(fact, needs=tuple(sorted({*fact.needs, after} - {before})))


def _names_not_null(request: PlanRequest) -> bool:
    return int(request.live_hints.get("version", 0)) >= 180000


def facts_called_back(facts: Iterable[Fact], renaming: Renaming, request: PlanRequest) -> list[Fact]:
    """The facts of a relation that made way, as they are when it has its name again."""
    return list(renamed_facts(facts, renaming, {}, _names_not_null(request)))


def _column_names(relation: Mapping[str, Json], renaming: Renaming) -> list[str]:
    old, new = last(renaming.old), last(renaming.new)
    return [new if column == old else column for column in relation.get("columns") or ()]


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
    told = extra.pop("name", None) or printed(unquote(not_null_name(was)))
    name = unquote(told)
    wished = (wanted.attrs.get("not_null") if wanted else None) or {}
    wished_name = wished.get("name") if isinstance(wished, dict) else None
    if name == unquote(not_null_name(now)) and not extra:
        kept: Json = True
    else:
        kept = {**extra, "name": wished_name if wished_name and unquote(wished_name) == name else told}
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
    if renaming.kind in RELATIONS:
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


def renaming_action(request: PlanRequest, renaming: Renaming, number: int) -> Action:
    """The action, the ``number``-th of its kind; it needs the schema that a relation moves to, where that is
    new."""
    schema = f"schema:{qualifier(renaming.new)}"
    moves = renaming.kind in RELATIONS and qualifier(renaming.old) != qualifier(renaming.new)
    needs = [schema] if moves and schema not in request.live else []
    statements = renaming_statements(renaming)
    return Action(
        resource=request.resource,
        verb=Verb.ALTER,
        subject=renaming.after,
        summary=f"rename {renaming.kind} {renaming.old} to {last(renaming.new)}{_why(renaming)}",
        statements=tuple(statements),
        undo=tuple(renaming_statements(Renaming(renaming.kind, renaming.new, renaming.old))),
        payload={"before": renaming.before},
        produces=(f"{RENAMED}{number}",),
        needs=(*needs, *((f"{RENAMED}{number - 1}",) if number else ())),
        lock="SHARE UPDATE EXCLUSIVE" if renaming.kind == "index" else "ACCESS EXCLUSIVE",
        transactional=True,
        rank=_RANK,
    )


def _why(renaming: Renaming) -> str:
    if not renaming.making_way:
        return ""
    return f", to make way for what had its name (--rename {renaming.before}={renaming.old} keeps it instead)"


def renaming_statements(renaming: Renaming) -> Iterator[str]:
    old, new = renaming.old, last(renaming.new)
    if renaming.kind in ("column", "constraint"):
        yield f"ALTER TABLE {qualifier(old)} RENAME {renaming.kind.upper()} {last(old)} TO {new}"
        return
    word = f"ALTER {_WORDS[renaming.kind]}"
    if qualifier(old) != qualifier(renaming.new):
        yield f"{word} {old} SET SCHEMA {qualifier(renaming.new)}"
    if last(old) != new:
        yield f"{word} {qualifier(renaming.new)}.{last(old)} RENAME TO {new}"
