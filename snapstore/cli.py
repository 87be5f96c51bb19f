"""The command line: which commands there are, the options they share, and how a run ends.

A command lives in ``snapstore/commands/`` as ``command``, a click command, and is imported when it is
called; the table here is all that ``snap --help`` needs.
"""

from __future__ import annotations

import atexit
import errno
import gc
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import click

from snapstore import __version__
from snapstore.app import App, ReaderGone, redact
from snapstore.errors import SnapError
from snapstore.nearest import nearest

__all__ = ["App", "main", "run"]

COMMANDS = {
    "every day": {
        "init": "look around, write snapstore.toml, create the store and the sealing key",
        "take": "capture everything as one commit",
        "status": "what differs between the live systems and the last snapshot",
        "diff": "what differs between any two moments",
        "log": "list snapshots",
        "show": "show a snapshot, or one of its documents or files",
        "restore": "plan the way back, show it, apply it, prove the result",
        "undo": "take back the last restore",
    },
    "review": {
        "plan": "what a restore would do, for reading, saving and reviewing",
        "rehearse": "carry out a plan on scratch copies, and see what comes of it",
        "propose": "push a plan, and the state after it, for review",
        "apply": "carry out a plan that was saved or approved",
    },
    "around a deploy": {
        "notify": "tell the team that a deploy is coming",
        "preflight": "the checklist before a deploy: may it begin?",
        "watch": "measure after a deploy, and act where it made things worse",
        "report": "what became of a restore",
    },
    "upkeep": {
        "doctor": "check the store, the key and every resource",
        "gc": "remove from the store what no snapshot needs, and pack the rest",
        "pull": "bring the store up to what its remote has",
        "push": "share the snapshots of the store",
        "key": "manage the key that seals secrets",
        "adapters": "list the installed adapters",
        "schema": "print the JSON Schema of a format",
        "demo": "play a bad deploy and its rollback in a temporary directory",
    },
}
INTERRUPTED = 130
BROKEN_PIPE = 141
_HELP_WANTED: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""Raised by click 8.2 and later for a group of commands that is called without one."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"snapstore.commands.{cmd_name}").command
        _share_options(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            close = nearest(args[0], self.list_commands(ctx))
            hint = f"; did you mean {close!r}?" if close else ""
            raise click.UsageError(f"no command {args[0]!r}{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in COMMANDS.items():
            with formatter.section(title.capitalize()):
                formatter.write_dl(list(commands.items()))


def _share_options(command: click.Command) -> None:
    """Let a command, and those below it, take the options of the whole command line."""
    if not any(param.name == "json" for param in command.params):
        command.params.extend(_global_options(hidden=True))
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        _share_options(below)


def _global_options(*, hidden: bool) -> list[click.Parameter]:
    """The options that are taken before and after the name of a command."""

    def option(*words: str, to: Callable[[App, Any], None], **more: Any) -> click.Option:
        def take(ctx: click.Context, param: click.Parameter, value: Any) -> None:
            if value is not None and value is not False:
                to(ctx.find_root().ensure_object(App), value)

        settings = {"expose_value": False, "hidden": hidden, "callback": take, "is_eager": True}
        return click.Option(words, **{**settings, **more})

    def flag(name: str) -> Callable[[App, Any], None]:
        return lambda app, value: setattr(app, name, value)

    return [
        option("-C", "work_directory", to=_enter, metavar="DIR", help="Work as if started in DIR."),
        option("-c", "config_file", to=flag("file"), metavar="FILE", help="Use this snapstore.toml."),
        option("--json", to=flag("json"), is_flag=True, hidden=False, help="Print one JSON document."),
        option("--quiet", to=flag("quiet"), is_flag=True, help="No progress on stderr."),
        option("--debug", to=_debug, is_flag=True, help="Log to stderr, and show tracebacks."),
        option("--no-color", to=flag("no_color"), is_flag=True, help="No colours (also: NO_COLOR)."),
    ]


def _enter(app: App, directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        fix = "name a folder that is there and that this user may enter"
        raise SnapError(f"cannot be entered: {error.strerror}", where=directory, fix=fix) from None


def _debug(app: App, value: bool) -> None:
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            app.note(self.format(record))

    app.debug = value
    logging.basicConfig(level=logging.DEBUG, handlers=[Handler()])


EPILOG = """Revisions are Git's (HEAD~1, a branch, a tag, @{yesterday}, an abbreviated id), and `live` for the
systems as they are now. Options above are taken before and after the command.

Exit codes: 0 done · 1 error · 2 differences · 3 refused · 4 result does not match · 5 stale plan ·
6 locked · 7 interrupted, can resume."""


@click.command(
    cls=LazyGroup,
    params=_global_options(hidden=False),
    epilog=EPILOG,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="snap", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """The state of every system a deploy changes, as one Git commit, and the way back to it."""
    ctx.ensure_object(App)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(words: Sequence[str]) -> int:
    """Run ``snap words…`` and give its exit code; every error is told here, once."""
    app = App()
    try:
        code = cli.main(list(words), prog_name=_program(), standalone_mode=False, obj=app)
        sys.stdout.flush()
        return int(code or 0)
    except _HELP_WANTED as error:
        app.write(error.format_message() + "\n")
        return 0
    except click.UsageError as error:
        app.json = app.json or "--json" in words
        return _tell(app, _usage(error), error)
    except click.ClickException as error:
        return _tell(app, SnapError(error.format_message()), error)
    except SnapError as error:
        app.json = app.json or "--json" in words
        return _tell(app, error, error)
    except (KeyboardInterrupt, click.Abort) as error:
        return _tell(app, SnapError("interrupted"), error, code=INTERRUPTED)
    except ReaderGone:
        return BROKEN_PIPE
    except OSError as error:
        return _tell(app, _system(error), error)
    except Exception as error:  # noqa: BLE001 - the top: whatever it is, the user gets a line, not a traceback
        fix = "run this again with --debug and report what it says"
        return _tell(app, SnapError(f"internal error: {type(error).__name__}: {error}", fix=fix), error)


def run() -> NoReturn:
    """The entry point behind ``snap``."""
    codes: list[int] = []
    atexit.register(_leave, codes)  # called after all that is registered later
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    codes.append(main(sys.argv[1:]))
    gc.freeze()  # there is nothing to find in the last search either
    sys.exit(codes[0])


def _leave(codes: Sequence[int]) -> None:
    """End here, without taking all modules apart one by one, which would take as long as much of a run."""
    with suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if codes:
            os._exit(codes[0])


def _program() -> str:
    name = Path(sys.argv[0]).name
    return "snap" if name.startswith("__main__") else name


def _usage(error: click.UsageError) -> SnapError:
    """A usage error in one line, with the nearest option where one was mistyped."""
    path = error.ctx.command_path if error.ctx else "snap"
    if isinstance(error, click.NoSuchOption) and error.ctx:
        known = [word[2:] for param in error.ctx.command.params for word in param.opts if word[:2] == "--"]
        close = nearest(error.option_name.lstrip("-"), known)
        what = f"no option {error.option_name}" + (f"; did you mean --{close}?" if close else "")
    else:
        what = error.format_message()
        what = what[:1].lower() + what[1:].rstrip(".")
    return SnapError(what, where=path, fix=f"see: {path} --help")


def _system(error: OSError) -> SnapError:
    """What the operating system has refused, in its own words."""
    places = [str(name) for name in (error.filename, error.filename2) if name is not None]
    fix = _WAYS_OUT.get(error.errno or 0, "--debug shows where in snap")
    return SnapError(error.strerror or str(error), where=" → ".join(places), fix=fix)


_MAY = "run this as a user who may, or change the permissions there"
_ROOM = "free some space there, then run this again"
_WAYS_OUT = {errno.EACCES: _MAY, errno.EPERM: _MAY, errno.ENOSPC: _ROOM, errno.EDQUOT: _ROOM}


def _tell(app: App, told: SnapError, cause: BaseException, code: int | None = None) -> int:
    ended = int(told.code if code is None else code)
    if app.debug:
        import traceback

        app.note("".join(traceback.format_exception(cause)).rstrip())
    app.note(f"snap: {told}" if not told.where.startswith("snap") else str(told))
    if app.json:
        texts = {"what": told.what, "where": told.where, "fix": told.fix}
        error = {**{key: redact(text, sealed=True) for key, text in texts.items()}, "code": ended}
        app.emit("", {"error": error})
    return ended
