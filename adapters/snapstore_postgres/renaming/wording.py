"""What follows from a renaming: the facts of the live side as the server will tell them.

Where it is not certain how the server will print a text, the one that the target has is believed if it is
among those that are possible; else the two differ, and the rules see an ordinary change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import TypeAlias

from msgspec import structs

from snapstore.adapter import PlanRequest
from snapstore.facts import Facts
from snapstore.model import Fact, FactChange, Json
from snapstore_postgres.names import last, literal, printed, qualifier, unquote
from snapstore_postgres.relations import (
    domain_not_null_name,
    multirange_of,
    not_null_name,
    range_constructors,
)
from snapstore_postgres.renaming import (
    GLOBAL,
    IN_SCHEMAS,
    INSIDE,
    MISCOUNTED,
    RELATIONS,
    ROUTINES,
    TYPES,
    Renaming,
    belonging,
    schema_of,
    split,
)
from snapstore_postgres.renaming.bounds import with_bounds

Rewriter: TypeAlias = Callable[[str], str]

_VERBATIM = {
    "comment", "label", "grant", "row", "enum", "collation", "database_setting", "role_setting",
    "role_password", "user_mapping", "subscription", "large_object", "parameter", "unmodelled", "role",
    "supplied",
}  # fmt: skip
"""Kinds that tell nothing in the words of SQL: what is in them stays as somebody has written it."""
_NO_TEXT = ("owner", "options", "foreign_options", "toast_options", "initcond", "minitcond", "connection")
"""The same of attributes."""
_CODES = ("kind", "command", "enabled", "provider", "publish", "roles")
"""Attributes, also inside of others, with letters and words of the server's own, or roles: a column may have
such a name."""
_WHOLE = {
    "schema": ("schema",),
    "server": ("server",),
    "fdw": ("wrapper",),
    "publication": ("publication",),
    "tablespace": ("tablespace",),
    "role": ("owner", "extension_owner", "role", "grantee", "grantor", "member", "user", "roles"),
}
"""Attributes that are nothing but the name of something of that kind."""
_QUOTED = r"'(?:[^']|'')*'(?!::reg)"
_BEHIND = r"(?<![\w\".$])"


def renamed(request: PlanRequest, renaming: Renaming) -> PlanRequest:
    """The request as it will be after the renaming."""
    facts = list(request.live.values())
    found = renamed_facts(with_bounds(request.live, renaming), renaming, request.target, _version(request))
    others = [(was, now) for was, now in zip(facts, found, strict=True) if now is not was]
    come = {now.id: now for _, now in others}
    moves = [FactChange(was.id, was, None) for was, _ in others if was.id not in come]
    moves += [FactChange(identity, request.live.get(identity), now) for identity, now in come.items()]
    live = request.live.changed(moves)
    changed = structs.replace(request.changes, facts=changes_after(request, live, moves))
    return structs.replace(request, live=live, live_hints=_hints(request, renaming), changes=changed)


def changes_after(request: PlanRequest, live: Facts, moves: Iterable[FactChange]) -> list[FactChange]:
    """The changes to the target, looked for anew where something has moved only."""
    changes = {change.id: change for change in request.changes.facts}
    for identity in {move.id for move in moves}:
        before, after = live.get(identity), request.target.get(identity)
        changes.pop(identity, None)
        if before != after:
            changes[identity] = FactChange(identity, before, after)
    return sorted(changes.values(), key=attrgetter("id"))


def _hints(request: PlanRequest, renaming: Renaming) -> dict[str, Json]:
    """What is known of the live side, under the names that it gets."""
    hints, rename = dict(request.live_hints), renaming.identity
    for name in ("relations", "subscribed", "ids", MISCOUNTED):
        hints[name] = {rename(identity): hint for identity, hint in hints.get(name, {}).items()}
    hints[MISCOUNTED] = {i: [*map(rename, columns)] for i, columns in hints[MISCOUNTED].items()}
    for old, new in renaming.names.items() if renaming.kind in ("column", *INSIDE) else ():
        whole = next((f"{k}:{qualifier(old)}" for k in ("table", "enum", "composite")
                      if f"{k}:{qualifier(old)}" in hints["relations"]), "")  # fmt: skip
        known = hints["relations"].get(whole)
        if known:
            columns = [last(new) if column == last(old) else column for column in known.get("columns") or ()]
            hints["relations"][whole] = {**known, "columns": columns}
    if hints.get("archive"):
        numbers = belonging.renamed_along(request.live_hints, renaming)
        kept = [belonging.renamed_entry(e, renaming, numbers) for e in hints["archive"].get("entries", ())]
        hints["archive"] = {**hints["archive"], "entries": kept}
    for key in (RENAMED_BACK, *([MADE_WAY] if renaming.making_way else [])):
        hints[key] = [renaming.reverse, *hints.get(key, ())]
    return hints


MADE_WAY = "made_way"
"""In the hints of a plan: how what makes way would get its name back, the last first."""
RENAMED_BACK = "renamed_back"
"""The same for all that is renamed."""


def called_now(identity: str, request: PlanRequest) -> str:
    """What something is called before anything is renamed."""
    for renaming in request.live_hints.get(RENAMED_BACK, ()):
        identity = renaming.identity(identity)
    return identity


def label_now(enum: str, label: str, request: PlanRequest) -> str:
    """What a label is called before it is renamed, in an enum that keeps its name."""
    name = f"{enum}.{printed(label)}"
    for renaming in request.live_hints.get(RENAMED_BACK, ()):
        name = renaming.names.get(name, name) if renaming.kind == "label" else name
    return unquote(last(name))


def former(identity: str, request: PlanRequest) -> str:
    """What something was called before it, or what it is in, made way: by that it is to be found again."""
    for renaming in request.live_hints.get(MADE_WAY, ()):
        identity = renaming.identity(identity)
    return identity


def former_facts(facts: Iterable[Fact], request: PlanRequest) -> list[Fact]:
    """The facts of something that made way, as they are when it has its name again."""
    found = list(facts)
    for renaming in request.live_hints.get(MADE_WAY, ()):
        found = list(renamed_facts(found, renaming, {}, _version(request)))
    return found


def renamed_facts(
    facts: Iterable[Fact], renaming: Renaming, target: Mapping[str, Fact], version: int
) -> Iterator[Fact]:
    """The facts as they will be on a server of that version."""
    marks = [qualifier(renaming.old), *renaming.along] if renaming.kind in INSIDE else list(renaming.names)
    is_column = renaming.kind == "column"
    tables = {f"table:{qualifier(name)}" for name in renaming.names} if is_column else set()
    for fact in facts:
        around = " ".join((fact.id, fact.parent or "", *fact.needs))
        if fact.id not in tables and not any(mark in around for mark in marks):
            yield fact
            continue
        found = _fact(fact, renaming, target)
        if version >= 180000 and fact.kind == "column":
            found = _named_not_null(fact, found, target.get(found.id))
        if version >= 170000 and fact.kind == "domain":
            found = _domain_not_null(fact, found)
        if fact.kind == "range":
            found = _range(fact, found, renaming)
        yield _in_schema(found, renaming)


def _in_schema(fact: Fact, renaming: Renaming) -> Fact:
    """A fact that has moved to another schema with what was renamed, or is it."""
    if fact.name != renaming.new and fact.name not in renaming.along.values():
        return fact
    before, after = (f"schema:{schema_of(renaming.kind, name)}" for name in (renaming.old, renaming.new))
    if before == after or before not in fact.needs:
        return fact
    return structs.replace(fact, needs=tuple(sorted({*fact.needs, after} - {before})))


def _version(request: PlanRequest) -> int:
    return int(request.live_hints.get("version", 0))


def _fact(fact: Fact, renaming: Renaming, target: Mapping[str, Fact]) -> Fact:
    rename = renaming.identity
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
    is_type = renaming.kind in INSIDE and fact.kind in ("enum", "composite")
    if is_type and fact.name == qualifier(renaming.old):
        return structs.replace(found, attrs=_with_inside(fact, renaming))
    attrs = (_rewritten(fact, text, renaming) for text in _rewriters(renaming))
    written = [structs.replace(found, attrs=a) for a in attrs]
    return wanted if wanted in written else written[0]


def _with_inside(fact: Fact, renaming: Renaming) -> dict[str, Json]:
    """The attributes of a type of whose labels or attributes one has another name."""
    old, new = last(renaming.old), last(renaming.new)
    if renaming.kind == "label":
        labels = [unquote(new) if label == unquote(old) else label for label in fact.attrs["labels"]]
        return {**fact.attrs, "labels": labels}
    named = [{**a, "name": new} if a["name"] == old else a for a in fact.attrs["attributes"]]
    return {**fact.attrs, "attributes": named}


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


def _domain_not_null(was: Fact, now: Fact) -> Fact:
    """A renamed domain, the constraint of which keeps its name (of which versions before 17 know nothing)."""
    if not was.attrs.get("not_null") or was.id == now.id:
        return now
    attrs = {key: value for key, value in now.attrs.items() if key != "not_null_name"}
    kept = was.attrs.get("not_null_name") or domain_not_null_name(was)
    if unquote(kept) != unquote(domain_not_null_name(now)):
        attrs["not_null_name"] = kept
    return structs.replace(now, attrs=attrs)


def _range(was: Fact, now: Fact, renaming: Renaming) -> Fact:
    """A range type that has another name or schema: its multirange type and their functions stay where they
    are. A schema takes them along."""
    attrs = {key: value for key, value in now.attrs.items() if key != "constructors"}
    if "multirange" in attrs:
        name = _in_renamed(multirange_of(was), renaming)
        attrs["multirange"] = last(name) if qualifier(name) == qualifier(now.name) else name
    usual = range_constructors(structs.replace(now, attrs=attrs))
    kept = {key: _in_renamed(name, renaming) for key, name in range_constructors(was).items()}
    told = {key: name for key, name in kept.items() if name != usual[key]}
    return structs.replace(now, attrs={**attrs, **({"constructors": told} if told else {})})


def _in_renamed(name: str, renaming: Renaming) -> str:
    moves = renaming.kind == "schema" and qualifier(name) == renaming.old
    return f"{renaming.new}.{last(name)}" if moves else name


# -- attributes and texts ----------------------------------------------------------------------------------


def _rewritten(fact: Fact, text: Rewriter, renaming: Renaming) -> dict[str, Json]:
    """The attributes as they will read. A view's columns keep the names they were given."""
    kept = ("columns",) if fact.kind in ("view", "matview") and renaming.kind == "column" else ()
    whole, verbatim = _WHOLE.get(renaming.kind, ()), fact.kind in _VERBATIM or renaming.kind == "role"
    found = {}
    for key, value in fact.attrs.items():
        if key in whole:
            found[key] = _named(value, renaming)
        elif key == "foreign" and "server" in whole:
            found[key] = {**value, "server": _named(value["server"], renaming)}
        elif verbatim or key in (*kept, *_NO_TEXT, *_CODES, "foreign") or _is_apart(fact, key, renaming):
            found[key] = value
        elif key == "definition" and fact.kind in ROUTINES:
            found[key] = _header_rewritten(value, text)
        else:
            found[key] = _deep(text, value)
    return found


