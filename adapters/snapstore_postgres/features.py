"""What came with which major version of PostgreSQL, and how a fact tells that it has it.

Sources: the release notes of PostgreSQL 15 to 18, and ``pg_proc`` of each of them. What a server can be asked
about itself is not here but in ``asking.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple

from snapstore.model import Json

Attrs = dict[str, Any]


class Feature(NamedTuple):
    """Something that came with a major version. ``mend`` gives the attributes without it; where there is
    none, or it gives none, the whole fact is left out."""

    since: int
    kinds: Collection[str]
    text: str
    used: Callable[[Attrs], bool]
    mend: Callable[[Attrs], Attrs | None] | None = None
    partitioned: bool = False
    """Whether only partitioned tables could not have it."""


def _says(key: str, pattern: str) -> Callable[[Attrs], bool]:
    found = re.compile(pattern)
    return lambda attrs: bool(found.search(attrs.get(key) or ""))


def _has(key: str) -> Callable[[Attrs], bool]:
    return lambda attrs: attrs.get(key) is not None


def _drop(*keys: str) -> Callable[[Attrs], Attrs]:
    return lambda attrs: {key: value for key, value in attrs.items() if key not in keys}


def _not_null(key: str) -> Callable[[Attrs], bool]:
    return lambda attrs: isinstance(attrs.get("not_null"), dict) and key in attrs["not_null"]


def _attribute(since: int, kind: str, key: str) -> Feature:
    return Feature(since, (kind,), f"{key.replace('_', ' ')} of a {kind}", _has(key), _drop(key))


def _is_virtual(attrs: Attrs) -> bool:
    return bool(attrs.get("generated", {}).get("kind") == "v")


def _stored(attrs: Attrs) -> Attrs:
    return {**attrs, "generated": {**attrs["generated"], "kind": "s"}}


def without_maintain(attrs: Attrs) -> Attrs:
    return {**attrs, "privileges": [p for p in attrs["privileges"] if p.rstrip("*") != "MAINTAIN"]}


def _granted_without_maintain(attrs: Attrs) -> Attrs | None:
    found = without_maintain(attrs)
    return found if found["privileges"] else None


def _maintains(attrs: Attrs) -> bool:
    return any(p.rstrip("*") == "MAINTAIN" for p in attrs.get("privileges") or ())


def _invokes(attrs: Attrs) -> bool:
    return any(option.startswith("security_invoker=") for option in attrs.get("options") or ())


FUNCTIONS = {
    18: "array_reverse|array_sort|casefold|crc32|crc32c|gamma|has_largeobject_privilege|lgamma|uuidv4|uuidv7",
    17: "JSON_EXISTS|JSON_QUERY|JSON_SCALAR|JSON_SERIALIZE|JSON_TABLE|JSON_VALUE|MERGE_ACTION"
    "|icu_unicode_version|jsonb_populate_record_valid|to_bin|to_oct|to_regtypemod|unicode_assigned|unicode_version|uuid_extract_timestamp|uuid_extract_version|xmltext",
    16: "JSON_ARRAY|JSON_ARRAYAGG|JSON_OBJECT|JSON_OBJECTAGG|any_value|array_sample|array_shuffle|date_add"
    "|date_subtract|erf|erfc|jsonb?_agg_strict|jsonb?_object_agg_(strict|unique|unique_strict)|random_normal",
    15: "regexp_count|regexp_instr|regexp_like|regexp_substr",
}
"""Functions that came with a version, of those that people write into what a server parses."""
PARSED = (
    "view",
    "matview",
    "default",
    "constraint",
    "domain_constraint",
    "index",
    "policy",
    "rule",
    "trigger",
    "statistics",
    "publication_member",
)
_PARSED = (*PARSED, "column", "function", "procedure")


def _calls(since: int) -> Feature:
    return _writes(since, "a function that it calls", rf"(?<![\w.\"])({FUNCTIONS[since]})\(")


def _writes(since: int, text: str, pattern: str, *, constants: bool = False) -> Feature:
    """What a server parses says something that came with a version."""
    found = re.compile(pattern)
    return Feature(since, _PARSED, text, lambda a: any(found.search(t) for t in _texts(a, constants)))


def _texts(attrs: Attrs, constants: bool) -> Iterator[str]:
    """What a server parses of a fact, as a rule without its string constants."""
    if "arguments" in attrs:
        attrs = {"arguments": attrs["arguments"], "body": atomic_body(attrs)}
    elif "type" in attrs and "definition" not in attrs:
        attrs = {"generated": attrs.get("generated")}
    for text in strings(attrs):
        yield text if constants else without_constants(text)


def strings(value: Json) -> Iterator[str]:
    """All strings in an attribute, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def without_constants(text: str) -> str:
    return re.sub(r"'(?:[^']|'')*'", "''", text)


