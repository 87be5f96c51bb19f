"""Rules for extensions."""

from __future__ import annotations

import re

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.names import literal
from snapstore_postgres.relations import data_loss


def _create_extension(fact: Fact, view: View) -> Draft:
    """In the server's own version where the snapshot is of another server version."""
    a = fact.attrs
    version = f" VERSION {literal(a['version'])}" if "version" in a else ""
    return Draft(
        statements=[f"CREATE EXTENSION {fact.name} WITH SCHEMA {a['schema']}{version}"],
        undo=[f"DROP EXTENSION {fact.name}"],
    )


def _drop_extension(fact: Fact, view: View) -> Draft:
    """Its tables of configuration go with it: the archive has no place for a part of an extension."""
    hazards = [
        hazard
        for table in fact.attrs.get("configuration", ())
        for hazard in data_loss(view, f"table:{table}", f"table {table} of extension {fact.name}")
    ]
    return Draft(statements=[f"DROP EXTENSION {fact.name}"], hazards=hazards)


def _version(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def _alter_extension(before: Fact, after: Fact, view: View) -> Alteration | None:
    """There is a way up and seldom one down; down it is created anew, unless columns stand on it."""
    columns = any(f.kind == "column" and view.stays(f.id) for f in view.live_dependents.get(before.id, ()))
    if _version(after.attrs["version"]) < _version(before.attrs["version"]) and not columns:
        return None
    alter = f"ALTER EXTENSION {after.name}"
    statements = []
    if before.attrs["version"] != after.attrs["version"]:
        statements.append(f"{alter} UPDATE TO {literal(after.attrs['version'])}")
    if before.attrs["schema"] != after.attrs["schema"]:
        statements.append(f"{alter} SET SCHEMA {after.attrs['schema']}")
    return Alteration(statements=statements)


RULES: dict[str, Rule] = {"extension": Rule(_create_extension, _drop_extension, _alter_extension, rank=2)}
