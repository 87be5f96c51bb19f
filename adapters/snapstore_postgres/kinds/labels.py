"""Rules for security labels."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Alteration, Draft, Rule, View
from snapstore_postgres.kinds.comments import object_of
from snapstore_postgres.names import literal


def _label(fact: Fact, view: View, text: str | None) -> str:
    on = object_of(fact.attrs["of"], fact, view)
    value = literal(text) if text is not None else "NULL"
    return f"SECURITY LABEL FOR {fact.attrs['provider']} ON {on} IS {value}"


def _create_label(fact: Fact, view: View) -> Draft:
    return Draft(statements=[_label(fact, view, fact.attrs["label"])], undo=[_label(fact, view, None)])


def _drop_label(fact: Fact, view: View) -> Draft:
    return Draft(statements=[_label(fact, view, None)], undo=[_label(fact, view, fact.attrs["label"])])


def _alter_label(before: Fact, after: Fact, view: View) -> Alteration:
    if before.attrs == after.attrs:
        return Alteration()
    return Alteration(
        statements=_create_label(after, view).statements, undo=_create_label(before, view).statements
    )


RULES: dict[str, Rule] = {
    "label": Rule(_create_label, _drop_label, _alter_label, rank=86),
}
