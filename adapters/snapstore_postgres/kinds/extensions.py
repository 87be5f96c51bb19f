"""Rules for extensions."""

from __future__ import annotations

import re
from collections.abc import Iterator

from snapstore.adapter import PlanRequest
from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.names import literal, unquote
from snapstore_postgres.rows.archived import configuration


def _create_extension(fact: Fact, view: View) -> Draft:
    """In the server's own version where the snapshot is of another server version."""
    a = fact.attrs
    version = f" VERSION {literal(a['version'])}" if "version" in a else ""
    draft = Draft(
        statements=[f"CREATE EXTENSION {fact.name} WITH SCHEMA {a['schema']}{version}"],
        undo=[f"DROP EXTENSION {fact.name}"],
    )
    return configuration.put_back(draft, fact, view)


def _drop_extension(fact: Fact, view: View) -> Draft:
    return configuration.kept_apart(Draft(statements=[f"DROP EXTENSION {fact.name}"]), fact, view)


def version_changes(request: PlanRequest) -> Iterator[tuple[str, str, str]]:
    """The extensions that get another version, as they are called, and both versions."""
    for change in request.changes.facts:
        sides = (change.before, change.after)
        old, new = (side.attrs.get("version") if side else None for side in sides)
        if change.id.startswith("extension:") and old and new and old != new:
            yield unquote(change.id.partition(":")[2]), old, new


WAYS = "extension_ways"
"""The hint with those of :func:`version_changes` for which the server has scripts from the old to the new."""


def _version(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _has_way(before: Fact, after: Fact, view: View) -> bool:
    """Whether the server can make one version of the other. Where it was not asked, up is taken to be one."""
    old, new = before.attrs["version"], after.attrs["version"]
    known = view.request.live_hints.get(WAYS)
    if known is not None and old != new:
        return unquote(after.name) in known
    return _version(old) <= _version(new)


def _alter_extension(before: Fact, after: Fact, view: View) -> Alteration | None:
    """There is a way up and seldom one down; where there is none it is created anew, and with it the columns
    of its types, whose values lie in the archive meanwhile."""
    if not _has_way(before, after, view):
        return None
    alter = f"ALTER EXTENSION {after.name}"
    statements = []
    updated = before.attrs["version"] != after.attrs["version"]
    if updated:
        statements.append(f"{alter} UPDATE TO {literal(after.attrs['version'])}")
    if before.attrs["schema"] != after.attrs["schema"]:
        statements.append(f"{alter} SET SCHEMA {after.attrs['schema']}")
    # A script for an update drops views and functions of the extension, to make them with other columns.
    return Alteration(statements, displaces=lambda dependent: updated and dependent.kind in _READERS)


_READERS = ("view", "matview")


RULES: dict[str, Rule] = {"extension": Rule(_create_extension, _drop_extension, _alter_extension, rank=2)}
