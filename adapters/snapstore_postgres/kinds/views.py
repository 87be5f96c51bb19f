"""Rules for views and materialized views."""

from __future__ import annotations

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import Alteration, Draft, Halves, Rule, View, by_itself
from snapstore_postgres.expressions import reparsable
from snapstore_postgres.expressions.returned import older_rules
from snapstore_postgres.kinds.columns.column_text import settings
from snapstore_postgres.kinds.rewrite_rules import created
from snapstore_postgres.relations import STRONGEST, owner_statement, version
from snapstore_postgres.relations.sizes import size
from snapstore_postgres.relations.slots import row_slots
from snapstore_postgres.relations.storage import all_options, option_statements, other_options
from snapstore_postgres.rows.matviews import unrepeatable
from snapstore_postgres.words import named_in


def _query(fact: Fact) -> str:
    return reparsable(fact.attrs["query"]).rstrip().rstrip(";")


def _view_text(fact: Fact, head: str = "CREATE VIEW") -> str:
    options = f" WITH ({', '.join(fact.attrs['options'])})" if fact.attrs.get("options") else ""
    names = ", ".join(column["name"] for column in fact.attrs.get("columns") or ())
    return f"{head} {fact.name}{f' ({names})' if names else ''}{options} AS\n{_query(fact)}"


def _create_view(fact: Fact, view: View) -> Draft:
    """Before a column comes what may be told of those before it alone."""
    older = older_rules(fact, view.target)
    text = _view_text(fact, "CREATE OR REPLACE VIEW") if older else _view_text(fact)
    return Draft(
        statements=[
            *(s for n, rule in older for s in (_reading_nothing(fact, n), *created(rule, view).statements)),
            text,
            *owner_statement("VIEW", fact.name, fact),
        ],
        undo=[f"DROP VIEW {fact.name}"],
        absorbs=[rule for _, rule in older],
    )


def _reading_nothing(fact: Fact, count: int | None = None) -> str:
    """The view with its columns, or the first of them; without options, which may want to be of a table."""
    columns = (fact.attrs.get("columns") or [])[:count]
    nothing = ", ".join(
        f"NULL::{c['type']}" + (f" COLLATE {c['collation']}" if "collation" in c else "") for c in columns
    )
    reads_nothing = Fact(fact.id, {"columns": columns, "query": f"SELECT {nothing}"})
    return _view_text(reads_nothing, "CREATE OR REPLACE VIEW")


def _drop_view(fact: Fact, view: View) -> Draft:
    return Draft(statements=[f"DROP VIEW {fact.name}"], undo=[_view_text(fact)], lock=STRONGEST)


def _alter_view(before: Fact, after: Fact, view: View) -> Alteration | None:
    """CREATE OR REPLACE VIEW may add columns at the end, and nothing else of its columns may change."""
    old, new = before.attrs, after.attrs
    was, now = old.get("columns") or [], new.get("columns") or []
    if now[: len(was)] != was:
        return None
    statements = []
    if old["query"] != new["query"] or was != now:
        statements.append(_view_text(after, "CREATE OR REPLACE VIEW"))
    else:
        statements += option_statements(f"ALTER VIEW {after.name}", old.get("options"), new.get("options"))
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("VIEW", after.name, after)
    return Alteration(
        statements=statements, undo=[_view_text(before, "CREATE OR REPLACE VIEW")], lock=STRONGEST
    )


def _view_halves(fact: Fact, view: View) -> Halves:
    """A view of the same columns that reads nothing."""
    bare = _reading_nothing(fact)
    return Halves(
        bare=[bare],
        completed=[_view_text(fact, "CREATE OR REPLACE VIEW"), *owner_statement("VIEW", fact.name, fact)],
        stripped=[bare],
        needs=named_in(bare, fact),
    )


