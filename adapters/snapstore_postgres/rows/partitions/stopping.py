"""Statements that count the rows which a partition may not have, and stop with their number."""

from __future__ import annotations

from snapstore.model import DataMode, Fact
from snapstore.rules import View
from snapstore_postgres.blocks import DOES_NOT_FIT
from snapstore_postgres.names import block, literal
from snapstore_postgres.relations.inheritance import ancestors
from snapstore_postgres.rows.looks import seen
from snapstore_postgres.rows.looks.looking import SHOWN
from snapstore_postgres.rows.partitions import bounds


def stopping_at(fact: Fact, source: str, leaving: str, view: View) -> str:
    """A statement that stops where rows of a table would have to leave once a partition is attached, by what
    the bound of that says of them."""
    *between, root = ancestors(fact.name, view.target)
    chain = [*(view.target[f"partition:{table}"] for table in reversed(between)), fact]
    parts = [part for one in chain for part in (*beside(one, view), one)]
    keys = {table: view.target[f"table:{table}"].attrs["partition_key"] for table in (root, *between)}
    which = f"'(' || bounds || ') IS {leaving}'"
    where = seen.place(source, view)
    tree = bounds.Tree(root, parts, keys)
    count = bounds.counted(tree, source, f"{source} t", where.expression, which)
    what = fact.attrs["bound"] if leaving == "FALSE" else f"beside {fact.name}, which takes them"
    return stopping(count, f"% rows of {source} do not fit {what}", _why_not(view), where.words)


def beside(fact: Fact, view: View) -> list[Fact]:
    """The partitions that say what a default one takes; none for others."""
    if fact.attrs["bound"] != "DEFAULT":
        return []
    around = view.target_dependents.get(f"table:{fact.attrs['of']}", ())
    return [part for part in around if part.kind == "partition" and part.id != fact.id]


def _why_not(view: View) -> str:
    if view.request.options.data is not DataMode.REFUSE:
        return "no row leaves a partition that foreign keys refer to, since that might take others along"
    return "rows leave a partition only with --data archive, or discard"


_HINT = (
    "move or delete those rows, or take them where they belong with --data archive, if no key refers to them"
)


def stopping(count: str, message: str, detail: str, places: str) -> str:
    """A statement that stops where there are such rows; ``%`` in the message stands for their number, and
    ``places`` says what the places are called."""
    more = f"CASE WHEN bad > {SHOWN} THEN ', ...' ELSE '' END"
    found = f"coalesce({literal(f': {places} = ')} || places || {more}, '')"
    return block(
        f"""DECLARE bounds text; leaves text; bad bigint; places text;
BEGIN
  {count}
  IF bad > 0 THEN
    RAISE EXCEPTION {literal(message + "%")}, bad, {found}
      USING ERRCODE = '{DOES_NOT_FIT}', DETAIL = {literal(detail)}, HINT = {literal(_HINT)};
  END IF;
END"""
    )
