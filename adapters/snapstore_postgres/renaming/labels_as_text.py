"""Values of an enum that become text in a plan that gives its labels other names.

A text has no names that follow. So it has those of the side on which the column is of the enum, where people
wrote them, and a later restore finds each label again: it reads text by the names that the labels then have.
"""

from __future__ import annotations

from collections.abc import Mapping

from snapstore.adapter import PlanRequest
from snapstore_postgres.names import literal
from snapstore_postgres.renaming.names_before import label_now
from snapstore_postgres.rows.types.casts import AS_WRITTEN, STRINGS, below_domains, cast
from snapstore_postgres.rows.types.widening import named_and_numbered

_LONGER_THAN_LABELS = "-" * 64


def as_once_named(value: str, old: str, new: str, request: PlanRequest, lies_as: str = "") -> str:
    """A value of the live type ``old`` as one of ``new``, once all is renamed: a label that becomes text is
    what it was called before. Values of ``old`` may lie as those of another type."""
    kind = below_domains(old, request.live)
    names = _once_named(kind.removesuffix("[]"), request)
    base, _ = named_and_numbered(below_domains(new, request.target).removesuffix("[]"))
    if not names or base not in STRINGS:
        return cast(value, lies_as or old, new)
    many = "[]" if kind.endswith("[]") else ""
    text = f"{value}::{AS_WRITTEN}{many}::text{many}"
    return _replaced(text, names) if many else _chosen(text, names)


def _once_named(enum: str, request: PlanRequest) -> dict[str, str]:
    """The labels that have another name before the renamings, and that."""
    fact = request.live.get(f"enum:{enum}")
    now = {label: label_now(enum, label, request) for label in fact.attrs["labels"]} if fact else {}
    return {label: before for label, before in now.items() if label != before}


def _chosen(text: str, names: Mapping[str, str]) -> str:
    whens = " ".join(f"WHEN {literal(name)} THEN {literal(before)}" for name, before in names.items())
    return f"CASE {text} {whens} ELSE {text} END"


def _replaced(texts: str, names: Mapping[str, str]) -> str:
    """A list with these names replaced, be it by each other, without the query that a column may not have."""
    between = {f"{number}{_LONGER_THAN_LABELS}": name for number, name in enumerate(names)}
    for meanwhile, name in between.items():
        texts = f"pg_catalog.array_replace({texts}, {literal(name)}, {literal(meanwhile)})"
    for meanwhile, name in between.items():
        texts = f"pg_catalog.array_replace({texts}, {literal(meanwhile)}, {literal(names[name])})"
    return texts
