"""Rules for domains."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.kinds.types.alike import dropped, type_slot
from snapstore_postgres.kinds.types.type_swap import columns_with, swap
from snapstore_postgres.names import last
from snapstore_postgres.relations import owner_statement
from snapstore_postgres.relations.usual_names import domain_not_null_name
from snapstore_postgres.renaming.labels_as_text import as_once_named
from snapstore_postgres.rows.types import fitting
from snapstore_postgres.rows.types.held_rows import holders
from snapstore_postgres.rows.types.meaning import some_would_mean_nothing


def _domain_text(fact: Fact, *, named: bool = False) -> str:
    """``named`` also names a NOT NULL that has the usual name: else another one's would be gone round."""
    a = fact.attrs
    text = f"CREATE DOMAIN {fact.name} AS {a['type']}"
    text += f" COLLATE {a['collation']}" if "collation" in a else ""
    text += f" DEFAULT {reparsable(a['default'])}" if "default" in a else ""
    name = f" CONSTRAINT {name_of_domain_not_null(fact)}" if named or "not_null_name" in a else ""
    return text + (f"{name} NOT NULL" if a.get("not_null") else "")


def _made(fact: Fact, view: View, text: str) -> list[str]:
    """The statements that make a domain: one over another has that one's default unless it has its own."""
    below = view.target.get(f"domain:{fact.attrs['type']}")
    without = below is not None and "default" in below.attrs and "default" not in fact.attrs
    lost = [f"ALTER DOMAIN {fact.name} DROP DEFAULT"] if without else []
    return [text, *lost, *owner_statement("DOMAIN", fact.name, fact)]


def name_of_domain_not_null(domain: Fact) -> str:
    """The name of its NOT NULL constraint."""
    return str(domain.attrs.get("not_null_name") or domain_not_null_name(domain))


def _not_null_of_domain(before: Fact, after: Fact) -> list[str]:
    alter, was, now = f"ALTER DOMAIN {after.name}", before.attrs, after.attrs
    if not now.get("not_null"):
        return [f"{alter} DROP NOT NULL"] if was.get("not_null") else []
    if not was.get("not_null"):
        named = f"ADD CONSTRAINT {now.get('not_null_name')} NOT NULL"
        return [f"{alter} {named if 'not_null_name' in now else 'SET NOT NULL'}"]
    old, new = name_of_domain_not_null(before), name_of_domain_not_null(after)
    return [f"{alter} RENAME CONSTRAINT {old} TO {new}"] if old != new else []


def _create_domain(fact: Fact, view: View) -> Draft:
    # At once, since a domain that is in an array or a row cannot get one any more.
    parts = (part for part in view.target_parts.get(fact.id, ()) if part.id not in view.apart.coming)
    checks = [part for part in parts if _comes_at_once(part, fact, view)]
    body = "".join(f" CONSTRAINT {last(c.name)} {reparsable(c.attrs['definition'])}" for c in checks)
    return Draft(
        statements=_made(fact, view, _domain_text(fact) + body),
        undo=[f"DROP DOMAIN {fact.name}"],
        absorbs=checks,
    )


def is_inside_others(domain: Fact, view: View) -> bool:
    """Whether columns hold values of a domain inside arrays, rows or ranges, which no check can reach."""
    standing = view.live_dependents.get(domain.id, ())
    return any(
        (f.kind == "column" and (f.attrs["type"].endswith("[]") or any(holders(f.parent or "", view))))
        or (f.kind in ("composite", "range") and any(True for _ in columns_with(f, view.live_dependents)))
        or (f.kind == "domain" and is_inside_others(f, view))
        for f in standing
    )


def _comes_at_once(part: Fact, domain: Fact, view: View) -> bool:
    """Whether a domain can be created with a constraint: what that stands on does not need the domain."""
    if part.kind != "constraint" or "NOT VALID" in part.attrs["definition"]:
        return False
    routines = ("function:", "operator:")
    return not any(n.startswith(routines) and domain.id in view.target[n].needs for n in part.needs)


def _alter_domain(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    stricter = bool(new.get("not_null")) and not old.get("not_null")
    if (stricter or old["type"] != new["type"]) and is_inside_others(before, view):
        return None
    if some_would_mean_nothing(before, after, view):
        return None
    if (old["type"], old.get("collation")) != (new["type"], new.get("collation")):
        return _swapped(before, after, view)
    statements = []
    if old.get("default") != new.get("default"):
        default = f"SET DEFAULT {reparsable(new['default'])}" if "default" in new else "DROP DEFAULT"
        statements.append(f"ALTER DOMAIN {after.name} {default}")
    statements += _not_null_of_domain(before, after)
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("DOMAIN", after.name, after)
    loses = bool(old.get("not_null")) and not new.get("not_null")
    return Alteration(
        statements=statements, displaces=lambda part: loses and part.id.startswith("comment:not_null:")
    )


def _swapped(before: Fact, after: Fact, view: View) -> Alteration:
    """A domain over another type under the same name, with all columns of it rewritten."""
    old, new = before.attrs["type"], after.attrs["type"]

    def through(value: str, many: str) -> str:
        return as_once_named(f"{value}::{old}{many}", f"{old}{many}", f"{new}{many}", view.request)

    def fitted(column: Fact) -> fitting.Fit:
        return _into_domain(column, old, new, view)

    made = _made(after, view, _domain_text(after, named=True))
    return swap(before, after, made, through, fitted, view)


def _into_domain(column: Fact, old: str, new: str, view: View) -> fitting.Fit:
    """Whether the values of a column of a domain fit the type that is to be below it."""
    many = "[]" * column.attrs["type"].count("[]")
    plain = Fact(column.id, {**column.attrs, "type": f"{old}{many}"}, column.parent, column.needs)
    return fitting.into(plain, f"{new}{many}", view)


RULES: dict[str, Rule] = {
    "domain": Rule(
        _create_domain, lambda f, v: dropped(f"DOMAIN {f.name}"), _alter_domain, rank=11, slots=type_slot
    )
}
