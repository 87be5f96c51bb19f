"""The configuration files of a project and what they require of it, found by reading, never by running.

The scan takes what looks like a ``require`` or an ``import`` of a relative path wherever it stands, in a
comment too: a file too many does no harm, a file too few would be missing after a restore. What it cannot
follow it reports.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from snapstore.errors import SnapError
from snapstore.model import Notice
from snapstore.paths import to_text

_CODE = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".jsx", ".tsx")
USUAL_NAMES = tuple(f"{stem}{suffix}" for stem in ("webpack.config", "next.config") for suffix in _CODE[:6])

_SUFFIXES = ("", *_CODE, ".json", ".node")
_TYPESCRIPT = {".js": ".ts", ".cjs": ".cts", ".mjs": ".mts", ".jsx": ".tsx"}

_STRING = r"""(?P<quote>["'`])(?P<path>\.{1,2}(?:/(?:(?!(?P=quote))[^\n\\$])*)?)(?P=quote)"""
_REQUIRED = re.compile(rf"(?:\brequire(?:\.resolve)?\s*\(|\bimport\s*\(|\bfrom|\bimport)\s*{_STRING}")
_JOINED = re.compile(
    r"""\brequire\s*\(\s*(?:path\.)?(?:join|resolve)\(\s*__dirname\s*,\s*(?P<parts>[^()]*?)\s*,?\s*\)"""
)
_LITERAL = re.compile(r"""["'`]([^"'`$\\]*)["'`]""")
_COMPUTED = re.compile(r"""\b(?:require|import)\s*\(\s*(?!["'`)\s]|/\*)(?P<what>[^()\n]*)|`[^`\n]*\$\{""")
_COMMENT = re.compile(
    r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|(?P<comment>//[^\n]*|/\*.*?\*/)""",
    re.DOTALL,
)


@dataclass
class Sources:
    """Files by their path relative to the root; ``missing`` are required paths where nothing is."""

    files: dict[str, Path] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)


def find_configs(root: Path, path: str | None) -> list[Path]:
    """The file that the settings name, whether or not it exists, or those with the usual names."""
    if path is not None:
        return [root / path]
    return [root / name for name in USUAL_NAMES if (root / name).is_file()]


def find_sources(root: Path, configs: list[Path]) -> Sources:
    """The configuration files that exist and all they require, directly or not, below ``root``."""
    found = Sources()
    waiting = [config for config in configs if config.exists()]
    seen: set[Path] = set()
    while waiting:
        file = waiting.pop()
        real = file.resolve()
        if real in seen:
            continue
        seen.add(real)
        if _add(root, file, real, found):
            waiting += _requirements(root, real, found)
    found.notices.sort(key=lambda notice: (notice.subject, notice.text))
    return found


def _add(root: Path, file: Path, real: Path, found: Sources) -> bool:
    inside = _relative(root, real)
    if inside is None:
        found.notices.append(Notice(to_text(str(real)), "required, but outside the project: not captured"))
        return False
    found.files[inside] = root.resolve() / inside
    if file.is_symlink() and (link := _relative(root, file.parent.resolve() / file.name)):
        found.files[link] = root.resolve() / link
    return True


def _relative(root: Path, path: Path) -> str | None:
    try:
        return path.relative_to(root.resolve()).as_posix()
    except ValueError:
        return None


def _requirements(root: Path, file: Path, found: Sources) -> Iterator[Path]:
    if file.suffix not in _CODE:
        return
    text = _read(file)
    code = _COMMENT.sub(_uncommented, text)
    meant = set(_required(code))
    for path in sorted(set(_required(text)) | meant):
        target = _resolve(file.parent / path)
        if target is not None:
            yield target
        elif path in meant:
            _note_missing(root, file, path, found)
    for match in _COMPUTED.finditer(code):
        if match["what"] is not None and not _JOINED.match(code, match.start()):
            line = code.count("\n", 0, match.start()) + 1
            where = to_text(_relative(root, file) or str(file))
            found.notices.append(
                Notice(where, f"requires a path that is computed (near line {line}): not followed")
            )


def _uncommented(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n") + " " if match["comment"] else match[0]


def _required(code: str) -> Iterator[str]:
    for match in _REQUIRED.finditer(code):
        yield match["path"]
    for match in _JOINED.finditer(code):
        parts = _LITERAL.findall(match["parts"])
        if len(parts) == match["parts"].count(",") + 1:
            yield "/".join([".", *parts])


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError as error:
        raise SnapError(
            f"cannot be read: {error.strerror}", where=to_text(str(file)), fix="give this user permission"
        ) from error


def _resolve(path: Path) -> Path | None:
    """The file that node or a bundler would load for a relative path."""
    for suffix in _SUFFIXES:
        candidate = path.with_name(path.name + suffix) if path.name and suffix else path
        if candidate.is_file():
            return candidate
    if (other := _TYPESCRIPT.get(path.suffix)) and path.with_suffix(other).is_file():
        return path.with_suffix(other)
    return _entry(path) if path.is_dir() else None


def _entry(folder: Path) -> Path | None:
    try:
        main = json.loads((folder / "package.json").read_bytes()).get("main")
    except (OSError, ValueError, AttributeError):
        main = None
    if isinstance(main, str) and (folder / main).resolve() != folder.resolve():
        return _resolve(folder / main)
    return next((file for suffix in _SUFFIXES[1:] if (file := folder / f"index{suffix}").is_file()), None)


def _note_missing(root: Path, file: Path, path: str, found: Sources) -> None:
    wanted = _relative(root, (file.parent / path).resolve())
    where = to_text(_relative(root, file) or str(file))
    found.notices.append(Notice(where, f"requires {path}, which is not there"))
    if wanted is not None:
        found.missing.add(wanted)
