"""Rules for collations."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.kinds.types.alike import dropped
from snapstore_postgres.names import literal
from snapstore_postgres.relations import owner_statement


def _alter_owner(keyword: str, before: Fact, after: Fact) -> Alteration | None:
    """For what PostgreSQL cannot alter beyond its owner."""
    if {**before.attrs, "owner": ""} != {**after.attrs, "owner": ""}:
        return None
    same = before.attrs.get("owner") == after.attrs.get("owner")
    return Alteration(statements=() if same else owner_statement(keyword, after.name, after))


_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}


def _create_collation(fact: Fact, view: View) -> Draft:
    a = fact.attrs
    items = [f"provider = {_PROVIDERS.get(a['provider'], 'libc')}"]
    if "locale" in a:
        items.append(f"locale = {literal(a['locale'])}")
    elif a.get("collate") == a.get("ctype"):
        items.append(f"locale = {literal(a['collate'])}")
    else:
        items += [f"lc_collate = {literal(a['collate'])}", f"lc_ctype = {literal(a['ctype'])}"]
    items += [] if a["deterministic"] else ["deterministic = false"]
    items += [f"rules = {literal(a['rules'])}"] if "rules" in a else []
    return Draft(
        statements=[
            f"CREATE COLLATION {fact.name} ({', '.join(items)})",
            *owner_statement("COLLATION", fact.name, fact),
        ],
        undo=[f"DROP COLLATION {fact.name}"],
    )


RULES: dict[str, Rule] = {
    "collation": Rule(
        _create_collation,
        lambda f, v: dropped(f"COLLATION {f.name}"),
        lambda b, a, v: _alter_owner("COLLATION", b, a),
        rank=3,
    )
}
