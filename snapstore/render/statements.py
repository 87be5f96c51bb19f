"""Statements as people read them: which are SQL, and long ones broken into lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

_SQL = re.compile(
    r"\s*(ALTER|ANALYZE|BEGIN|CALL|CLUSTER|COMMENT|COMMIT|COPY|CREATE|DELETE|DO|DROP|GRANT|INSERT|LOCK|REASSIGN"
    r"|REFRESH|REINDEX|RESET|REVOKE|SECURITY|SELECT|SET|TRUNCATE|UPDATE|VACUUM|WITH)\b"
)
_LONG = 100
_WITH_CLAUSES = re.compile(r"\s*(CREATE|DELETE|INSERT|SELECT|UPDATE|WITH)\b")
_QUERIES = {"SELECT", "WITH", "INSERT", "UPDATE", "DELETE"}
_PARTS = {"FROM", "WHERE", "SET", "VALUES", "RETURNING", "GROUP_BY", "HAVING", "ORDER_BY"}
_CLAUSES = {"SELECT", "UNION", "EXCEPT", "INTERSECT", *_PARTS}
_OTHERS = {"DISTINCT", "DELETE"}
"""What a clause may follow without being one: ``IS DISTINCT FROM``; or belongs to: ``DELETE FROM``."""


def is_sql(statement: str) -> bool:
    """Whether a statement reads like SQL; good enough to decide how it is shown."""
    return _SQL.match(statement) is not None


def pretty(statement: str) -> str:
    """A long statement of one line broken into several, for reading only; as it is where that fails."""
    if "\n" in statement or len(statement) < _LONG or not is_sql(statement):
        return statement
    import logging

    import sqlglot
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it cannot read is shown as it is
    try:
        broken = sqlglot.transpile(statement, read="postgres", write="postgres", pretty=True)[0]
        return broken if _ink(broken) == _ink(statement) else _by_clauses(statement)
    except (SqlglotError, ValueError, RecursionError):
        return statement


def _ink(statement: str) -> str:
    """What is left of a statement without white space: what formatting must not change."""
    return "".join(statement.split()).rstrip(";")


def _by_clauses(statement: str) -> str:
    """Each clause of each query on a line of its own. Nothing but white space between tokens changes, which a
    writer of SQL would not promise: it says ``CAST(a AS text)`` for ``a::text``."""
    if not _WITH_CLAUSES.match(statement):
        return statement
    lines, start, indent = [], 0, 0
    for place, deeper in _breaks(statement):
        lines.append(" " * indent + statement[start:place].strip())
        start, indent = place, 2 * deeper
    lines.append(" " * indent + statement[start:].strip())
    return "\n".join(line for line in lines if line.strip())


def _breaks(statement: str) -> Iterator[tuple[int, int]]:
    """Where a clause begins, and inside how many other queries."""
    from sqlglot.dialects.postgres import Postgres

    of_queries = [True]
    for before, token in pairwise(Postgres().tokenize(statement)):
        if before.token_type.name == "L_PAREN":
            of_queries.append(token.token_type.name in _QUERIES)
        elif before.token_type.name == "R_PAREN" and len(of_queries) > 1:
            of_queries.pop()
        begins = token.token_type.name in _CLAUSES and before.token_type.name not in _OTHERS
        if begins and of_queries[-1]:
            yield token.start, sum(of_queries) - 1
