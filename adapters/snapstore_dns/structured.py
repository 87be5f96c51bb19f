"""Values that an API tells in parts, such as ``{"priority": 10, "target": "sip.example.com"}``, and the one
text that master files have for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from snapstore.model import Json


class _Form(NamedTuple):
    """How a part is written, and read again."""

    write: Callable[[Json], str]
    read: Callable[[str], Json]


def _number(text: str) -> Json:
    return float(text) if "." in text else int(text)


def _quoted(value: Json) -> str:
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


_PLAIN = _Form(str, str)
_NUMBER = _Form(str, _number)
_METRES = _Form(lambda value: f"{value}m", lambda text: _number(text.removesuffix("m")))
_NAME = _Form(
    lambda value: str(value) if str(value).endswith(".") else f"{value}.",
    lambda text: text if text == "." else text.removesuffix("."),
)
_TEXT = _Form(_quoted, _unquoted)
Parts = Mapping[str, _Form]


def _parts(**forms: _Form) -> Parts:
    return forms


_HASH = _parts(usage=_NUMBER, selector=_NUMBER, matching_type=_NUMBER, certificate=_PLAIN)
_SERVICE = _parts(priority=_NUMBER, target=_NAME, value=_PLAIN)
_DATA: Mapping[str, Parts] = {
    "CAA": _parts(flags=_NUMBER, tag=_PLAIN, value=_TEXT),
    "CERT": _parts(type=_NUMBER, key_tag=_NUMBER, algorithm=_NUMBER, certificate=_PLAIN),
    "DNSKEY": _parts(flags=_NUMBER, protocol=_NUMBER, algorithm=_NUMBER, public_key=_PLAIN),
    "DS": _parts(key_tag=_NUMBER, algorithm=_NUMBER, digest_type=_NUMBER, digest=_PLAIN),
    "HTTPS": _SERVICE,
    "LOC": _parts(
        lat_degrees=_NUMBER,
        lat_minutes=_NUMBER,
        lat_seconds=_NUMBER,
        lat_direction=_PLAIN,
        long_degrees=_NUMBER,
        long_minutes=_NUMBER,
        long_seconds=_NUMBER,
        long_direction=_PLAIN,
        altitude=_METRES,
        size=_METRES,
        precision_horz=_METRES,
        precision_vert=_METRES,
    ),
    "NAPTR": _parts(
        order=_NUMBER, preference=_NUMBER, flags=_TEXT, service=_TEXT, regex=_TEXT, replacement=_NAME
    ),
    "SMIMEA": _HASH,
    "SRV": _parts(priority=_NUMBER, weight=_NUMBER, port=_NUMBER, target=_NAME),
    "SSHFP": _parts(algorithm=_NUMBER, type=_NUMBER, fingerprint=_PLAIN),
    "SVCB": _SERVICE,
    "TLSA": _HASH,
    "URI": _parts(weight=_NUMBER, target=_TEXT),
}
_CONTENT: Mapping[str, _Form] = {"CNAME": _NAME, "MX": _NAME, "NS": _NAME, "PTR": _NAME, "TXT": _TEXT}
_BEFORE = frozenset({"MX", "URI"})
"""Types whose priority stands beside all else."""
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')


def value_of(told: Mapping[str, Json]) -> str:
    """The value of a record that an API tells in parts, as a master file has it as far as there is a form for
    it. :func:`told_of` leads back, save for what no master file tells apart."""
    kind = told["type"]
    data = told.get("data")
    if kind in _DATA and data and data.keys() == _DATA[kind].keys():
        text = " ".join(form.write(data[name]) for name, form in _DATA[kind].items()).rstrip()
    else:
        text = _written(kind, told.get("content") or "")
    return f"{told.get('priority', 0)} {text}" if kind in _BEFORE else text


def _written(kind: str, content: str) -> str:
    if kind == "TXT" and content.startswith('"'):
        return content
    return _CONTENT[kind].write(content) if kind in _CONTENT else content


def told_of(kind: str, value: str) -> dict[str, Json]:
    """The parts in which an API wants a value. ValueError where it has no form for it."""
    found: dict[str, Json] = {}
    text = value
    if kind in _BEFORE:
        first, _, text = value.partition(" ")
        found["priority"] = _number(first)
    if kind in _DATA:
        return {**found, "data": dict(_read(_DATA[kind], text))}
    form = _CONTENT.get(kind)
    return {**found, "content": form.read(text) if form and kind != "TXT" else text}


def said_of(told: Mapping[str, Json]) -> dict[str, Json]:
    """The parts of a record that say its value: the API wants no others."""
    whole = "data" if told.get("data") else "content"
    names = (whole, "priority") if told["type"] in _BEFORE else (whole,)
    return {name: told[name] for name in names if told.get(name) is not None}


def _read(parts: Parts, text: str) -> Iterator[tuple[str, Json]]:
    words = _WORD.findall(text)
    last = len(parts) - 1
    for place, (name, form) in enumerate(parts.items()):
        word = " ".join(words[place:]) if place == last else words[place] if place < len(words) else ""
        yield name, form.read(word)
