"""Contents of materialized views that nobody can compute again: kept in the archive when the view goes.

Most come back by running the query on the rows that come back. Not so what came from another server, or from
functions that tell something else each time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from snapstore.facts import Facts
from snapstore.model import Fact
from snapstore.rules import Draft, View
from snapstore_postgres.expressions.immutable import functions_of, volatility
from snapstore_postgres.features import without_constants
from snapstore_postgres.names import last, quote
from snapstore_postgres.relations.locks import held_unlisted
from snapstore_postgres.relations.sizes import data_loss, size
from snapstore_postgres.renaming.names_before import former
from snapstore_postgres.rows.archived import archive
from snapstore_postgres.rows.matviews.refreshing import reads
from snapstore_postgres.rows.types.casts import written

_TELLING_ANEW = re.compile(
    r"\b(?:now|random|random_normal|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday"
    r"|gen_random_uuid|uuidv4|uuidv7|nextval|lastval|txid_current|pg_current_\w+)\("
    r"|\b(?:CURRENT_(?!CATALOG\b|SCHEMA\b)\w+|LOCALTIME(?:STAMP)?|SESSION_USER|USER|TABLESAMPLE)\b"
)
"""What of PostgreSQL itself tells something else at another time, as it prints it in a query."""


def matview_draft(fact: Fact, view: View, draft: Draft) -> Draft:
    """Before such a materialized view is dropped for good: copy what is in it to its place."""
    filled = "unpopulated" not in fact.attrs and size(view, fact.id)[1] != 0
    if fact.id in view.target or not filled or is_repeatable(fact, view.live):
        return draft
    if not archive.wanted(view):
        what = f"materialized view {fact.name}, which cannot be computed again,"
        return replace(draft, hazards=[*draft.hazards, *data_loss(view, fact.id, what)])
    place, name = archive.place_of(view.request, fact.id), last(fact.name)
    columns = ", ".join(_kept(column["name"], column["type"]) for column in fact.attrs["columns"])
    return replace(
        draft,
        summary=f"drop materialized view {fact.name}, what is in it copied to the archive",
        statements=[
            held_unlisted(fact.name),
            f"CREATE SCHEMA {quote(place)}",
            f"CREATE TABLE {quote(place)}.{name} AS SELECT {columns} FROM {fact.name} t",
            archive.register(place, former(fact.id, view.request), fact.kind, {}),
            *draft.statements,
        ],
        needs=[*draft.needs, archive.REGISTERED],
        payload={"archive": place},
    )


def _kept(column: str, kind: str) -> str:
    """The value; of a type that may go, its text."""
    return f"{written(f't.{column}', kind)} AS {column}" if "." in kind else f"t.{column}"


def is_repeatable(matview: Fact, facts: Facts) -> bool:
    """Whether its query gives the same from the same rows of this database."""
    read = [facts[identity] for identity in reads(matview, facts)]
    if any("foreign" in relation.attrs for relation in read):
        return False
    return not any(_tells_anew(query, facts) for query in (matview, *_views(read)))


def _views(relations: list[Fact]) -> Iterator[Fact]:
    return (relation for relation in relations if "query" in relation.attrs)


def _tells_anew(view: Fact, facts: Facts) -> bool:
    if _TELLING_ANEW.search(without_constants(view.attrs["query"])):
        return True
    return any(volatility(function) == "VOLATILE" for function in functions_of(view, facts))
