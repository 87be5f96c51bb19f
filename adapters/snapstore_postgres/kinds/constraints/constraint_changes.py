"""How a constraint that is there becomes another one: its index, its moment, or that it is checked."""

from __future__ import annotations

import re

from snapstore.model import Fact
from snapstore.rules import Alteration, View
from snapstore_postgres.kinds.indexes.indexes import on_partitioned, stored_otherwise
from snapstore_postgres.kinds.types.domains import is_inside_others
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations import STRONGEST, table_of
from snapstore_postgres.relations.inheritance import unsettled


def altered(before: Fact, after: Fact, view: View) -> Alteration | None:
    """The rule: None where the constraint has to be made anew."""
    old, new = before.attrs, after.attrs
    if unsettled(after, view) or _keys(before) != _keys(after):
        return None
    if all(old.get(key) == new.get(key) for key in (old.keys() | new.keys()) - {"inherited"}):
        return Alteration()
    if old["definition"] == f"{new['definition']} NOT VALID" and old.get("type", "c") in ("c", "f"):
        return _validated(after, view)
    if old.get("type") in ("p", "u", "x"):
        return _other_storage(before, after, view)
    return _other_moment(before, after) if old.get("type") == "f" else None


def _validated(fact: Fact, view: View) -> Alteration | None:
    """None for a check of a domain whose values are also where no check of it can reach them."""
    of, alter = table_of(fact), "TABLE"
    if fact.parent and fact.parent.startswith("domain:"):
        if is_inside_others(view.live[fact.parent], view):
            return None
        alter = "DOMAIN"
    statement = f"ALTER {alter} {of} VALIDATE CONSTRAINT {last(fact.name)}"
    return Alteration(statements=[statement], lock="SHARE UPDATE EXCLUSIVE")


def _keys(fact: Fact) -> set[str]:
    """What a foreign key refers to by, which it does for good."""
    return {need for need in fact.needs if need.startswith(("constraint:", "index:"))}


def _other_storage(before: Fact, after: Fact, view: View) -> Alteration | None:
    """A key whose index lies elsewhere or has other storage parameters, and is otherwise the same."""
    old, new = before.attrs, after.attrs
    differ = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    if not differ <= {"options", "tablespace"} or ("options" in differ and on_partitioned(after, view)):
        return None
    index = f"{qualifier(table_of(after))}.{last(after.name)}"
    statements = stored_otherwise(index, old.get("options", []), new.get("options", []))
    if "tablespace" in differ:
        statements.append(f"ALTER INDEX {index} SET TABLESPACE {new.get('tablespace', 'pg_default')}")
    return Alteration(statements=statements, lock=STRONGEST)


_MOMENT = re.compile(
    r"(?P<what>.*?)(?P<late> DEFERRABLE)?(?P<end> INITIALLY DEFERRED)?(?P<valid> NOT VALID)?"
)


def _other_moment(before: Fact, after: Fact) -> Alteration | None:
    """A foreign key that is checked at another moment of a transaction, and is otherwise the same."""
    was, now = (_MOMENT.fullmatch(fact.attrs["definition"]) for fact in (before, after))
    if not was or not now or was["what"] != now["what"] or was["valid"] != now["valid"]:
        return None
    head = f"ALTER TABLE {table_of(after)} ALTER CONSTRAINT {last(after.name)}"
    return Alteration(statements=[f"{head} {_moment(now)}"], undo=[f"{head} {_moment(was)}"], lock=STRONGEST)


def _moment(found: re.Match[str]) -> str:
    return f"DEFERRABLE{found['end'] or ' INITIALLY IMMEDIATE'}" if found["late"] else "NOT DEFERRABLE"
