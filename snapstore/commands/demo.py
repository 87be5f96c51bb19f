"""``snap demo``: a bad deploy and its rollback, played in a temporary directory."""

from __future__ import annotations

import shlex
import signal
import time
from pathlib import Path

import click

from snapstore.app import App
from snapstore.errors import Exit
from snapstore.render.documents import DemoDocument


@click.command("demo")
@click.option("--keep", is_flag=True, help="Keep the folder, and say how to play on in it.")
@click.option("--serve", metavar="DIR", help="Run the servers of a demo that was kept, until Ctrl-C.")
@click.pass_obj
def command(app: App, keep: bool, serve: str | None) -> int:
    """Play a bad deploy and its rollback, on servers of its own in a temporary directory.

    Your systems, configuration and keys are neither read nor changed.
    """
    from snapstore.demo import server

    server.require_installed()
    for number in (signal.SIGTERM, signal.SIGHUP):  # so that no server is left behind
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    if serve:
        return _serve(app, Path(serve).resolve())
    return _play(app, keep)


def _play(app: App, keep: bool) -> int:
    from snapstore.demo import server
    from snapstore.demo.story import Stage, play

    began = time.monotonic()
    with server.new(keep=keep) as folder:
        app.progress(f"playing in {folder}")
        with server.running(folder) as shop:
            stage = Stage(app, shop, folder / "home")
            play(stage)
        equal = bool(stage.proofs) and all(proof.equal for proof in stage.proofs)
        seconds = round(time.monotonic() - began, 1)
        kept = str(folder) if keep else None
        result = DemoDocument(equal, seconds, kept, stage.ran, stage.proofs)
        app.emit(lambda: _text(result), result)
    return Exit.DONE if equal else Exit.MISMATCH


def _text(result: DemoDocument) -> str:
    found = "equal" if result.equal else "NOT equal"
    lines = ["", f"Done in {result.seconds} s: the restored states are {found} to those before."]
    if result.folder:
        lines += [
            f"The folder is kept: {result.folder}",
            f"To play on, start its servers: snap demo --serve {shlex.quote(result.folder)}",
        ]
    return "\n".join(lines)


def _serve(app: App, folder: Path) -> int:
    from snapstore.demo import server
    from snapstore.demo.story import user

    with server.running(folder) as shop:
        lines = [f"cd {shlex.quote(str(shop.folder))}"]
        names = user(shop, folder / "home").items()
        lines += [f"export {name}={shlex.quote(value)}" for name, value in names if name != "HOME"]
        text = "\n".join(["In another terminal:", "", *(f"    {line}" for line in lines), "    snap log"])
        app.emit(text, {"folder": str(folder), "environment": dict(names)})
        app.note("\nthe servers run until Ctrl-C")
        try:
            signal.pause()
        except KeyboardInterrupt:
            app.note("stopping them")
    return Exit.DONE
