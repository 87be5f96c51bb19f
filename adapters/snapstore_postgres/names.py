"""Names as PostgreSQL quotes them, and where a fact's document lies."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

NAME = r'(?:"(?:[^"]|"")+"|[^\s",()]+)'
"""A name as it stands in a list of a definition, quoted where it has to be."""
_PART = re.compile(r'"(?:[^"]|"")*"|[^".]+')
_PLAIN = re.compile(r"[a-z0-9_][a-z0-9_.,()\[\]-]{0,119}")
"""Most names: files can be called like that."""
_SAFE = re.compile(r"[^A-Za-z0-9_.,()\[\]-]")
_FOLDERS = {
    "schema": "schema",
    "table": "tables",
    "view": "views",
    "matview": "materialized_views",
    "sequence": "sequences",
    "index": "indexes",
    "function": "functions",
    "procedure": "procedures",
    "aggregate": "aggregates",
    "collation": "collations",
    "enum": "types",
    "composite": "types",
    "domain": "types",
    "range": "types",
    "shell_type": "types",
    "operator": "operators",
    "shell_operator": "operators",
    "operator_family": "operators",
    "operator_class": "operators",
    "conversion": "conversions",
    "data": "data",
    "ts_parser": "text_search",
    "ts_template": "text_search",
    "ts_dictionary": "text_search",
    "ts_configuration": "text_search",
}


def quote(name: str) -> str:
    """An identifier, always quoted: right for every name."""
    return '"' + name.replace('"', '""') + '"'


def printed(name: str) -> str:
    """An identifier that is no keyword, as the server prints it: quoted only where it has to be."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else quote(name)


def unquote(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def aside(part: str) -> str:
    """A name for what makes way for another of its own name, no longer than a name may be."""
    name = unquote(part)
    if len(name.encode()) > 50:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = name.encode()[:40].decode(errors="ignore") + f"_{digest}"
    return quote(f"{name}__replaced")


def literal(text: str) -> str:
    """A string constant that reads the same whatever ``standard_conforming_strings`` says."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def block(body: str) -> str:
    """A statement that runs the body, of PL/pgSQL, within dollar quotes that no name in it can close."""
    tag = "do"
    while f"${tag}" in body:
        tag += "_"
    return f"DO ${tag}$ {body} ${tag}$"


def parts(name: str) -> list[str]:
    """The dotted parts of a qualified name, still quoted: ``public."a.b"`` gives two."""
    return _PART.findall(name)


def last(name: str) -> str:
    return parts(name)[-1]


def qualifier(name: str) -> str:
    """All but the last part."""
    return ".".join(parts(name)[:-1])


def document_path(root: str) -> str:
    """Where the fact that has no parent is written, with all that is part of it."""
    kind, _, name = root.partition(":")
    if kind == "schema":
        return f"schemas/{_file(unquote(name))}/schema.json"
    folder = _FOLDERS.get(kind)
    if folder is None:
        return f"{kind}/{_file(name)}.json"
    schema = parts(name)[0]
    return f"schemas/{_file(unquote(schema))}/{folder}/{_file(name[len(schema) + 1 :])}.json"


def _file(name: str) -> str:
    """A file name that is one on every system: others escaped, long ones cut with a hash behind."""
    if _PLAIN.fullmatch(name):
        return name
    plain = unquote(name) if re.fullmatch(r'"(?:[^"]|"")*"', name) else name
    safe = _SAFE.sub(lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode()), plain)
    if safe.startswith("."):
        safe = "%2E" + safe[1:]
    if plain == safe and plain == plain.lower() and len(safe) <= 120:
        return safe
    if len(safe) <= 120 and plain != plain.lower():
        return f"{safe}~{hashlib.sha256(plain.encode()).hexdigest()[:6]}"
    if len(safe) <= 120:
        return safe
    return f"{safe[:100]}~{hashlib.sha256(plain.encode()).hexdigest()[:12]}"


def listed(columns: Iterable[str]) -> str:
    """Names of columns as they stand behind that of a table; nothing where there are none."""
    names = ", ".join(columns)
    return f" ({names})" if names else ""


def spare_name(identity: str, what: str) -> str:
    """A name that only we give, the same for the same object on every attempt; it needs no quotes."""
    return f"snapstore_{what}_{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
