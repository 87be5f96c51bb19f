"""What every command has at hand: the options of the whole command line, and the only ways to print."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from snapstore.errors import Exit, SnapError
from snapstore.render.style import finish

if TYPE_CHECKING:
    from snapstore.config import Config
    from snapstore.workspace import Workspace


class ReaderGone(Exception):
    """Whoever reads stdout has had enough. (click would take a BrokenPipeError for an error.)"""


class App:
    """The ``ctx.obj`` of click. Results go to stdout through :meth:`emit`, all else to stderr.

    Whatever is printed is redacted, and control characters in it are made visible.
    """

    file: str | None = None
    json: bool = False
    debug: bool = False
    quiet: bool = False
    no_color: bool = False
    _ticking: bool = False

    def __init__(self) -> None:
        self.env: Mapping[str, str] = dict(os.environ)

    def config(self, *, live: bool = True) -> Config:
        """The configuration; with ``live=False`` unset variables are no error (the store is all it takes)."""
        from snapstore import config

        return config.load(config.locate(here(), self.file), self.env, live=live)

    def workspace(self, *, create: bool = False, live: bool = True) -> Workspace:
        """Configuration, store and keys together."""
        from snapstore.workspace import open_workspace

        return open_workspace(self.config(live=live), create=create)

    def emit(self, text: str | Callable[[], str], value: Any) -> None:
        """The result of the command, once: ``text``, or with ``--json`` the document of ``value``.

        ``value`` may hold msgspec structs, dataclasses and paths; a callable is called only when needed.
        """
        if self.json:
            self.write(document(value() if callable(value) else value))
            return
        whole = text() if callable(text) else text
        self.write(whole if not whole or whole.endswith("\n") else whole + "\n")

    def write(self, text: str) -> None:
        """Text to stdout."""
        self._out(self._clean(text, sys.stdout).encode(sys.stdout.encoding, "backslashreplace"))

    def write_bytes(self, data: bytes) -> None:
        """Bytes to stdout just as they are: content that a user asked for."""
        self._out(data)

    def note(self, text: str, *, sealed: bool = True) -> None:
        """A line to stderr that is shown even with ``--quiet``: warnings, notices, errors.

        Masked in it is also what was sealed, except in what is made of tokens anyway, such as a plan.
        """
        shown = self._clean(text, sys.stderr, sealed=sealed) + "\n"
        if self._ticking:
            from snapstore.ticking import CLEAR_LINE

            shown = CLEAR_LINE + shown
        sys.stderr.write(shown)
        sys.stderr.flush()

    def progress(self, text: str) -> None:
        """A line to stderr on what is going on; one that begins with ``!`` is a warning."""
        if not self.quiet or text.startswith("!"):
            self.note(text)

    def confirm(self, question: str, *, instead: str = "--yes") -> bool:
        """Ask on the terminal. SnapError (refused) where there is nobody to ask."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise SnapError(
                "this needs a confirmation, and there is no terminal to ask on",
                fix=f"look at the plan above, then run this again with {instead}",
                code=Exit.REFUSED,
            )
        sys.stderr.write(self._clean(f"{question} [y/N] ", sys.stderr))
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    @contextmanager
    def working(self, title: str) -> Iterator[None]:
        """Show on a terminal that ``title`` is going on, from its second second on."""
        if self.quiet or not sys.stderr.isatty():
            yield
            return
        from snapstore.ticking import ticking

        self._ticking = True
        try:
            with ticking(title):
                yield
        finally:
            self._ticking = False

    def colour(self, stream: TextIO) -> bool:
        """Whether what goes there is coloured."""
        if self.no_color or self.env.get("NO_COLOR"):
            return False
        return bool(self.env.get("FORCE_COLOR")) or (stream.isatty() and self.env.get("TERM") != "dumb")

    def _out(self, data: bytes) -> None:
        try:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
        except BrokenPipeError:
            _abandon_stdout()
            raise ReaderGone from None
        except OSError as error:
            _abandon_stdout()
            raise SnapError(f"the output cannot be written: {error.strerror}") from None

    def _clean(self, text: str, stream: TextIO, *, sealed: bool = False) -> str:
        return finish(redact(text, sealed=sealed), self.colour(stream))


def here() -> Path:
    """The current folder. SnapError when somebody has removed it, as deploys do with an old release."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        fix = "enter it anew, or name another one: snap -C DIR"
        raise SnapError("the current folder is gone", fix=fix) from None


def _abandon_stdout() -> None:
    """Let what is still buffered go nowhere: Python would try, and fail, to write it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def redact(text: str, *, sealed: bool = False) -> str:
    """``text`` without any value the redactor knows; where its module was never loaded it knows none."""
    secrets = sys.modules.get("snapstore.secrets")
    return str(secrets.REDACTOR.redact(text, sealed=sealed)) if secrets else text


def document(value: Any) -> str:
    """One JSON document. Strings are redacted before they are escaped, so that no escape hides a secret."""
    import json

    import msgspec

    plain = msgspec.to_builtins(value, str_keys=True, enc_hook=str)
    return json.dumps(_redacted(plain), indent=2, sort_keys=True) + "\n"


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(key): _redacted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return value
