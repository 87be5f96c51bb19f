"""Rows that a key or a NOT NULL of the target does not allow: told before anything is changed.

Only where they are what they will be then: the table and what the key reads stay as they are, and no rows
come or go. Elsewhere PostgreSQL tells, within the transaction. What is large has its keys built before that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from snapstore.adapter import PlanRequest
from snapstore.model import Action, Fact, Verb
from snapstore_postgres.archive import kept
from snapstore_postgres.blocks import DOES_NOT_FIT
from snapstore_postgres.fitting import first
from snapstore_postgres.names import block, last, literal, qualifier, spare_name
from snapstore_postgres.renaming import RENAMED
from snapstore_postgres.settings import locking

_SHOWN = 10
_PART = """pg_catalog.concat('(', pg_catalog.pg_get_indexdef(i.indexrelid, n, false), ')',
           ' COLLATE ' || nullif(i.indcollation[n - 1], 0)::pg_catalog.regcollation)"""
_NULLS = "(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::boolean"  # since 15
_CANNOT_TELL = "insufficient_privilege OR syntax_error_or_access_rule_violation OR data_exception"


def told_first(request: PlanRequest, actions: Sequence[Action]) -> list[Action]:
    """The actions, preceded by checks of those that make keys or forbid NULL."""
    touched = Counter(i for a in actions for i in {a.subject, *a.produces, *a.destroys})
    found = []
    for action in actions:
        fact = request.target.get(action.subject)
        renamed = any(need.startswith(RENAMED) for need in action.needs)
        if fact is None or action.verb is Verb.DROP or renamed:
            continue
        about = _about(fact, request)
        stays = not any(touched[i] > (i == action.subject and action.verb is Verb.ALTER) for i in about)
        if about and stays and _is_looked_at(f"table:{_table(fact)}", request):
            check = _no_null(fact) if fact.kind == "column" else _no_twins(fact)
            found.append(first(action, [check], "no row is in the way"))
    return [*found, *actions]


def _table(fact: Fact) -> str:
    return (fact.parent or "").partition(":")[2]


def _about(fact: Fact, request: PlanRequest) -> set[str]:
    """What has to stay for the rows to be what they will be; nothing where there is nothing to check."""
    table = fact.parent or ""
    is_key = (fact.kind == "constraint" and fact.attrs.get("type") in ("p", "u")) or (
        fact.kind == "index" and fact.attrs["definition"].startswith(_unique_index(fact))
    )
    if is_key:
        needs = {table, *fact.needs}
        columns = (request.target[need] for need in fact.needs if need.startswith("column:"))
        return needs | {need for column in columns for need in column.needs}
    before = request.live.get(fact.id)
    if before is None or fact.kind != "column" or _allows_null(fact) or not _allows_null(before):
        return set()
    same = all(before.attrs.get(key) == fact.attrs.get(key) for key in ("type", "generated"))
    return {table, fact.id, *fact.needs} if same and kept(request, fact.id, "column") is None else set()


def _allows_null(column: Fact) -> bool:
    not_null = column.attrs.get("not_null")
    return not not_null or (isinstance(not_null, dict) and "not_valid" in not_null)


def _is_looked_at(table: str, request: PlanRequest) -> bool:
    name, known = table.partition(":")[2], request.live_hints.get("relations", {}).get(table, {})
    fact = request.live.get(table)
    if fact is None or {"partition_key", "foreign", "force_row_security"} & fact.attrs.keys():
        return False
    if name in request.settings.data or any(f"partition:{name}" in s for s in (request.live, request.target)):
        return False
    bytes_ = known.get("bytes")
    large = {"online": 0, "auto": request.settings.online_above}.get(locking(request))
    return bytes_ != 0 and (bytes_ is None or large is None or bytes_ < large)


def _unique_index(fact: Fact) -> str:
    """How the definition of an index begins that is unique."""
    return f"CREATE UNIQUE INDEX {last(fact.name)} ON {_table(fact)} USING "


def _no_null(column: Fact) -> str:
    """Stops with the number of rows that have nothing in a column."""
    named = f"{_table(column)} do not fit, in {last(column.name)}"
    rows = f"(SELECT ctid AS place FROM {_table(column)} WHERE {last(column.name)} IS NULL) t"
    return _stopping("", f"EXECUTE {literal(_told(rows))} INTO bad, places;", named, "it may not be NULL")


def _told(rows: str) -> str:
    """The query for the number of rows and the first of their places."""
    places = f"pg_catalog.array_to_string((pg_catalog.array_agg(place ORDER BY place))[1:{_SHOWN}], ', ')"
    return f"SELECT pg_catalog.count(*), {places} FROM {rows}"


def _no_twins(key: Fact) -> str:
    """The same for rows that have one key together. What that is of, the server says of an empty table; what
    is equal in an operator class that was chosen is left to it."""
    table, spare = _table(key), f"{qualifier(_table(key))}.{spare_name(key.id, 'key')}"
    if key.kind == "index":
        made = key.attrs["definition"].replace(
            _unique_index(key), f"CREATE UNIQUE INDEX ON {spare} USING ", 1
        )
    else:
        made = f"ALTER TABLE {spare} ADD {key.attrs['definition']}"
    rows = (
        "(SELECT place FROM (SELECT ctid AS place, pg_catalog.count(*) OVER (PARTITION BY %s) AS times"
        f" FROM ONLY {table.replace('%', '%%')} WHERE %s) t WHERE times > 1) t"
    )
    asked = f"""CREATE TABLE {spare} (LIKE {table});
    {made};
    SELECT CASE WHEN pg_catalog.bool_and(c.opcdefault) THEN pg_catalog.string_agg(part, ', ') END,
           pg_catalog.concat_ws(' AND ', 'true',
             '(' || pg_catalog.max(pg_catalog.pg_get_expr(i.indpred, i.indrelid)) || ')',
             CASE WHEN NOT coalesce(pg_catalog.bool_or({_NULLS}), false)
                  THEN pg_catalog.string_agg(part || ' IS NOT NULL', ' AND ') END)
      INTO STRICT parts, which
      FROM pg_catalog.pg_index i CROSS JOIN LATERAL pg_catalog.generate_series(1, i.indnkeyatts) n
     CROSS JOIN LATERAL {_PART} part
      JOIN pg_catalog.pg_opclass c ON c.oid = i.indclass[n - 1]
     WHERE i.indrelid = {literal(spare)}::pg_catalog.regclass AND i.indisunique AND NOT i.indisexclusion;"""
    told = f"EXECUTE pg_catalog.format({literal(_told(rows))}, parts, which) INTO bad, places;"
    count = f"IF parts IS NOT NULL THEN {told} END IF;"
    named = f"{table} do not fit {last(key.name)}"
    return _stopping(asked, count, named, "they have a key together that no two rows may have")


def _taken_back(statements: str) -> str:
    """What they put into variables stays, and nothing else."""
    return f"""BEGIN
    {statements}
    RAISE EXCEPTION USING ERRCODE = 'SNAPA';
  EXCEPTION WHEN SQLSTATE 'SNAPA' OR {_CANNOT_TELL} THEN NULL; END;"""


def _stopping(asked: str, count: str, named: str, why: str) -> str:
    message = f"% rows of {named.replace('%', '%%')}: ctid = %"
    return block(
        f"""DECLARE parts text; which text; bad bigint; places text;
BEGIN
  {_taken_back(asked) if asked else ""}
  BEGIN
    {count}
  EXCEPTION WHEN {_CANNOT_TELL} THEN bad := 0; END;
  IF bad > 0 THEN
    RAISE EXCEPTION {literal(message)}, bad, places || CASE WHEN bad > {_SHOWN} THEN ', ...' ELSE '' END
      USING ERRCODE = '{DOES_NOT_FIT}', DETAIL = {literal(why)}, HINT = 'repair or delete those rows';
  END IF;
END"""
    )