def atomic_body(attrs: Attrs) -> str:
    """The body of a routine that the server parses when it is created; "" where it keeps a text."""
    found = re.search(
        r"^(BEGIN ATOMIC$| ?RETURN ).*", attrs.get("definition") or "", re.MULTILINE | re.DOTALL
    )
    return found[0] if found else ""


_SCALE = re.compile(r"numeric\((\d+),(-?\d+)\)")


def _is_scaled(attrs: Attrs) -> bool:
    return any(not 0 <= int(b) <= int(a) for text in strings(attrs) for a, b in _SCALE.findall(text))


def _unscaled(attrs: Attrs) -> Attrs:
    return {**attrs, "type": _SCALE.sub("numeric", attrs["type"])}


def _options(since: int, *names: str) -> Feature:
    """Storage parameters that came with a version."""
    found = re.compile(f"(?:{'|'.join(names)})=")

    def without(attrs: Attrs) -> Attrs:
        lists = {k: [o for o in attrs[k] if not found.match(o)] for k in _OPTIONS if k in attrs}
        return {**_drop(*lists)(attrs), **{key: value for key, value in lists.items() if value}}

    def has(attrs: Attrs) -> bool:
        return any(found.match(option) for key in _OPTIONS for option in attrs.get(key) or ())

    return Feature(since, ("table", "matview"), f"{' or '.join(names)} of a table", has, without)


_OPTIONS = ("options", "toast_options")


def _role(since: int, *names: str) -> Feature:
    """Roles that came with a version."""
    keys = ("role", "member", "grantee")
    return Feature(
        since, ("membership", "grant"), "a role of its own", lambda a: any(a.get(k) in names for k in keys)
    )


def _is_parallel(attrs: Attrs) -> bool:
    return attrs.get("streaming") == "parallel"


