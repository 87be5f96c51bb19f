"""A look at the rows of a table, before anything is changed: whether some are in the way of what comes.

A look takes no lock but that of a reader, and no longer than ``check_timeout``; what it did not see to the
end is said, and left to PostgreSQL, which tells when the restore gets there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from snapstore.model import Action, Fact, Verb
from snapstore_postgres.blocks import DOES_NOT_FIT
from snapstore_postgres.names import block, literal, unquote
from snapstore_postgres.settings import Settings

LOOKS = "looks"
"""Key of the payload of an action that does nothing but look."""
NOT_LOOKED_AT = "SN002"
"""The SQLSTATE of the warning that it did not see all."""
READERS = "ACCESS SHARE"
HINT = literal("repair or delete those rows, or give up what does not fit with --data discard")
SHOWN = 10
"""How many places are told."""
_FIRST = -10000
CANNOT_TELL = "insufficient_privilege OR syntax_error_or_access_rule_violation OR data_exception"
"""What goes wrong where a query for rows reads what is not there, or may not be."""
_NUMBERED = ("smallint", "integer", "bigint", "uuid", "date")


def first(action: Action, statements: Sequence[str], what: str, behind: int = 0) -> Action:
    """Nothing but a look, as many ranks ``behind`` the first of them. In a transaction, so that nothing is to
    be gone on with where it stops."""
    return Action(
        resource=action.resource,
        verb=Verb.ALTER,
        subject=action.subject,
        summary=f"check that {what}, before: {action.summary}",
        statements=tuple(statements),
        payload={LOOKS: True},
        lock=READERS,
        rows=action.rows,
        bytes=action.bytes,
        transactional=True,
        rank=_FIRST + behind,
    )


class Place(NamedTuple):
    """How people find a row again: in words, and as an expression on rows called ``t`` of its table."""

    words: str
    expression: str
    column: str | None = None


def place_of(key: str | None, others_below: bool) -> Place:
    """By a column that tells rows; else by where they lie, be it in other tables below."""
    if key:
        return Place(unquote(key), f"t.{key}", key)
    if others_below:
        return Place("place", "pg_catalog.concat(t.tableoid::pg_catalog.regclass, ' ', t.ctid)")
    return Place("ctid", "t.ctid")


def numbered_key(parts: Iterable[Fact], facts: Mapping[str, Fact]) -> Fact | None:
    """The one column of the primary key among the parts of a table, where its values are numbers or the like,
    which tell nothing."""
    for fact in parts:
        if fact.kind == "constraint" and fact.attrs.get("type") == "p":
            columns = [facts[need] for need in fact.needs if need.startswith("column:") and need in facts]
            if len(columns) == 1 and columns[0].attrs["type"] in _NUMBERED:
                return columns[0]
    return None


def told(rows: str) -> str:
    """The query for the number of rows and the first of their places, of a query for all of these."""
    return (
        f"WITH bad AS MATERIALIZED ({rows}) SELECT (SELECT pg_catalog.count(*) FROM bad),"
        f" (SELECT pg_catalog.string_agg(b.place::text, ', ' ORDER BY b.place) FROM"
        f" (SELECT place FROM bad ORDER BY place LIMIT {SHOWN}) b)"
    )


class Look(NamedTuple):
    """What is asked, and what is said of the rows: of which table, in the way of what, and why."""

    bad: str
    """The query for the places of those that are in the way; where it has ``arguments``, what ``format``
    makes it of with them."""
    table: str
    place: Place
    what: str
    why: str
    asked: str = ""
    """Statements that put into ``parts``, ``which`` and ``pairs`` what the query needs; all else is taken
    back."""
    arguments: tuple[str, ...] = ()
    """Which of these it needs; without the first, nobody knows it."""

    def executed(self, outer: Callable[[str], str], into: str) -> str:
        """PL/pgSQL that executes what ``outer`` makes of the query. The variables that the results are put
        into stay as they are where nobody knows it."""
        if not self.arguments:
            return f"EXECUTE {literal(outer(self.bad))} INTO {into};"
        query = f"pg_catalog.format({literal(outer(self.bad))}, {', '.join(self.arguments)})"
        return f"IF {self.arguments[0]} IS NOT NULL THEN EXECUTE {query} INTO {into}; END IF;"

    def asking(self) -> str:
        """PL/pgSQL that asks first what the query needs."""
        return _taken_back(self.asked) if self.asked else ""


def statements(looks: Sequence[Look], settings: Settings) -> list[str]:
    """What looks, one after the other, each for no longer than it may."""
    own, bound = (round(s * 1000) for s in (settings.statement_timeout, settings.check_timeout))
    limit = min(filter(None, (own, bound)), default=0)
    found = [_block(look, limit) for look in looks]
    if limit == own:
        return found
    return [f"SET LOCAL statement_timeout = {limit}", *found, f"SET LOCAL statement_timeout = {own}"]


def _block(look: Look, limit: int) -> str:
    table, what, words = (text.replace("%", "%%") for text in (look.table, look.what, look.place.words))
    found = f"% rows of {table} do not {what}: {words} = %"
    missed = f"not all rows of {table} were looked at: those that do not {what} are told when that comes"
    return block(
        f"""DECLARE parts text; which text; pairs text; bad bigint; places text;
BEGIN
  BEGIN
    {look.asking()}
    {look.executed(told, "bad, places")}
  EXCEPTION WHEN {CANNOT_TELL} THEN NULL;
  WHEN query_canceled THEN
    IF {limit} = 0 OR pg_catalog.clock_timestamp() < pg_catalog.statement_timestamp()
       + pg_catalog.make_interval(secs => {limit / 1000}) THEN RAISE; END IF; END;
  IF bad IS NULL THEN
    RAISE WARNING {literal(missed)} USING ERRCODE = '{NOT_LOOKED_AT}';
  ELSIF bad > 0 THEN
    RAISE EXCEPTION {literal(found)}, bad, places || CASE WHEN bad > {SHOWN} THEN ', ...' ELSE '' END
      USING ERRCODE = '{DOES_NOT_FIT}', DETAIL = {literal(look.why)}, HINT = {HINT};
  END IF;
END"""
    )


def _taken_back(statements: str) -> str:
    """What they put into variables stays, and nothing else."""
    return f"""BEGIN
    {statements}
    RAISE EXCEPTION USING ERRCODE = 'SNAPA';
  EXCEPTION WHEN SQLSTATE 'SNAPA' OR {CANNOT_TELL} THEN NULL; END;"""
