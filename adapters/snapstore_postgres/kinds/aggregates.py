"""Rules for aggregates."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.kinds.routines import routine_slot
from snapstore_postgres.names import literal
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.words import designation, plain, signature

_MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
_PARALLEL = {"s": "SAFE", "r": "RESTRICTED", "u": "UNSAFE"}


def _aggregate_text(fact: Fact) -> str:
    a = fact.attrs
    items = [f"SFUNC = {a['sfunc']}", f"STYPE = {a['stype']}"]
    for key, word in (
        ("sspace", "SSPACE"), ("finalfunc", "FINALFUNC"), ("combinefunc", "COMBINEFUNC"),
        ("serialfunc", "SERIALFUNC"), ("deserialfunc", "DESERIALFUNC"), ("msfunc", "MSFUNC"),
        ("minvfunc", "MINVFUNC"), ("mstype", "MSTYPE"), ("msspace", "MSSPACE"), ("mfinalfunc", "MFINALFUNC"),
        ("sortop", "SORTOP"),
    ):  # fmt: skip
        items += [f"{word} = {a[key]}"] if key in a else []
    for key, word in (("initcond", "INITCOND"), ("minitcond", "MINITCOND")):
        items += [f"{word} = {literal(a[key])}"] if key in a else []
    for key, word in (("finalfunc_extra", "FINALFUNC_EXTRA"), ("mfinalfunc_extra", "MFINALFUNC_EXTRA")):
        items += [word] if a.get(key) else []
    for key, word in (("finalfunc_modify", "FINALFUNC_MODIFY"), ("mfinalfunc_modify", "MFINALFUNC_MODIFY")):
        items += [f"{word} = {_MODIFY[a[key]]}"] if key in a else []
    items += [f"PARALLEL = {_PARALLEL[a['parallel']]}"] if "parallel" in a else []
    items += ["HYPOTHETICAL"] if a.get("kind") == "h" else []
    body = ",\n    ".join(items)
    return f"CREATE AGGREGATE {plain(fact.name)}({a['arguments'] or '*'}) (\n    {body}\n)"


def _create_aggregate(fact: Fact, view: View) -> Draft:
    owner = owner_statement("AGGREGATE", signature(fact), fact)
    return Draft(statements=[_aggregate_text(fact), *owner], undo=[f"DROP {designation(fact)}"])


def _drop_aggregate(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"DROP {designation(fact)}"], undo=[_aggregate_text(fact)])


def _alter_aggregate(before: Fact, after: Fact, view: View) -> Alteration | None:
    if _aggregate_text(before) != _aggregate_text(after):
        return None
    if before.attrs.get("owner") == after.attrs.get("owner"):
        return Alteration()
    return Alteration(statements=owner_statement("AGGREGATE", signature(after), after))


RULES: dict[str, Rule] = {
    "aggregate": Rule(_create_aggregate, _drop_aggregate, _alter_aggregate, rank=37, slots=routine_slot),
}
