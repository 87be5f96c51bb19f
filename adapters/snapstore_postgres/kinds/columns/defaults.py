"""Rules for the defaults of columns."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.names import last
from snapstore_postgres.relations import STRONGEST, table_of


def _alter_of_default(fact: Fact) -> str:
    keyword = "VIEW" if fact.parent and fact.parent.startswith("view:") else "TABLE ONLY"
    return f"ALTER {keyword} {table_of(fact)} ALTER COLUMN {last(fact.name)}"


def set_default(fact: Fact, view: View | None = None) -> Draft:
    alter = _alter_of_default(fact)
    return Draft(
        statements=[f"{alter} SET DEFAULT {reparsable(fact.attrs['expression'])}"],
        undo=[f"{alter} DROP DEFAULT"],
        lock=STRONGEST,
    )


def _drop_default(fact: Fact, view: View) -> Draft:
    if "column:" + fact.name in view.target and "generated" in view.target["column:" + fact.name].attrs:
        return NOTHING
    alter = _alter_of_default(fact)
    return Draft(
        statements=[f"{alter} DROP DEFAULT"],
        undo=[f"{alter} SET DEFAULT {fact.attrs['expression']}"],
        lock=STRONGEST,
    )


def _alter_default(before: Fact, after: Fact, view: View) -> Alteration:
    draft = set_default(after)
    undo = set_default(before).statements
    same = before.attrs == after.attrs
    return Alteration(statements=() if same else draft.statements, undo=undo, lock=STRONGEST)


RULES: dict[str, Rule] = {
    "default": Rule(set_default, _drop_default, _alter_default, rank=40, separable=by_itself),
}
