"""What differs between two states, for people: as a review, as a list, as counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from snapstore.model import Blob, Fact, FactChange, FileChange, ResourceChanges
from snapstore.render import contents
from snapstore.render.style import ADDED, BOLD, CHANGED, DIM, REMOVED, name, paint
from snapstore.render.values import attributes, count, cut, differences, size, text_diff, title
from snapstore.snapshot import Snapshot
from snapstore.verify import Resealed, without

MARKS = {"+": ADDED, "-": REMOVED, "~": CHANGED}
LARGE = 256 * 1024
"""Bytes above which the content of a file is not compared for people."""
_WIDTH = 100


@dataclass(frozen=True)
class Limits:
    """How much of a long list is shown; what is left out is counted."""

    facts: int = 200
    files: int = 20
    lines: int = 60


FULL = Limits(facts=10**9, files=10**9, lines=10**9)
SHORT = Limits(facts=20, files=20)


def _never(resource: str, change: FactChange) -> bool:
    return False


def review(
    changes: Sequence[ResourceChanges],
    before: Snapshot,
    after: Snapshot,
    limits: Limits = Limits(),
    resealed: Resealed = _never,
) -> str:
    """All changes by resource, facts before files, each with what changed in it.

    Facts whose secrets are the same under another key are only counted.
    """
    lines: list[str] = []
    for resource in changes:
        rest = without(resource, resealed)
        lines += [_heading(resource), *_facts(rest.facts, limits), *_resealed(resource, rest)]
        lines += [*_files(resource.files, before, after, limits), ""]
    return "\n".join(lines)


def overview(
    changes: Sequence[ResourceChanges],
    limits: Limits = SHORT,
    resealed: Resealed = _never,
) -> str:
    """One line for each change; facts that were only resealed are counted."""
    lines: list[str] = []
    for resource in changes:
        rest = without(resource, resealed)
        facts = [_line(change, title(_present(change))) for change in rest.facts]
        files = [_line(change, name(change.path)) for change in resource.files]
        lines += [_heading(resource), *_folded(facts, limits.facts), *_resealed(resource, rest)]
        lines += [*_folded(files, limits.files), ""]
    return "\n".join(lines)


def _resealed(resource: ResourceChanges, rest: ResourceChanges) -> Iterator[str]:
    number = len(resource.facts) - len(rest.facts)
    if number:
        yield paint(f"  ~ {count(number, 'fact')} resealed with another key: the secrets are the same", DIM)


def stat(changes: Sequence[ResourceChanges]) -> str:
    """Counts by resource and kind."""
    rows = [row for resource in changes for row in _stat_rows(resource)]
    if not rows:
        return ""
    widths = [max(len(row[place]) for row in rows) for place in range(2)]
    lines = [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {_counts(row[2])}" for row in rows]
    total = sum((row[2] for row in rows), Counter[str]())
    return "\n".join([*lines, f"{count(len(changes), 'resource')} changed: {_counts(total)}"])


def summary(changes: ResourceChanges) -> str:
    """``+2 ~1 -1`` over all facts and files of a resource."""
    facts = Counter(sign(fact) for fact in changes.facts)
    return _counts(facts + Counter(sign(file) for file in changes.files))


def sign(change: FactChange | FileChange) -> str:
    """``+`` added, ``-`` removed, ``~`` changed."""
    return "+" if change.before is None else "-" if change.after is None else "~"


def retold(numbers: Mapping[str, int]) -> list[str]:
    """A line for each resource of which another version of the system tells something otherwise."""
    return [
        f"{resource}: {count(number, 'fact')} told otherwise by another version of it, nothing else"
        for resource, number in numbers.items()
    ]


def _heading(resource: ResourceChanges) -> str:
    return f"{paint(resource.resource, BOLD)} ({resource.adapter})  {summary(resource)}"


def _counts(counts: Counter[str]) -> str:
    return " ".join(paint(f"{mark}{counts[mark]:,}", MARKS[mark]) for mark in "+~-" if counts[mark])


def _stat_rows(resource: ResourceChanges) -> Iterator[tuple[str, str, Counter[str]]]:
    kinds: dict[str, Counter[str]] = {}
    for fact in resource.facts:
        kinds.setdefault(_present(fact).kind, Counter())[sign(fact)] += 1
    if resource.files:
        kinds["files"] = Counter(sign(file) for file in resource.files)
    for kind, counts in kinds.items():
        yield resource.resource, kind, counts


def _present(change: FactChange) -> Fact:
    found = change.after or change.before
    assert found is not None  # noqa: S101 - a change has at least one side
    return found


def _line(change: FactChange | FileChange, text: str, depth: int = 1) -> str:
    mark = sign(change)
    return "  " * depth + paint(f"{mark} {text}", MARKS[mark])


def _folded(lines: list[str], limit: int) -> Iterator[str]:
    """The lines, or the first of them and how many there are more."""
    yield from lines[:limit]
    if len(lines) > limit:
        yield paint(f"  … and {len(lines) - limit:,} more", DIM)


# Facts


def _facts(changes: Sequence[FactChange], limits: Limits) -> Iterator[str]:
    """Facts with the parts that changed along with them below them."""
    below: dict[str, list[FactChange]] = {}
    names = {change.id for change in changes}
    for change in changes:
        parent = _present(change).parent or ""
        below.setdefault(parent if parent in names else "", []).append(change)
    blocks = list(_nest(below, "", 1, limits))
    shown = blocks[: limits.facts]
    for block in shown:
        yield from block
    if len(blocks) > len(shown):
        yield paint(f"  … and {len(blocks) - len(shown):,} more", DIM)


def _nest(below: dict[str, list[FactChange]], parent: str, depth: int, limits: Limits) -> Iterator[list[str]]:
    for change in below.get(parent, ()):
        yield list(_fact(change, depth, limits))
        yield from _nest(below, change.id, depth + 1, limits)


def _fact(change: FactChange, depth: int, limits: Limits) -> Iterator[str]:
    indent = "  " * (depth + 2)
    if change.before is not None and change.after is not None:
        yield _line(change, title(change.after), depth)
        yield from (indent + line for line in differences(change.before, change.after))
        return
    fact = _present(change)
    short, texts = attributes(fact)
    joined = ", ".join(short)
    head = title(fact)
    if len(head) + len(joined) + len(indent) <= _WIDTH and short:
        yield f"{_line(change, head, depth)}  {paint(joined, DIM)}"
    else:
        yield _line(change, head, depth)
        yield from (indent + line for line in short)
    mark = sign(change)
    for key, text in texts:
        yield f"{indent}{key}:"
        body = [f"{indent}  " + paint(f"{mark} {cut(line)}", MARKS[mark]) for line in text.splitlines()]
        yield from _folded(body, limits.lines)


# Files


def _files(changes: Sequence[FileChange], before: Snapshot, after: Snapshot, limits: Limits) -> Iterator[str]:
    for change in changes[: limits.files]:
        yield from _file(change, before, after, limits)
    rest = Counter(sign(change) for change in changes[limits.files :])
    if rest:
        yield paint(f"  … and {sum(rest.values()):,} more", DIM) + f" ({_counts(rest)})"


def _file(change: FileChange, before: Snapshot, after: Snapshot, limits: Limits) -> Iterator[str]:
    path = name(change.path)
    if change.before is None or change.after is None:
        side, blob = (after, change.after) if change.after else (before, change.before)
        assert blob is not None  # noqa: S101 - a change has at least one side
        yield _line(change, f"{path}  {_describe(side, blob, change.path)}")
        return
    said = (
        []
        if change.before.mode == change.after.mode
        else [f"mode {_mode(change.before)} → {_mode(change.after)}"]
    )
    if change.before.oid == change.after.oid:
        yield _line(change, f"{path}  {', '.join(said)}")
        return
    old, new = _text(before, change.before), _text(after, change.after)
    if old is None or new is None:
        sides = (before, change.before), (after, change.after)
        said.append(" → ".join(_describe(side, blob, change.path) for side, blob in sides))
    yield _line(change, "  ".join([path, *said]))
    if old is not None and new is not None:
        lines = _bundle(change.path, old, new, limits) or text_diff(old, new, limits.lines)
        yield from (f"      {line}" for line in lines)


def _bundle(path: str, old: str, new: str, limits: Limits) -> list[str]:
    """What changed in a build, from its manifest; [] where the lines of the file are to be shown."""
    if limits == FULL or not contents.is_manifest(path):
        return []
    before, after = contents.chunks(old), contents.chunks(new)
    return [name(line) for line in contents.changed_chunks(before, after)] if before and after else []


def _describe(snapshot: Snapshot, blob: Blob, path: str) -> str:
    if blob.mode == 0o120000:
        return "→ " + name(snapshot.objects.blob(blob.oid).decode("utf-8", "surrogateescape"))
    told = [size(snapshot.objects.blob_size(blob.oid)), _measures(snapshot, blob, path)]
    return ", ".join([*filter(None, told), *(["executable"] if blob.mode == 0o100755 else [])])


def _measures(snapshot: Snapshot, blob: Blob, path: str) -> str | None:
    if not contents.is_image(path):
        return None
    with closing(snapshot.objects.open_blob(blob.oid)) as image:
        return contents.measures(image.read(contents.HEAD))


def _mode(blob: Blob) -> str:
    return f"{blob.mode:o}"


def _text(snapshot: Snapshot, blob: Blob) -> str | None:
    """The content where it is text that somebody may want to read."""
    if snapshot.objects.blob_size(blob.oid) > LARGE:
        return None
    data = snapshot.objects.blob(blob.oid)
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
