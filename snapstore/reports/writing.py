"""Reports as files: in a folder after each restore, and as entries of a file of lessons learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from snapstore.adapter import Report
from snapstore.errors import SnapError
from snapstore.render import report as render
from snapstore.reports.story import Story, tell
from snapstore.workspace import Workspace

if TYPE_CHECKING:
    from snapstore.journal import Journal


def after(ws: Workspace, record: Journal, report: Report) -> None:
    """Write what ``[report]`` asks for. What goes wrong is a warning: the restore is done."""
    table = ws.config.report
    if not (table.folder or table.lessons):
        return
    try:
        story = tell(ws, record)
        if table.folder:
            for path in files(story, ws.config.root / table.folder):
                report(f"the report is {path}")
        if table.lessons:
            learn(story, ws.config.root / table.lessons)
    except SnapError as error:
        report(f"! the report could not be written: {error.what}")


def files(story: Story, folder: Path) -> list[Path]:
    """``restore-000003.md`` and ``.html`` in a folder, which is made. SnapError when that fails."""
    made = {".md": render.markdown(story), ".html": render.html(story)}
    paths = [folder / f"restore-{story.number:06}{suffix}" for suffix in made]
    for path, text in zip(paths, made.values(), strict=True):
        put(path, text)
    return paths


def learn(story: Story, path: Path) -> bool:
    """Append the entry of a restore to a file, where it has none yet; whether it did."""
    try:
        known = path.read_text("utf-8") if path.exists() else "# Lessons learned\n"
    except (OSError, UnicodeDecodeError) as error:
        raise SnapError(f"cannot be read: {error}", where=str(path), fix="name a text file") from None
    if render.marker(story) in known:
        return False
    put(path, f"{known.rstrip()}\n\n{render.lesson(story)}")
    return True


def put(path: Path, text: str) -> None:
    """Write a file, and the folders above it. SnapError when that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        fix = "name a file that this user may write"
        raise SnapError(f"cannot be written: {error.strerror}", where=str(path), fix=fix) from None
