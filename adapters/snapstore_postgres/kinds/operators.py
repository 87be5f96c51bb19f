"""Rules for operators, and for their shells: names that a negator or a commutator has, and no function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from snapstore.model import Fact
from snapstore.rules import NOTHING, Alteration, Draft, Rule, View, by_itself
from snapstore_postgres.kinds.whole import items, only, set_clauses, whole
from snapstore_postgres.names import parts
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.words import designation

_OPERATOR = (
    ("function", "FUNCTION"),
    ("left", "LEFTARG"),
    ("right", "RIGHTARG"),
    ("commutator", "COMMUTATOR"),
    ("negator", "NEGATOR"),
    ("restrict", "RESTRICT"),
    ("join", "JOIN"),
    ("hashes", "HASHES"),
    ("merges", "MERGES"),
)


def _operator(fact: Fact) -> list[str]:
    name = fact.name[: fact.name.rindex("(")]
    return [f"CREATE OPERATOR {name} (\n    {', '.join(items(fact.attrs, _OPERATOR))}\n)"]


_ESTIMATORS = (("restrict", "RESTRICT"), ("join", "JOIN"))


def _tune_operator(before: Fact, after: Fact) -> Sequence[str] | None:
    if not only(before, after, "restrict", "join"):
        return None
    name, _, arguments = after.name.partition("(")
    return [f"ALTER OPERATOR {name} ({arguments} SET ({set_clauses(before, after, _ESTIMATORS)})"]


def completed_unasked(fact: Fact, view: View) -> list[str]:
    """Operators that are to have no negator or commutator, which making this one gives to them: they are made
    anew, after it."""
    standing = (
        f for f in view.target_dependents.get(fact.id, ()) if f.kind == "operator" and f.id in view.live
    )
    return [other.id for other in standing if _links_to(fact, other)]


def _links_to(operator: Fact, other: Fact) -> bool:
    named = f"OPERATOR({other.name.partition('(')[0]})"
    links = [link for link in ("negator", "commutator") if operator.attrs.get(link) == named]
    return any(link not in other.attrs for link in links)


def _named_one_sidedly(fact: Fact, view: View) -> list[str]:
    """Operators that name this one without being named by it: they would go on naming the one that went."""
    named = (need for need in fact.needs if need.startswith("operator:"))
    return [need for need in named if need in view.live] if fact.id in view.live else []


def _together(fact: Fact, view: View) -> list[str]:
    return [*completed_unasked(fact, view), *_named_one_sidedly(fact, view)]


def _create_shell_operator(fact: Fact, view: View) -> Draft:
    """It is made by an operator that names it: where there is none, by one that goes at once."""
    owner = owner_statement("OPERATOR", fact.name, fact)
    return Draft(statements=[*([] if _naming(fact) else _named_for_a_moment(fact)), *owner])


def _naming(shell: Fact) -> list[str]:
    return [need for need in shell.needs if need.startswith("operator:")]


def _named_for_a_moment(fact: Fact) -> list[str]:
    schema, name = parts(fact.name.partition("(")[0])
    sides = [fact.attrs.get("left", "NONE"), fact.attrs.get("right", "NONE")]
    given = ", ".join(side for side in sides if side != "NONE")
    arguments = ", ".join(
        f"{s}ARG = {kind}" for s, kind in zip(("LEFT", "RIGHT"), sides, strict=True) if kind != "NONE"
    )
    namer, function = f"{schema}.<%@%>", f"{schema}.snap_naming"
    return [
        f"CREATE FUNCTION {function}({given}) RETURNS boolean LANGUAGE sql AS 'SELECT true'",
        f"CREATE OPERATOR {namer} (FUNCTION = {function}, {arguments}, NEGATOR = OPERATOR({schema}.{name}))",
        f"DROP OPERATOR {namer} ({', '.join(sides)})",
        f"DROP FUNCTION {function}({given})",
    ]


def _drop_shell_operator(fact: Fact, view: View) -> Draft:
    """One that is made fills its name."""
    filled = f"operator:{fact.name}" in view.target
    return NOTHING if filled else Draft(statements=[f"DROP {designation(fact)}"])


def _alter_shell_operator(before: Fact, after: Fact, view: View) -> Alteration | None:
    same = before.attrs.get("owner") == after.attrs.get("owner")
    return Alteration(statements=() if same else owner_statement("OPERATOR", after.name, after))


def _named_again(fact: Fact, view: View) -> list[str]:
    """The operators that are to name it, and have lost the one of its name: they are made anew."""
    return [name for name in _naming(fact) if name in view.live and fact.id not in view.live]


def _operator_slot(fact: Fact) -> list[str]:
    return [f"operator:{fact.name}"]


RULES: dict[str, Rule] = {
    "operator": replace(
        whole("OPERATOR", _operator, rank=38, tune=_tune_operator),
        along=_together,
        slots=_operator_slot,
    ),
    "shell_operator": Rule(
        _create_shell_operator,
        _drop_shell_operator,
        _alter_shell_operator,
        rank=38,
        separable=by_itself,
        along=_named_again,
        slots=_operator_slot,
    ),
}
