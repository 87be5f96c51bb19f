"""The env file to facts."""

from __future__ import annotations

from pathlib import Path

from snapstore.adapter import Context
from snapstore.model import Captured, Document, Notice
from snapstore_dotenv.facts import DOCUMENT, facts_of
from snapstore_dotenv.place import place_of, read
from snapstore_dotenv.settings import Settings


def capture(settings: Settings, context: Context) -> Captured:
    """All variables and the layout; no documents at all when there is no file, which is a state too."""
    path = place_of(settings, context)
    found = read(path)
    if found is None:
        return Captured(notices=[Notice(settings.path, "does not exist; that is what was recorded")])
    data, mode = found
    facts = facts_of(path.name, data, mode, settings, context.seal)
    return Captured(documents=[Document(DOCUMENT, tuple(facts))], notices=_link_notice(path, settings))


def _link_notice(path: Path, settings: Settings) -> list[Notice]:
    if not path.is_symlink():
        return []
    return [
        Notice(settings.path, f"is a link; captured and restored is the file it leads to: {path.resolve()}")
    ]
