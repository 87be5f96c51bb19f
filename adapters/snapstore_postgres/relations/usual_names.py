"""The names that the server gives where none is asked for."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore_postgres.names import last, printed, qualifier, quote, unquote
from snapstore_postgres.relations import table_of


def not_null_name(column: Fact) -> str:
    """The name that the server gives where none is asked for."""
    table, name = unquote(last(table_of(column))), unquote(last(column.name))
    return quote(f"{table}_{name}_not_null"[:63])


def domain_not_null_name(domain: Fact) -> str:
    """The same for the NOT NULL of a domain."""
    return printed(f"{unquote(last(domain.name))}_not_null")


def multirange_of(fact: Fact) -> str:
    """The multirange type of a range type; told without a schema, it lies beside it."""
    name: str = fact.attrs["multirange"]
    return name if qualifier(name) else f"{qualifier(fact.name)}.{name}"


def range_constructors(fact: Fact) -> dict[str, str]:
    """The names of the functions that came with a range type, by the function of the server that each calls:
    those of the types, in the schema of the range, if nothing else is told."""
    usual = dict.fromkeys(("range_constructor2", "range_constructor3"), fact.name)
    if "multirange" in fact.attrs:
        name = f"{qualifier(fact.name)}.{last(fact.attrs['multirange'])}"
        usual |= {f"multirange_constructor{number}": name for number in range(3)}
    return {**usual, **fact.attrs.get("constructors", {})}
