"""Rules for the rewrite rules of tables and views."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.expressions.returned import older_rules
from snapstore_postgres.kinds.triggers import drop, enable
from snapstore_postgres.relations import STRONGEST
from snapstore_postgres.words import designation


def created(fact: Fact, view: View) -> Draft:
    statements = [reparsable(fact.attrs["definition"]).rstrip().rstrip(";")]
    if "enabled" in fact.attrs:
        statements.append(enable(fact, "RULE"))
    return Draft(statements=statements, undo=[f"DROP {designation(fact)}"], lock=STRONGEST)


def _alter_rule(before: Fact, after: Fact, view: View) -> Alteration | None:
    if before.attrs["definition"] != after.attrs["definition"]:
        return None
    same = before.attrs.get("enabled") == after.attrs.get("enabled")
    return Alteration(statements=() if same else [enable(after, "RULE")], lock=STRONGEST)


def _with_view(fact: Fact, view: View) -> list[str]:
    """A view that has columns which a rule is older than: it gets them when the rule is there."""
    on = view.target[fact.parent or ""]
    is_older = on.kind == "view" and fact in (rule for _, rule in older_rules(on, view.target))
    return [on.id] if is_older and on.id in view.live else []


RULES: dict[str, Rule] = {
    "rule": Rule(created, drop, _alter_rule, rank=64, separable=by_itself, along=_with_view),
}
