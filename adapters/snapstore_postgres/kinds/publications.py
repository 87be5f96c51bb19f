"""Rules for publications, and for what is in them."""

from __future__ import annotations

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.names import literal
from snapstore_postgres.relations import owner_statement


def _publication(fact: Fact) -> str:
    a = fact.attrs
    text = f"CREATE PUBLICATION {fact.name}"
    text += " FOR ALL TABLES" if a.get("all_tables") else ""
    options = [f"publish = {literal(a['publish'])}"]
    options += ["publish_via_partition_root = true"] if a.get("via_root") else []
    options += [f"publish_generated_columns = {a['generated_columns']}"] if "generated_columns" in a else []
    return f"{text} WITH ({', '.join(options)})"


def _create_publication(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[_publication(fact), *owner_statement("PUBLICATION", fact.name, fact)],
        undo=[f"DROP PUBLICATION {fact.name}"],
    )


def _drop_publication(fact: Fact, view: View) -> Draft:
    return Draft(
        statements=[f"DROP PUBLICATION {fact.name}"],
        undo=[_publication(fact)],
        hazards=[Hazard(HazardName.DOWNTIME, f"subscribers of {fact.name} get no more changes")]
        if fact.id not in view.target
        else (),
    )


def _alter_publication(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if old.get("all_tables") != new.get("all_tables"):
        return None
    statements = []
    if _publication(before) != _publication(after):
        settings = [f"publish = {literal(new['publish'])}"]
        settings.append(f"publish_via_partition_root = {'true' if new.get('via_root') else 'false'}")
        if "generated_columns" in old or "generated_columns" in new:
            settings.append(f"publish_generated_columns = {new.get('generated_columns', 'none')}")
        statements.append(f"ALTER PUBLICATION {after.name} SET ({', '.join(settings)})")
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("PUBLICATION", after.name, after)
    return Alteration(statements=statements)


def _member(fact: Fact) -> str:
    a = fact.attrs
    if "schema" in a:
        return f"TABLES IN SCHEMA {a['schema']}"
    columns = f" ({', '.join(a['columns'])})" if a.get("columns") else ""
    which = f" WHERE ({reparsable(a['where'])})" if "where" in a else ""
    return f"TABLE ONLY {a['table']}{columns}{which}"


def _publish(fact: Fact, view: View) -> Draft:
    name = fact.attrs["publication"]
    return Draft(statements=[f"ALTER PUBLICATION {name} ADD {_member(fact)}"], undo=_unpublish_text(fact))


def _unpublish_text(fact: Fact) -> list[str]:
    a = fact.attrs
    what = f"TABLES IN SCHEMA {a['schema']}" if "schema" in a else f"TABLE ONLY {a['table']}"
    return [f"ALTER PUBLICATION {a['publication']} DROP {what}"]


def _unpublish(fact: Fact, view: View) -> Draft:
    return Draft(statements=_unpublish_text(fact), undo=[])


RULES: dict[str, Rule] = {
    "publication": Rule(_create_publication, _drop_publication, _alter_publication, rank=90),
    "publication_member": Rule(_publish, _unpublish, rank=91),
}