def _create_matview(fact: Fact, view: View) -> Draft:
    attrs = fact.attrs
    names = ", ".join(column["name"] for column in attrs.get("columns") or ())
    text = f"CREATE MATERIALIZED VIEW {fact.name}{f' ({names})' if names else ''}"
    text += f"\nUSING {attrs['access_method']}" if attrs.get("access_method") else ""
    text += all_options(attrs)
    text += f"\nTABLESPACE {attrs['tablespace']}" if attrs.get("tablespace") else ""
    text += f" AS\n{_query(fact)}\nWITH {'NO ' if attrs.get('unpopulated') else ''}DATA"
    return Draft(
        statements=[
            text,
            *owner_statement("MATERIALIZED VIEW", fact.name, fact),
            *_matview_columns(fact, view),
        ],
        undo=[f"DROP MATERIALIZED VIEW {fact.name}"],
        hazards=_unreadable(fact, view),
    )


def _unreadable(fact: Fact, view: View) -> tuple[Hazard, ...]:
    """Where it replaces one that is read."""
    if fact.id not in view.live or {"unpopulated"} & {*fact.attrs, *view.live[fact.id].attrs}:
        return ()
    rows, bytes_ = size(view, fact.id)
    text = f"{fact.name} cannot be read while its query runs"
    return (Hazard(HazardName.BLOCKING_LOCK, text, rows=rows, bytes=bytes_),)


def _matview_columns(fact: Fact, view: View, before: Fact | None = None) -> list[str]:
    was = before.attrs.get("column_settings", {}) if before else {}
    now = fact.attrs.get("column_settings", {})
    alter = f"ALTER MATERIALIZED VIEW {fact.name}"
    changed = ((name, was.get(name, {}), now.get(name, {})) for name in sorted(was.keys() | now.keys()))
    return [s for name, old, new in changed for s in settings(alter, f"{fact.name}.{name}", old, new, view)]


def _drop_matview(fact: Fact, view: View) -> Draft:
    rows, bytes_ = size(view, fact.id)
    draft = Draft(
        statements=[f"DROP MATERIALIZED VIEW {fact.name}"],
        undo=_create_matview(fact, view).statements,
        lock=STRONGEST,
        rows=rows,
        bytes=bytes_,
    )
    return unrepeatable.matview_draft(fact, view, draft)


def _alter_matview(before: Fact, after: Fact, view: View) -> Alteration | None:
    old, new = before.attrs, after.attrs
    if old["query"] != new["query"] or old.get("columns") != new.get("columns"):
        return None
    if old.get("access_method") != new.get("access_method") and version(view) < 150000:
        return None
    alter = f"ALTER MATERIALIZED VIEW {after.name}"
    statements = []
    if old.get("access_method") != new.get("access_method"):
        statements.append(f"{alter} SET ACCESS METHOD {new.get('access_method', 'heap')}")
    if old.get("tablespace") != new.get("tablespace"):
        statements.append(f"{alter} SET TABLESPACE {new.get('tablespace', 'pg_default')}")
    statements += other_options(alter, old, new)
    statements += _matview_columns(after, view, before)
    if old.get("owner") != new.get("owner"):
        statements += owner_statement("MATERIALIZED VIEW", after.name, after)
    hazards = []
    if old.get("unpopulated") != new.get("unpopulated"):
        empty = bool(new.get("unpopulated"))
        statements.append(f"REFRESH MATERIALIZED VIEW {after.name}" + (" WITH NO DATA" if empty else ""))
        if empty:
            hazards.append(Hazard(HazardName.DOWNTIME, f"{after.name} cannot be read until it is refreshed"))
    return Alteration(statements=statements, lock=STRONGEST, hazards=hazards)


RULES: dict[str, Rule] = {
    "view": Rule(
        _create_view,
        _drop_view,
        _alter_view,
        rank=60,
        separable=by_itself,
        halves=_view_halves,
        slots=row_slots,
    ),
    "matview": Rule(
        _create_matview, _drop_matview, _alter_matview, rank=62, separable=by_itself, slots=row_slots
    ),
}
