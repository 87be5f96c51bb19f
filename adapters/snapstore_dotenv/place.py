"""Where the env file is. A link is followed: its target is what is captured and restored; the link stays."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from snapstore.adapter import Context, Stage
from snapstore.errors import SnapError
from snapstore.model import Action
from snapstore_dotenv.settings import Settings


def place_of(settings: Settings, context: Context) -> Path:
    """The path as configured, absolute."""
    return context.place(settings.path)


@contextmanager
def rehearse(
    settings: Settings, context: Context, folder: Path, actions: Sequence[Action]
) -> Iterator[Stage]:
    """A file of its own in the scratch folder."""
    yield Stage(settings=settings, root=folder, where="a scratch directory")


def target_of(path: Path) -> tuple[Path, str]:
    """The real file as (folder that exists, path below it), so that missing folders can be made."""
    real = Path(os.path.realpath(path))
    folder = next(parent for parent in real.parents if parent.is_dir())
    return folder, real.relative_to(folder).as_posix()


def read(path: Path) -> tuple[bytes, int] | None:
    """Content and permission bits; None when there is no such file. SnapError when it cannot be read."""
    try:
        # Not blocking: opening a pipe by mistake would wait for a writer for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _unusable(path, "this is no regular file")
            return file.read(), stat.S_IMODE(found.st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except IsADirectoryError:
        raise _unusable(path, "this is a folder, not an env file") from None
    except PermissionError:
        raise SnapError("no permission to read it", where=str(path), fix="run as a user who may") from None
    except OSError as error:
        raise _unusable(path, f"it cannot be read: {error.strerror}") from None


def _unusable(path: Path, what: str) -> SnapError:
    return SnapError(what, where=str(path), fix="correct `path` of this resource in snapstore.toml")
