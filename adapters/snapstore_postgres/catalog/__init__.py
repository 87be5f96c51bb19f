"""What is read from the system catalogs, as SQL files; ``facts/`` holds one query per kind of fact.

A query of ``facts/`` has five columns that say which fact a row is: the class, oid and sub-id by which
``pg_depend`` speaks of the object (zeros for what has no address), its identity, and the identity that it is
part of or NULL. The columns from the sixth on are its attributes, by name; NULL where an attribute has its
default. To add a kind of object is to add such a file, and an entry to the table of rules, which is in
``kinds/rules.py``.

All run in one transaction with an empty ``search_path``, so that every name the server prints is qualified.
The parameter ``$1`` is an array of the oids of the schemas that are looked at. The files are plain SQL, in
ASCII (the server may have an encoding without anything else), but for three things:

* ``{{name(argument, …)}}`` stands for the fragment of that name in ``macros.sql``;
* a line that ends in ``-- since 16``, ``-- before 18`` or ``-- since 15, before 17`` is left out for servers
  of other major versions; where that is a comment at the very top, so is the whole file;
* a line ``-- nothing without pg_… WHERE …`` says without which rows of a catalog the query finds nothing:
  most databases have few kinds of objects, and to ask whether a catalog is empty costs less than to read it.

What initdb makes has an oid below 16384: see "System Catalog Initial Data" in the manual.

A server whose statistics are older than the objects takes ``relnamespace = ANY ($1)`` for one row, and then
looks up everything else one by one. So schemas are chosen by the oid of ``pg_namespace``, which it cannot
take for so few.

Sources: the chapter "System Catalogs" and "System Catalog Information Functions" of the PostgreSQL manual.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

PASSWORDS = "facts/role_password"
OF_CLUSTER = frozenset(
    {PASSWORDS, "facts/role", "facts/role_setting", "facts/membership", "facts/parameter", "facts/tablespace"}
)
"""Queries about what belongs to no database."""

_FOLDER = Path(__file__).parent
_MACRO = re.compile(r"^-- macro (\w+)(?:\((.*)\))?$", re.MULTILINE)
_USE = re.compile(r"\{\{(\w+)(?:\(([^()]*)\))?\}\}")
_WITHOUT = re.compile(r"^-- nothing without (.+)$", re.MULTILINE)
_GUARD = re.compile(r"-- (?:since (\d+))?(?:, )?(?:before (\d+))?$")


def facts(version: int) -> list[str]:
    """The names of the queries for facts, as :func:`sql` takes them, sorted."""
    names = sorted(f"facts/{path.stem}" for path in (_FOLDER / "facts").glob("*.sql"))
    return [name for name in names if sql(name, version)]


@cache
def sql(name: str, version: int) -> str:
    """The text of one query for a server of that ``server_version_num``, "" where it is for others."""
    lines = (_FOLDER / f"{name}.sql").read_text("utf-8").splitlines()
    major = version // 10000
    if lines[0].startswith("--") and not _is_for(lines[0], major):
        return ""
    return _expand("\n".join(line for line in lines if _is_for(line, major)))


def presence(version: int) -> tuple[str, dict[str, int]]:
    """A query with one column, an array of booleans, and the place in it of each query for facts that finds
    nothing where that one is false."""
    said = {name: _WITHOUT.search(sql(name, version)) for name in facts(version)}
    needed = {name: found[1] for name, found in said.items() if found}
    distinct = sorted(set(needed.values()))
    asked = ", ".join(f"EXISTS (SELECT FROM {rows})" for rows in distinct)
    return f"SELECT ARRAY[{asked}]::boolean[]", {name: distinct.index(rows) for name, rows in needed.items()}


def _is_for(line: str, major: int) -> bool:
    guard = _GUARD.search(line)
    return guard is None or int(guard[1] or 0) <= major < int(guard[2] or major + 1)


def _expand(text: str) -> str:
    return _USE.sub(lambda use: _expand(_fill(use[1], use[2] or "")), text)


def _fill(name: str, arguments: str) -> str:
    """A macro's text with its parameters replaced."""
    parameters, body = _macros()[name]
    for parameter, argument in zip(parameters, _listed(arguments), strict=True):
        body = body.replace("{" + parameter + "}", argument)
    return body


@cache
def _macros() -> dict[str, tuple[list[str], str]]:
    """Parameters and text of each macro by name."""
    _, *found = _MACRO.split((_FOLDER / "macros.sql").read_text("utf-8"))
    names, parameters, bodies = found[::3], found[1::3], found[2::3]
    return {
        name: (_listed(listed or ""), re.sub(r"^--.*\n", "", body.strip(), flags=re.MULTILINE))
        for name, listed, body in zip(names, parameters, bodies, strict=True)
    }


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []
