"""What partitions take, asked of the server in the words of a condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from snapstore.model import Fact
from snapstore_postgres.names import literal, qualifier, spare_name
from snapstore_postgres.rows.looks.looking import told

_CANNOT_TELL = "syntax_error_or_access_rule_violation OR invalid_schema_name OR data_exception"


def of_leaves(table: str) -> str:
    """PL/pgSQL that has ``bounds`` say what the partitions of a table take; not those on other servers."""
    bound = "coalesce(pg_catalog.pg_get_partition_constraintdef(p.relid), 'true')"
    return f"""SELECT coalesce(pg_catalog.string_agg(pg_catalog.format('(%s)', {bound}), ' OR '), 'false')
    INTO bounds FROM pg_catalog.pg_partition_tree({literal(table)}::pg_catalog.regclass) p
    JOIN pg_catalog.pg_class c ON c.oid = p.relid
   WHERE p.isleaf AND p.level > 0 AND c.relkind <> 'f';"""


def any_elsewhere(table: str) -> str:
    """Whether a partition of a table is on another server, as an expression."""
    return (
        f"EXISTS (SELECT FROM pg_catalog.pg_partition_tree({literal(table)}::pg_catalog.regclass) p"
        " JOIN pg_catalog.pg_class c ON c.oid = p.relid WHERE c.relkind = 'f')"
    )


def of_coming(fact: Fact, key: str, beside: Iterable[Fact] = ()) -> str:
    """PL/pgSQL that has ``bound`` say what a partition will take of what its table, by that key, does; NULL
    if all. A default one leaves to those ``beside`` it what is theirs.

    A partition of an empty table of the same kind is asked, which is gone again at once: no lock on anything
    that others use. A bound by hash names the table it is of by its number.
    """
    parent = fact.attrs["of"]
    whole, part = (f"{qualifier(parent)}.{spare_name(fact.id, word)}" for word in ("whole", "part"))
    old, new = (
        f"pg_catalog.format('satisfies_hash_partition(''%s''::oid', {_number(name)})"
        for name in (whole, parent)
    )
    others = (
        f"CREATE TABLE {qualifier(parent)}.{spare_name(other.id, 'part')} PARTITION OF {whole}"
        f" {other.attrs['bound']};"
        for other in beside
    )
    return f"""BEGIN
    CREATE TABLE {whole} (LIKE {parent}) PARTITION BY {key};
    {" ".join(others)}
    CREATE TABLE {part} PARTITION OF {whole} {fact.attrs["bound"]};
    bound := pg_catalog.pg_get_partition_constraintdef({_number(part)});
    bound := '(' || pg_catalog.replace(bound, {old}, {new}) || ')';
    RAISE EXCEPTION USING ERRCODE = 'SNAPA';
  EXCEPTION WHEN SQLSTATE 'SNAPA' THEN NULL; END;"""


def above(fact: Fact) -> str:
    """What the table that a partition is of takes itself, as an expression."""
    return f"pg_catalog.pg_get_partition_constraintdef({literal(fact.attrs['of'])}::pg_catalog.regclass)"


def _number(table: str) -> str:
    return f"{literal(table)}::pg_catalog.regclass::oid"


class Tree(NamedTuple):
    """Partitions as they will be."""

    root: str
    """The name of the table that is above them all."""
    parts: Sequence[Fact]
    """Their attachments, parents first."""
    keys: Mapping[str, str]
    """By what the root is partitioned, and those of the others that are, by name."""


def counted(tree: Tree, source: str, rows: str, place: str, which: str) -> str:
    """PL/pgSQL that has ``bad`` say for how many rows, called ``t``, a condition is true, and ``places``, by
    the expression ``place``, which the first of them are.

    ``which`` is an expression that gives it, by ``bounds``, what the last part of the tree takes, and
    ``leaves``, what all of them do. The tree is made of tables like ``source``, and gone again at once. 0
    where the server cannot tell, as of columns that are still to come, or a table that is still in the
    archive, its schema gone.
    """
    names = {name: f"{qualifier(source)}.{spare_name(name, 'tree')}" for name in _names(tree)}
    *_, last_one = names.values()
    root = names[tree.root]
    asked, behind = map(literal, told(f"SELECT {place} AS place FROM {rows} WHERE %s").split("%s"))
    return f"""BEGIN
    CREATE TABLE {root} (LIKE {source}) PARTITION BY {tree.keys[tree.root]};
    {" ".join(_made(part, names, tree.keys) for part in tree.parts)}
    {of_leaves(root)}
    leaves := bounds;
    bounds := pg_catalog.pg_get_partition_constraintdef({_number(last_one)});
    EXECUTE {asked} || {which} || {behind} INTO bad, places;
    RAISE EXCEPTION USING ERRCODE = 'SNAPA';
  EXCEPTION WHEN SQLSTATE 'SNAPA' THEN NULL;
    WHEN {_CANNOT_TELL} THEN bad := 0; END;"""


def _names(tree: Tree) -> list[str]:
    return [tree.root, *(part.name for part in tree.parts)]


def _made(part: Fact, names: Mapping[str, str], keys: Mapping[str, str]) -> str:
    key = f" PARTITION BY {keys[part.name]}" if part.name in keys else ""
    of = f"PARTITION OF {names[part.attrs['of']]} {part.attrs['bound']}"
    return f"CREATE TABLE {names[part.name]} {of}{key};"
