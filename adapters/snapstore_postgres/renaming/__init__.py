"""One renaming, and which names it changes in identities.

How SQL says it is in ``statements.py``, what it means for the facts of the live side in ``renamed_facts.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from snapstore.model import Action
from snapstore_postgres.names import last, parts, qualifier
from snapstore_postgres.words import plain

RENAMED = "renamed:"
"""With a number: what is there once that many things are renamed, and one more."""

RELATIONS = ("table", "matview", "view")
TYPES = ("enum", "composite", "domain", "range", "base_type")
ROUTINES = ("function", "procedure", "aggregate")
OF_METHODS = ("operator_class", "operator_family")
IN_SCHEMAS = (
    *RELATIONS, *TYPES, *ROUTINES, *OF_METHODS, "sequence", "collation", "conversion", "statistics",
    "operator", "ts_configuration", "ts_dictionary", "ts_parser", "ts_template",
)  # fmt: skip
GLOBAL = (
    "role", "schema", "publication", "subscription", "server", "fdw", "event_trigger", "language",
    "tablespace",
)  # fmt: skip
PARTS = ("index", "constraint", "trigger", "policy", "rule")
INSIDE = ("label", "attribute")
"""What is no fact of its own: the labels of an enum and the attributes of a composite type."""
KINDS = (*IN_SCHEMAS, *GLOBAL, *PARTS, "column", *INSIDE)
"""All that can be renamed."""
MISCOUNTED = "miscounted"
"""In the hints of a capture: the columns of the constraints that ``relations/miscounted.py`` is about."""

_NAMED_APART = (
    "collation", "conversion", "statistics", "operator_class", "operator_family", "ts_configuration",
    "ts_dictionary", "ts_parser", "ts_template",
)  # fmt: skip
"""Kinds that may have the name of a relation in the same schema."""
_APART_FROM_TYPES = (*_NAMED_APART, "index", "index_partition", "sequence", "identity_sequence")
_WITHOUT_SCHEMA = re.compile(r"(?:role|database)_setting:|parameter:|unmodelled:|label:(?:role|database):")
_ENDING_OTHERWISE = ("grant:", "label:", "depends_on_extension:")
"""What ends with the name of a role, a provider or an extension, which may be that of something else too."""
_QUOTED = r'"(?:[^"]|"")*"'


@dataclass(frozen=True)
class Renaming:
    """A fact of the live side and what it was called in the target: kind and both names.

    ``along`` are other names that change with it: of indexes and sequences that go to another schema with
    their table, of the same column in the tables below, of the columns of tables of a type. What is
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

    @cached_property
    def names(self) -> dict[str, str]:
        """All names that it changes, as they are in identities."""
        return {self.old: self.new, **self.along}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        if self.kind in RELATIONS and self.along:
            places = f"{_places(self.kind, re.escape(self.old))}|{_places(_WITH_TABLE, _any_of(self.along))}"
        else:
            places = _places(self.kind, _any_of(self.names))
        return re.compile(f"(?P<name>{places})|{_QUOTED}")

    def identity(self, identity: str) -> str:
        """Any identity as it will be."""
        if self.kind == "label":
            return identity
        if self.kind == "schema" and "default_privileges:" in identity:
            return re.sub(rf"(?<=\.){re.escape(self.old)}(?=:[a-zA-Z](?:$|:))", lambda m: self.new, identity)
        if self.kind == "schema" and _WITHOUT_SCHEMA.search(identity):
            return identity
        if self.kind in ("schema", "server") and identity.startswith(_ENDING_OTHERWISE):
            return self._replaced(f"{identity}:")[:-1]
        return self._replaced(identity)

    def _replaced(self, identity: str) -> str:
        if not any(name in identity for name in self.names):
            return identity  # as nearly all are, of which there may be a hundred thousand
        return self._pattern.sub(lambda m: self.names[m["name"]] if m["name"] else m[0], identity)

    @property
    def reverse(self) -> Renaming:
        return Renaming(self.kind, self.new, self.old, {new: old for old, new in self.along.items()})


def renames(action: Action) -> bool:
    """Whether an action does nothing but rename."""
    return any(name.startswith(RENAMED) for name in action.produces)


def _any_of(names: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})"


def _places(kind: str, name: str) -> str:
    """Where a name of that kind stands in an identity, as an expression."""
    if kind in (*RELATIONS, *TYPES):
        apart = "".join(f"(?<!{k}:)" for k in (_NAMED_APART if kind in RELATIONS else _APART_FROM_TYPES))
        return rf"(?<=[:(, ]){apart}{name}(?=$|[.:\[),]| AS | LANGUAGE )"
    if kind == "schema":
        return rf"(?<=[:(, ]){name}(?=\.)|(?<=schema:){name}(?=$|:)|{_tail(kind)}{name}$"
    if kind == "role":
        return rf"{_tail(kind)}{name}(?=$|:|\.\w+:.$)"
    if kind == "language":
        return rf"(?<=language:){name}(?=$|:)|(?<= LANGUAGE ){name}$"
    if kind == "server":
        return rf"(?<=server:){name}(?=$|:)|{_tail(kind)}{name}$"
    heads = "|".join(f"(?<={head}:)" for head in _HEADS.get(kind, (kind,)))
    return rf"(?:{heads}){name}(?=$|:)"


def _tail(kind: str) -> str:
    """What is before a name behind others, as an expression: not what says that it is of another kind."""
    others = sorted({*GLOBAL, "extension", "access_method", "database"} - {kind})
    return "(?<=:)" + "".join(f"(?<!{other}:)" for other in others)


_WITH_TABLE = "what goes along with a table"
"""In place of a kind: types may have the names of indexes and sequences."""
_HEADS: Mapping[str, tuple[str, ...]] = {
    "column": ("column", "default", "not_null"),
    "attribute": ("column", "default", "not_null"),
    "publication": ("publication", "publication_member"),
    "trigger": ("trigger", "trigger_state"),
    "index": ("index", "index_partition"),
    "constraint": ("constraint", "index", "index_partition"),  # the index of a key
    _WITH_TABLE: ("index", "index_partition", "sequence"),
}
"""Kinds besides its own whose identities begin with the name."""


def split(kind: str, name: str) -> tuple[str, str, str]:
    """What is before the last part of a name, that part, and what is behind it: the arguments of a routine or
    an operator, the access method of an operator class. ``ValueError`` never: all may be empty."""
    if kind in ROUTINES or kind == "operator":
        whole = plain(name)
    elif kind in OF_METHODS:
        whole = name.rpartition(" USING ")[0]
    else:
        whole = name
    if kind == "operator":
        schema = parts(whole)[0]
        return schema, whole[len(schema) + 1 :], name[len(whole) :]
    return qualifier(whole), last(whole), name[len(whole) :]


def schema_of(kind: str, name: str) -> str:
    """The schema that something is in, "" where it is in none."""
    return split(kind, name)[0] if kind in IN_SCHEMAS else ""