_GRANTS = ("grant", "default_privileges")
FEATURES = (
    Feature(18, ("comment",), "a comment on a NOT NULL", _has("not_null")),
    Feature(18, ("column",), "a NOT NULL that is not valid", _not_null("not_valid"), _drop("not_null")),
    Feature(
        18, ("column",), "NOT NULL NO INHERIT", _not_null("no_inherit"), lambda a: {**a, "not_null": True}
    ),
    Feature(18, ("column",), "a virtual generated column (it is stored here)", _is_virtual, _stored),
    _calls(18),
    _writes(18, "RETURNING old or new", r" RETURNING .*\b(old|new)\."),
    _options(18, "autovacuum_vacuum_max_threshold", "vacuum_max_eager_freeze_failure_rate"),
    _role(18, "pg_signal_autovacuum_worker"),
    Feature(
        18, ("default_privileges",), "default privileges on large objects", lambda a: a.get("objects") == "L"
    ),
    Feature(
        18,
        ("constraint",),
        "a foreign key of a partitioned table that is not valid",
        _says("definition", r"^FOREIGN KEY .* NOT VALID$"),
        partitioned=True,
    ),
    Feature(18, ("collation",), "PG_UNICODE_FAST", lambda a: a.get("locale") == "PG_UNICODE_FAST"),
    Feature(18, ("constraint",), "NOT ENFORCED", _says("definition", r" NOT ENFORCED$")),
    Feature(18, ("constraint",), "WITHOUT OVERLAPS", _says("definition", r"^[A-Z ]+\(.* WITHOUT OVERLAPS\)")),
    Feature(18, ("constraint",), "PERIOD", _says("definition", r"^FOREIGN KEY \(.*, PERIOD ")),
    _attribute(18, "publication", "generated_columns"),
    _calls(17),
    _writes(17, "random with bounds", r"(?<![\w.\"])random\([^)]"),
    _writes(17, "AT LOCAL", r" AT LOCAL\b"),
    _writes(17, "an infinite interval", r"'-?infinity'::interval", constants=True),
    _writes(17, "what its MERGE does", r"\bMERGE INTO [^;]* (NOT MATCHED BY SOURCE|RETURNING) "),
    _role(17, "pg_maintain"),
    Feature(
        17,
        ("table",),
        "an access method of a partitioned table",
        lambda a: "partition_key" in a and "access_method" in a,
        _drop("access_method"),
    ),
    Feature(
        17,
        ("constraint",),
        "EXCLUDE on a partitioned table",
        _says("definition", r"^EXCLUDE "),
        partitioned=True,
    ),
    Feature(17, ("event_trigger",), "an event trigger ON login", lambda a: a.get("event") == "login"),
    Feature(17, _GRANTS, "the privilege MAINTAIN", _maintains, _granted_without_maintain),
    Feature(17, ("collation",), "a collation of the provider builtin", lambda a: a.get("provider") == "b"),
    _attribute(17, "subscription", "failover"),
    _attribute(17, "domain", "not_null_name"),
    _calls(16),
    _writes(16, "IS JSON", r"\bIS (NOT )?JSON\b"),
    _writes(16, "SYSTEM_USER", r"\bSYSTEM_USER\b"),
    _role(16, "pg_create_subscription", "pg_use_reserved_connections"),
    Feature(
        16,
        ("subscription",),
        "streaming = parallel (it is on here)",
        _is_parallel,
        lambda a: {**a, "streaming": "on"},
    ),
    Feature(16, ("collation",), "a collation with rules", _has("rules")),
    *(_attribute(16, "subscription", key) for key in ("password_required", "run_as_owner", "origin")),
    *(_attribute(16, "membership", key) for key in ("inherit", "set")),
    Feature(15, ("constraint", "index"), "NULLS NOT DISTINCT", _says("definition", r" NULLS NOT DISTINCT\b")),
    _calls(15),
    _writes(15, "MERGE", r"\bMERGE INTO "),
    Feature(15, ("column", "domain"), "the scale of its numbers", _is_scaled, _unscaled),
    _role(15, "pg_checkpoint"),
    Feature(
        15, ("constraint",), "ON DELETE for some columns", _says("definition", r" ON DELETE SET [A-Z]+ \(")
    ),
    Feature(15, ("sequence",), "an unlogged sequence", _has("persistence"), _drop("persistence")),
    Feature(
        15,
        ("column",),
        "a sequence that is logged otherwise than its table",
        lambda a: "persistence" in a.get("identity", {}),
        lambda a: {**a, "identity": _drop("persistence")(a["identity"])},
    ),
    Feature(15, ("view",), "a view with security_invoker", _invokes),
    Feature(15, ("publication_member",), "a publication of a schema", _has("schema")),
    *(_attribute(15, "publication_member", key) for key in ("where", "columns")),
    Feature(15, ("parameter",), "a privilege on a parameter", lambda a: True),
    *(_attribute(15, "subscription", key) for key in ("two_phase", "disable_on_error")),
)
"""What older servers that are still in use do not have, newest first."""
