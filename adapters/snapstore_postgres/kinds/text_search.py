"""Rules for text search: parsers, templates, dictionaries and configurations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from snapstore.model import Fact
from snapstore.rules import Rule
from snapstore_postgres.kinds.whole import items, only, whole

_PARSER = (
    ("start", "START"),
    ("gettoken", "GETTOKEN"),
    ("end", "END"),
    ("lextypes", "LEXTYPES"),
    ("headline", "HEADLINE"),
)


def _ts_parser(fact: Fact) -> list[str]:
    return [f"CREATE TEXT SEARCH PARSER {fact.name} ({', '.join(items(fact.attrs, _PARSER))})"]


def _ts_template(fact: Fact) -> list[str]:
    return [
        f"CREATE TEXT SEARCH TEMPLATE {fact.name}"
        f" ({', '.join(items(fact.attrs, (('init', 'INIT'), ('lexize', 'LEXIZE'))))})"
    ]


def _ts_dictionary(fact: Fact) -> list[str]:
    options = f", {fact.attrs['options']}" if fact.attrs.get("options") else ""
    return [f"CREATE TEXT SEARCH DICTIONARY {fact.name} (TEMPLATE = {fact.attrs['template']}{options})"]


_DICTIONARY_OPTION = re.compile(r"""("(?:[^"]|"")*"|\w+) = (?:E?'(?:[^'\\\\]|''|\\\\.)*'|[^,]+)""")


def _tune_ts_dictionary(before: Fact, after: Fact) -> Sequence[str] | None:
    """All options are taken away first: they are kept in the order in which they are set."""
    if not only(before, after, "options"):
        return None
    old = [found[1] for found in _DICTIONARY_OPTION.finditer(before.attrs.get("options") or "")]
    settings = [*old, *([after.attrs["options"]] if after.attrs.get("options") else [])]
    return [f"ALTER TEXT SEARCH DICTIONARY {after.name} ({', '.join(settings)})"]


def _tune_ts_configuration(before: Fact, after: Fact) -> Sequence[str] | None:
    if not only(before, after, "mappings"):
        return None
    was, now = before.attrs.get("mappings") or {}, after.attrs.get("mappings") or {}
    alter = f"ALTER TEXT SEARCH CONFIGURATION {after.name}"
    return [
        *(f"{alter} DROP MAPPING FOR {token}" for token in sorted(was.keys() - now.keys())),
        *(
            f"{alter} {'ALTER' if token in was else 'ADD'} MAPPING FOR {token} WITH {', '.join(dictionaries)}"
            for token, dictionaries in sorted(now.items())
            if was.get(token) != dictionaries
        ),
    ]


def _ts_configuration(fact: Fact) -> list[str]:
    mappings = sorted((fact.attrs.get("mappings") or {}).items())
    alter = f"ALTER TEXT SEARCH CONFIGURATION {fact.name} ADD MAPPING FOR"
    return [
        f"CREATE TEXT SEARCH CONFIGURATION {fact.name} (PARSER = {fact.attrs['parser']})",
        *(f"{alter} {token} WITH {', '.join(dictionaries)}" for token, dictionaries in mappings),
    ]


RULES: dict[str, Rule] = {
    "ts_parser": whole("TEXT SEARCH PARSER", _ts_parser, rank=38, owned=False),
    "ts_template": whole("TEXT SEARCH TEMPLATE", _ts_template, rank=38, owned=False),
    "ts_dictionary": whole("TEXT SEARCH DICTIONARY", _ts_dictionary, rank=39, tune=_tune_ts_dictionary),
    "ts_configuration": whole(
        "TEXT SEARCH CONFIGURATION", _ts_configuration, rank=40, tune=_tune_ts_configuration
    ),
}