def _is_apart(fact: Fact, key: str, renaming: Renaming) -> bool:
    """Of tables and columns themselves little tells of columns; their types may have such names, and so may
    those of constraints."""
    tells = {"table": "partition_key", "column": "generated", "constraint": "definition"}
    return renaming.kind == "column" and key != tells.get(fact.kind, key)


def _named(value: Json, renaming: Renaming) -> Json:
    """A value that is a name, or a list of them; that of an owner is not quoted."""
    if isinstance(value, list):
        return sorted(_named(item, renaming) for item in value)
    if value == unquote(renaming.old) != renaming.old:
        return unquote(renaming.new)
    return renaming.new if value == renaming.old else value


_BODY = re.compile(r"^(?:AS \$|BEGIN ATOMIC$|RETURN )", re.MULTILINE)


def _header_rewritten(definition: str, text: Rewriter) -> str:
    """The definition of a routine, whose body follows only where the server has parsed it."""
    body = _BODY.search(definition)
    if body is None or not body[0].startswith("AS $"):
        return text(definition)
    return text(definition[: body.start()]) + definition[body.start() :]


def _deep(text: Rewriter, value: Json) -> Json:
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [_deep(text, item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: item if key in _CODES else _deep(text, item) for key, item in value.items()}


def _rewriters(renaming: Renaming) -> Iterator[Rewriter]:
    """The ways in which the server may write a text after the renaming: a label in one only."""
    if renaming.kind == "label":
        yield _label(renaming)
        return
    if renaming.kind in RELATIONS:
        yield from _of_relation(renaming)
    elif renaming.kind in TYPES:
        yield _Words(_plain_names(renaming), rf"(?:{_NO_CALL}|{_MODIFIED})")
        yield _Words(_plain_names(renaming), _NO_CALL)
    elif renaming.kind in IN_SCHEMAS:
        yield _Words(_plain_names(renaming), _AHEAD.get(renaming.kind, r"(?![\w\"$])"))
    elif renaming.kind == "schema":
        yield _Words({renaming.old: renaming.new}, r"(?=\.)")
    elif renaming.kind == "language":
        yield _Words({renaming.old: renaming.new}, r"(?![\w\"$])", behind="(?<= LANGUAGE )")
    elif renaming.kind == "attribute":
        yield _Words({last(renaming.old): last(renaming.new)}, r"(?![\w\"$])", behind=r"(?<=\)\.)")
        yield from _of_part(renaming)
    elif renaming.kind not in GLOBAL:
        yield from _of_part(renaming)
    yield lambda text: text


def _plain_names(renaming: Renaming) -> dict[str, str]:
    """The names as texts have them, which is without arguments and access methods."""
    behind = split(renaming.kind, renaming.old)[2]
    return {old.removesuffix(behind): new.removesuffix(behind) for old, new in renaming.names.items()}


_AHEAD = {"operator": r"(?![-+*/<>=~!@#%^&|`?])"}
"""What may not follow a name."""
_NO_CALL = r"(?![\w\"$(])"
"""What follows the name of a type: it is a function's where arguments do."""
_MODIFIED = r"(?=\(-?\d+(?:,-?\d+)*\))"
"""The modifiers of a type, which the arguments of a function may look like."""


def _of_relation(renaming: Renaming) -> Iterator[Rewriter]:
    qualified = _Words(renaming.names, r"(?![\w\"$])")
    yield qualified
    alias = _Words({last(renaming.old): last(renaming.new)}, r"(?=\.)")
    yield lambda text: alias(qualified(text))
    if renaming.along:  # what has such a name may be a type
        yield _Words({renaming.old: renaming.new}, r"(?![\w\"$])")


def _of_part(renaming: Renaming) -> Iterator[Rewriter]:
    old, new = last(renaming.old), last(renaming.new)
    word = _Words({old: new}, r"(?![\w\"$(])", behind=r"(?<![\w\"$:])")
    yield word
    twice = re.compile(rf"((?:\w+\.)?){re.escape(new)} AS {re.escape(new)}(?![\w\"$])")
    yield lambda text: twice.sub(lambda m: f"{m[1]}{new}", word(text))
    listed = re.compile(rf"(?<![\w\"$]){re.escape(new)}(?=,\n|\n +FROM )")
    yield lambda text: listed.sub(f"{new} AS {old}".replace("\\", r"\\"), word(text))


def _label(renaming: Renaming) -> Rewriter:
    """A label is a constant that is followed by its type."""
    kind = qualifier(renaming.old)
    old, new = (f"{literal(unquote(last(name)))}::{kind}" for name in (renaming.old, renaming.new))
    one = re.compile(rf"{re.escape(old)}(?![\w\"$\[])")
    many = re.compile(rf"'\{{([^'{{}}\"\\]*)\}}'::{re.escape(kind)}\[\]")
    names = {unquote(last(renaming.old)): unquote(last(renaming.new))}

    def listed(found: re.Match[str]) -> str:
        labels = ",".join(names.get(label, label) for label in found[1].split(","))
        return f"'{{{labels}}}'::{kind}[]"

    return lambda text: many.sub(listed, one.sub(lambda m: new, text))


class _Words:
    """Replaces names in an SQL text, but not in string constants, of which only ``regclass`` are names."""

    def __init__(self, names: Mapping[str, str], ahead: str, behind: str = _BEHIND) -> None:
        listed = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
        self._names = names
        self._pattern = re.compile(rf"{_QUOTED}|{behind}(?P<name>{listed}){ahead}")

    def __call__(self, text: str) -> str:
        return self._pattern.sub(lambda m: self._names[m["name"]] if m["name"] else m[0], text)
