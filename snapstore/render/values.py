"""Values in words: numbers with units, attributes of facts, and the difference between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from snapstore.model import SEALED, Fact, Json
from snapstore.render.style import ADDED, CHANGED, PLACE, REMOVED, name, paint

SEALED_TEXT = "(sealed)"
SEALED_CHANGED = "(sealed, changed)"
_LONGEST = 2_000
"""Characters of one value, or of a line of it, that are shown."""
_BEFORE = 20
"""Characters before the first one that differs."""


def count(number: int, noun: str) -> str:
    """``1 row``, ``12,000 rows``."""
    return f"{number:,} {noun if number == 1 else noun + 's'}"


def size(number: int) -> str:
    """Bytes for people: ``512 B``, ``3.2 MB``."""
    amount = float(number)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def is_sealed(value: Json) -> bool:
    return isinstance(value, dict) and SEALED in value


def masked(value: Json) -> Json:
    """The value with each sealed secret inside it as a word."""
    if is_sealed(value):
        return SEALED_TEXT
    if isinstance(value, dict):
        return {key: masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner) for inner in value]
    return value


def cut(text: str, start: int = 0) -> str:
    """A text of any length in so many characters as one reads, with its length where some are left out."""
    if len(text) <= _LONGEST:
        return text
    shown = (
        f"{'…' if start else ''}{text[start : start + _LONGEST]}{'…' if len(text) > start + _LONGEST else ''}"
    )
    return f"{shown} ({count(len(text), 'character')})"


def in_words(value: Json) -> str:
    """A value on one line, cut where it is long; a string as it is where it cannot be mistaken for something
    else."""
    return cut(_on_one_line(value))


def _on_one_line(value: Json) -> str:
    plain = masked(value)
    if isinstance(plain, str) and plain and plain == plain.strip() and plain.isprintable():
        return plain
    import json

    return json.dumps(plain, ensure_ascii=False, sort_keys=True)


def title(fact: Fact) -> str:
    """``column public.users.email``"""
    return f"{fact.kind.replace('_', ' ')} {name(fact.name)}"


def attributes(fact: Fact) -> tuple[list[str], list[tuple[str, str]]]:
    """What is worth saying of a fact as a whole: attributes in words, and those that are texts of many lines.

    Attributes that say nothing (null, false, empty) are left out.
    """
    short: list[str] = []
    texts: list[tuple[str, str]] = []
    for key, value in fact.attrs.items():
        if value is None or value is False or value in ("", [], {}):
            continue
        if isinstance(value, str) and "\n" in value:
            texts.append((key, value))
        else:
            short.append(name(key) if value is True else f"{name(key)}: {in_words(value)}")
    return short, texts


def differences(before: Fact, after: Fact) -> Iterator[str]:
    """How a fact changed, a line per attribute (more for a text of many lines)."""
    for key in sorted(before.attrs.keys() | after.attrs.keys()):
        yield from _attribute(name(key), before.attrs, after.attrs, key)
    yield from _names("needs", before.needs, after.needs)
    if before.parent != after.parent:
        yield _changed("part of", before.parent, after.parent)


def _attribute(label: str, before: Mapping[str, Json], after: Mapping[str, Json], key: str) -> Iterator[str]:
    old, new = before.get(key), after.get(key)
    if key in before and key in after and _same(old, new):
        return
    if is_sealed(old) and is_sealed(new):
        yield f"{label}: {paint(SEALED_CHANGED, CHANGED)}"
    elif isinstance(old, str) and isinstance(new, str) and "\n" in old + new:
        yield f"{label}:"
        yield from (f"  {line}" for line in text_diff(old, new))
    elif (
        isinstance(old, dict | list)
        and isinstance(new, dict | list)
        and not (is_sealed(old) or is_sealed(new))
    ):
        yield from _nested(label, old, new)
    elif key not in before:
        yield paint(f"+ {label}: {in_words(new)}", ADDED)
    elif key not in after:
        yield paint(f"- {label}: {in_words(old)}", REMOVED)
    else:
        yield _changed(label, old, new)


def _same(old: Json, new: Json) -> bool:
    """Equal as JSON: Python takes ``1`` and ``true`` for equal."""
    if old != new:
        return False
    import json

    return json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)


def _changed(label: str, old: Json, new: Json) -> str:
    before, after = _on_one_line(old), _on_one_line(new)
    start = max(0, _first_difference(before, after) - _BEFORE)
    if start + _BEFORE < _LONGEST:
        start = 0
    return f"{label}: {paint(cut(before, start), REMOVED)} → {paint(cut(after, start), ADDED)}"


def _first_difference(one: str, other: str) -> int:
    """How many characters both begin with; found by halves, since texts may have millions."""
    same, end = 0, min(len(one), len(other))
    while same < end:
        middle = (same + end + 1) // 2
        if one[same:middle] == other[same:middle]:
            same = middle
        else:
            end = middle - 1
    return same


def _names(label: str, before: tuple[str, ...], after: tuple[str, ...]) -> Iterator[str]:
    for other in sorted(set(after) - set(before)):
        yield f"{label} {paint(f'+ {name(other)}', ADDED)}"
    for other in sorted(set(before) - set(after)):
        yield f"{label} {paint(f'- {name(other)}', REMOVED)}"


def _nested(label: str, old: Json, new: Json) -> Iterator[str]:
    """The places inside a value that changed; equal secrets have equal tokens."""
    from deepdiff import DeepDiff

    for kind, found in sorted(DeepDiff(old, new, view="tree", verbose_level=2).items()):
        for level in sorted(found, key=lambda level: level.path()):
            yield _place(kind, label + _inside(level.path(output_format="list")), level.t1, level.t2)


def _place(kind: str, where: str, old: Json, new: Json) -> str:
    if kind.endswith("_item_added"):
        return paint(f"+ {where}: {in_words(new)}", ADDED)
    if kind.endswith("_item_removed"):
        return paint(f"- {where}: {in_words(old)}", REMOVED)
    if where.endswith(f".{SEALED}"):
        return f"{where.removesuffix(f'.{SEALED}')}: {paint(SEALED_CHANGED, CHANGED)}"
    return _changed(where, old, new)


def _inside(path: list[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{name(str(part))}" for part in path)


def text_diff(old: str, new: str, limit: int = 60) -> Iterator[str]:
    """A unified diff in colours, cut after ``limit`` lines."""
    from difflib import unified_diff

    lines = unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=2)
    hunks = list(islice(lines, 2, None))
    marks = {"+": ADDED, "-": REMOVED, "@": PLACE}
    for line in map(cut, hunks[:limit]):
        yield paint(line, marks[line[0]]) if line[:1] in marks else line
    if not hunks:
        yield "only line ends differ"
    if len(hunks) > limit:
        yield f"… and {count(len(hunks) - limit, 'more line')}"
