"""Gaps: rows that are there and lack a value in a column that comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from snapstore.model import Fact, Hazard, HazardName
from snapstore.rules import View
from snapstore_postgres.relations.sizes import size


def needed(column: Fact, view: View) -> bool:
    """Whether rows that are there may be left without a value in a column that is made."""
    by_itself = {"identity", "generated"} & column.attrs.keys() or f"default:{column.name}" in view.target
    return not by_itself and _is_never_null(column, view) and size(view, column.parent or "")[1] != 0


def _is_never_null(column: Fact, view: View) -> bool:
    not_null = column.attrs.get("not_null")
    if not_null and not (isinstance(not_null, dict) and not_null.get("not_valid")):
        return True
    domains = [*_domains(column, view)]
    return _says_not_null(domains) and not _default(domains)


def default_of_domain(column: Fact, view: View) -> str | None:
    """What a row without a value in a column gets from its domain, by which it has to have one."""
    domains = [*_domains(column, view)]
    return _default(domains) if _says_not_null(domains) else None


def is_of_strict_domain(column: Fact, view: View) -> bool:
    """Whether a column of the target is of a domain that is NOT NULL, or of one that is of it."""
    return _says_not_null(_domains(column, view))


def _says_not_null(domains: Iterable[Fact]) -> bool:
    return any("not_null" in domain.attrs for domain in domains)


def _default(domains: Iterable[Fact]) -> str | None:
    return next((str(domain.attrs["default"]) for domain in domains if "default" in domain.attrs), None)


def _domains(fact: Fact, view: View) -> Iterator[Fact]:
    """The domain that a column or domain is of, and those that this one is of in turn."""
    for domain in (view.target.get(need) for need in fact.needs):
        if domain is not None and domain.kind == "domain" and domain.name == fact.attrs["type"]:
            yield domain
            yield from _domains(domain, view)


def hazard(column: Fact, view: View) -> Hazard:
    """That rows get values which nobody proves to be theirs. Those that came after the values in the archive
    never had one, so there is nothing of the kind where it has some."""
    return _unverifiable(f"what rows had in {column.name} is known to nobody", column, view)


def may_not_fit(column: Fact, view: View) -> Hazard:
    """The same of values that are of another type in the archive."""
    return _unverifiable(f"not all that rows had in {column.name} may fit its type", column, view)


def _unverifiable(what: str, column: Fact, view: View) -> Hazard:
    rows, bytes_ = size(view, column.parent or "")
    text = f"{what}; they get a value that stands in"
    return Hazard(HazardName.UNVERIFIABLE, text, rows=rows, bytes=bytes_)
