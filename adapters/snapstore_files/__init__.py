"""File trees: source folders, build artifacts, configuration directories.

Content, executable bits and links are files of the snapshot; what Git cannot say is in ``metadata.json``
(:mod:`snapstore.filetree.facts`). docs/adapters/files.md has it from the user's side.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from snapstore.adapter import Adapter, ApplyContext, Context, Stage, Suggestion
from snapstore.errors import SnapError
from snapstore.filetree import apply_files, apply_swapped, metadata, plan_files, tidy_files, tidy_swapped
from snapstore.filetree.attributes import KEEP, not_asked
from snapstore.model import Action, Captured, Notice
from snapstore.paths import to_text
from snapstore_files.patterns import compile_patterns
from snapstore_files.selection import Selection

_BUILDS = (".next", "dist", "build", "out", "public")


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table of a ``files`` resource. Patterns are explained in :mod:`snapstore_files.patterns`.

    ``include`` empty means everything; ``exclude`` wins over it. ``git`` also takes what is named ``.git``.
    ``keep`` is what else is captured and restored (:mod:`snapstore.filetree.attributes`). ``atomic`` says
    what a restore changes at once: each file, or the whole folder (:mod:`snapstore.filetree.swap`).
    """

    path: str
    include: list[str] = []
    exclude: list[str] = []
    git: bool = False
    keep: list[Literal["owner", "mtime", "xattr", "hardlink"]] = []
    atomic: Literal["file", "directory"] = "file"

    def __post_init__(self) -> None:
        if not self.path:
            raise ValueError("path is empty")
        self.selection()

    def selection(self) -> Selection:
        return Selection(
            compile_patterns(self.include), compile_patterns(self.exclude), self.git, frozenset(self.keep)
        )


def capture(settings: Settings, context: Context) -> Captured:
    """The tree as it is. One that does not exist is a state too: no facts and no files."""
    root = _root(settings, context)
    if not root.exists():
        return Captured()
    if not root.is_dir():
        raise SnapError(
            "this is a file, not a folder",
            where=str(root),
            fix='set path to the folder that it is in, and include = ["/its-name"]',
        )
    from snapstore_files.walk import walk

    found = walk(os.fsencode(root), settings.selection())
    documents, hints = metadata(found.facts), {KEEP: sorted(settings.keep)} if settings.keep else {}
    return Captured(documents, found.files, found.notices, hints, found.folders)


def apply(settings: Settings, actions: Sequence[Action], context: ApplyContext) -> None:
    run = apply_swapped if settings.atomic == "directory" else apply_files
    run(_root(settings, context), actions, context)


def tidy(settings: Settings, actions: Sequence[Action], context: Context) -> None:
    if settings.atomic == "directory":
        tidy_swapped(_root(settings, context))
    tidy_files(_root(settings, context), actions)


@contextmanager
def rehearse(
    settings: Settings, context: Context, folder: Path, actions: Sequence[Action]
) -> Iterator[Stage]:
    """A tree in the scratch folder."""
    yield Stage(settings=settings, root=folder, where="a scratch directory")


def check(settings: Settings, context: Context) -> list[Notice]:
    """For ``snap doctor``: a root that is missing, and what of the tree cannot come back everywhere."""
    root = _root(settings, context)
    if not root.is_dir():
        return [Notice(to_text(settings.path), f"there is no folder {to_text(str(root))}")]
    from snapstore_files.walk import walk

    found = walk(os.fsencode(root), settings.selection())
    return [notice for notice in found.notices if notice.serious]


def discover(root: Path, env: Mapping[str, str]) -> list[Suggestion]:
    """Folders that build tools write, where there is a package.json; empty ones are not worth a word."""
    if not (root / "package.json").is_file():
        return []
    found = [name for name in _BUILDS if (root / name).is_dir() and any((root / name).iterdir())]
    return [_suggestion(name, taken="build" in found) for name in found]


def _suggestion(name: str, *, taken: bool) -> Suggestion:
    if name != ".next":
        return Suggestion(name, {"path": name}, f"what is in {name}/", group="frontend")
    return Suggestion(
        "next" if taken else "build",
        {"path": ".next", "exclude": ["cache/**"]},
        "the Next.js build; its cache is rebuilt by itself",
        group="frontend",
    )


def _root(settings: Settings, context: Context) -> Path:
    return context.place(settings.path)


adapter = Adapter(
    name="files",
    format=1,
    summary="file trees: content, modes, links and empty folders",
    settings=Settings,
    capture=capture,
    plan=plan_files,
    apply=apply,
    tidy=tidy,
    rehearse=rehearse,
    check=check,
    beyond=not_asked,
    discover=discover,
)
