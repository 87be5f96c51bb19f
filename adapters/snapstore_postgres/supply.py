"""What facts use that PostgreSQL or the machine supplies: parameters, collations, extensions, tablespaces,
characters.

None of it is a fact, and not every server has it. ``asking.py`` asks the live server for what a plan wants of
it; what it lacks is left out of the target before anything is planned, and said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import json, structs

from snapstore.model import Fact, Json
from snapstore_postgres.expressions.tokens import QUOTED
from snapstore_postgres.features import PARSED, atomic_body, strings
from snapstore_postgres.names import unquote

_HEADER_END = re.compile(r"^(?:AS | ?BEGIN ATOMIC| ?RETURN )", re.MULTILINE)
_SET = re.compile(r"^ SET (\"(?:[^\"]|\"\")+\"|\S+) TO (.*)\n", re.MULTILINE)
_COLLATE = re.compile(rf"\bCOLLATE (?:pg_catalog\.)?(\"(?:[^\"]|\"\")+\"|\w+)(?![\w.\"])|{QUOTED}")
_SUPPLIED = re.compile(
    rf"(?<![\w.])(?<![a-z0-9_\")] )(?<!AS )(?:pg_catalog\.)?(pg_\w+)\("
    rf"|(?<!DISTINCT )(?:FROM|JOIN) \(*(?:pg_catalog\.)?(pg_\w+)\b(?![.(])|{QUOTED}"
)
"""Functions, called where no alias would be, and relations: what follows ``FROM`` may be a column, too."""
_WITH = re.compile(r"\b(pg_\w+)(?:\([^()]*\))? AS (?:(?:NOT )?MATERIALIZED )?\(")
_CONFIGURATION = re.compile(rf"'([^'.]+)'::regconfig|{QUOTED}")
_EVERYWHERE = {"default", "C", "POSIX", "pg_catalog", "pg_temp"}
_ROUTINES = ("function", "procedure")
_SETTINGS = ("database_setting", "role_setting")


def wanted(fact: Fact) -> Iterator[str]:
    """Keys of what the fact uses, such as ``parameter:work_mem``."""
    attrs = fact.attrs
    yield from (f"parameter:{name}" for name, _ in parameters(fact))
    if fact.kind == "extension":
        yield f"extension:{unquote(fact.name)}"
        if "version" in attrs:
            yield f"extension:{unquote(fact.name)} {attrs['version']}"
    if fact.kind == "collation" and attrs.get("provider") == "i":
        yield "provider:ICU"
    if "tablespace" in attrs:
        yield f"tablespace:{unquote(attrs['tablespace'])}"
    for found in _collations(fact):
        yield f"collation:{found}"
    for text in _parsed(fact):
        yield from (f"name:{name}" for name in _supplied(text, fact))
        yield from (f"configuration:{name}" for name in _CONFIGURATION.findall(text) if name)
    written = json.encode((fact.id, attrs))
    if not written.isascii():
        yield from (f"character:{letter}" for letter in sorted({*written.decode()}) if letter > "\x7f")


def parameters(fact: Fact) -> Iterator[tuple[str, str | None]]:
    """Parameters that the fact sets, each with a value as SQL where that is no secret."""
    if fact.kind in _SETTINGS:
        value = fact.attrs["value"]
        yield fact.attrs["name"], f"'{value}'" if isinstance(value, str) and value.isalnum() else None
    if fact.kind in _ROUTINES:
        yield from ((unquote(name), value) for name, value in _SET.findall(_header(fact)))


_REFERENCES = re.compile(r"\bREFERENCES ((?:\"(?:[^\"]|\"\")+\"|\w+)\.(?:\"(?:[^\"]|\"\")+\"|\w+))\(")


def needed(fact: Fact) -> Iterator[str]:
    """Keys of what a role has to be allowed that makes the fact, beyond what is its own: to refer to a table,
    to create an extension, to write rows; and what the owner has to be allowed: to create in a schema."""
    if fact.kind == "extension":
        yield f"extension:{unquote(fact.name)}"
    if fact.kind == "constraint" and fact.attrs.get("type") == "f":
        yield from (f"references:{name}" for name in _REFERENCES.findall(fact.attrs["definition"])[:1])
    if fact.kind == "row":
        yield f"writes:{(fact.parent or '').partition(':')[2]}"
    if "owner" in fact.attrs:
        schemas = [need[len("schema:") :] for need in fact.needs if need.startswith("schema:")]
        yield from (f"create:{schema}:{fact.attrs['owner']}" for schema in schemas)


def without(fact: Fact, key: str, live: Fact | None) -> Fact | None:
    """The fact without what it uses by that key; None where it cannot be without."""
    sort, _, name = key.partition(":")
    attrs = dict(fact.attrs)
    if sort == "parameter" and fact.kind in _ROUTINES:
        header = _SET.sub(lambda m: "" if unquote(m[1]) == name else m[0], _header(fact))
        attrs["definition"] = header + attrs["definition"][len(_header(fact)) :]
    elif sort == "extension" and " " in name:
        attrs.pop("version", None)
        attrs.update({"version": live.attrs["version"]} if live else {})
    elif sort == "tablespace":
        attrs.pop("tablespace")
    elif sort == "collation" and fact.kind == "column" and "collation" in attrs:
        attrs.pop("collation")
    else:
        return None
    return structs.replace(fact, attrs=attrs)


def fitted(
    facts: Mapping[str, Fact], live: Mapping[str, Fact], lacks: Mapping[str, str]
) -> tuple[dict[str, Fact], dict[str, str]]:
    """The facts without what the server lacks, and why, by identity; what cannot be without it is gone."""
    kept, lacking = {}, {}
    for identity, fact in facts.items():
        left: Fact | None = fact
        for key in dict.fromkeys(wanted(fact)) if lacks else ():
            if key in lacks:
                lacking[identity] = lacks[key]
                left = left and without(left, key, live.get(identity))
        if left is not None:
            kept[identity] = left
    return kept, lacking


def _header(fact: Fact) -> str:
    """What stands before the body of a routine."""
    text = str(fact.attrs.get("definition", ""))
    end = _HEADER_END.search(text)
    return text[: end.start()] if end else text


def _collations(fact: Fact) -> Iterator[str]:
    printed: Iterable[str] = (
        strings(fact.attrs) if fact.kind in (*PARSED, "domain", "range", "composite") else ()
    )
    names = [name for text in printed for name in _COLLATE.findall(text) if name]
    for value in _values(fact.attrs, "collation"):
        schema, _, name = value.rpartition(".")
        names += [name] if schema in ("", "pg_catalog") else []
    yield from (name for name in map(unquote, names) if name not in _EVERYWHERE)


def _supplied(text: str, fact: Fact) -> Iterator[str]:
    """Names as PostgreSQL gives them, but those of columns and of queries within the text."""
    own = {*_WITH.findall(text), *(need.rpartition(".")[2] for need in fact.needs)}
    yield from (a or b for a, b in _SUPPLIED.findall(text) if (a or b) and (a or b) not in own)


def _parsed(fact: Fact) -> Iterator[str]:
    if fact.kind in PARSED:
        yield from strings(fact.attrs)
    elif fact.kind in _ROUTINES:
        yield atomic_body(fact.attrs)


def _values(value: Json, key: str) -> Iterator[str]:
    """The strings that stand under a key at any depth."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from [item] if name == key and isinstance(item, str) else _values(item, key)
