"""Rules for range types, which come with a multirange type and with functions that make values of both."""

from __future__ import annotations

from collections.abc import Iterator

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.kinds.types.base_types import with_shell
from snapstore_postgres.names import last, qualifier
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.relations.usual_names import multirange_of, range_constructors


def _create(fact: Fact, view: View) -> Draft:
    a = fact.attrs
    items = [f"SUBTYPE = {a['subtype']}"]
    for key, word in (
        ("opclass", "SUBTYPE_OPCLASS"),
        ("collation", "COLLATION"),
        ("canonical", "CANONICAL"),
        ("subtype_diff", "SUBTYPE_DIFF"),
    ):
        items += [f"{word} = {a[key]}"] if key in a else []
    items += [f"MULTIRANGE_TYPE_NAME = {multirange_of(fact)}"] if "multirange" in a else []
    plain = Fact(fact.id, {k: v for k, v in a.items() if k != "constructors"})
    return Draft(
        statements=[
            f"CREATE TYPE {fact.name} AS RANGE ({', '.join(items)})",
            *_renamed_constructors(plain, fact),
            *owner_statement("TYPE", fact.name, fact),
        ],
        undo=[f"DROP TYPE {fact.name}"],
    )


def _alter(before: Fact, after: Fact, view: View) -> Alteration | None:
    free = {"owner": "", "constructors": {}}
    if {**before.attrs, **free} != {**after.attrs, **free}:
        return None
    owned = before.attrs.get("owner") == after.attrs.get("owner")
    return Alteration(
        statements=[
            *_renamed_constructors(before, after),
            *([] if owned else owner_statement("TYPE", after.name, after)),
        ]
    )


def _renamed_constructors(before: Fact, after: Fact) -> Iterator[str]:
    arguments, now = _arguments(after), range_constructors(after)
    for function, old in range_constructors(before).items():
        new, behind = now[function], arguments[function]
        if qualifier(old) != qualifier(new):
            yield f"ALTER FUNCTION {old}({behind}) SET SCHEMA {qualifier(new)}"
        if last(old) != last(new):
            yield f"ALTER FUNCTION {qualifier(new)}.{last(old)}({behind}) RENAME TO {last(new)}"


def _arguments(fact: Fact) -> dict[str, str]:
    """What these functions take, as it is printed."""
    subtype = fact.attrs["subtype"]
    return {
        "range_constructor2": f"{subtype},{subtype}",
        "range_constructor3": f"{subtype},{subtype},text",
        "multirange_constructor0": "",
        "multirange_constructor1": fact.name,
        "multirange_constructor2": f"{fact.name}[]",
    }


def _slots(fact: Fact) -> list[str]:
    """The multirange, and the functions that make either, cannot be renamed out of the way of others."""
    taken = _arguments(fact)
    functions = (f"routine:{name}({taken[key]})" for key, name in range_constructors(fact).items())
    return [f"type:{fact.name}", f"type:{multirange_of(fact)}", *functions]


RULES: dict[str, Rule] = {
    "range": Rule(
        _create,
        lambda f, v: Draft(statements=[f"DROP TYPE {f.name}"]),
        _alter,
        rank=13,
        slots=_slots,
        along=with_shell,
    ),
}
