"""Rules for the languages of routines, and for transforms, by which values of a type get into them."""

from __future__ import annotations

from snapstore.model import Fact
from snapstore.rules import Rule
from snapstore_postgres.kinds.whole import whole


def _language(fact: Fact) -> list[str]:
    a = fact.attrs
    if "handler" not in a:
        return [f"CREATE LANGUAGE {fact.name}"]
    text = f"CREATE {'TRUSTED ' if a.get('trusted') else ''}LANGUAGE {fact.name} HANDLER {a['handler']}"
    text += f" INLINE {a['inline']}" if "inline" in a else ""
    return [text + (f" VALIDATOR {a['validator']}" if "validator" in a else "")]


def _transform(fact: Fact) -> list[str]:
    a = fact.attrs
    parts = [f"FROM SQL WITH FUNCTION {a['from_sql']}"] if "from_sql" in a else []
    parts += [f"TO SQL WITH FUNCTION {a['to_sql']}"] if "to_sql" in a else []
    return [f"CREATE TRANSFORM {fact.name} ({', '.join(parts)})"]


RULES: dict[str, Rule] = {
    "language": whole("LANGUAGE", _language, rank=34),
    "transform": whole("TRANSFORM", _transform, rank=38, owned=False),
}
