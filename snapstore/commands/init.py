"""``snap init``: look around, write a configuration, create the store and the sealing key."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from snapstore import adapter as adapters
from snapstore import config as configuration
from snapstore.adapter import Suggestion
from snapstore.app import App, here
from snapstore.errors import SnapError
from snapstore.render import toml
from snapstore.render.documents import InitDocument
from snapstore.workspace import is_vacant, open_workspace


@click.command("init")
@click.pass_obj
def command(app: App) -> None:
    """Look around, write snapstore.toml (or keep the one that is there), create the store and the key."""
    path = here() / (app.file or configuration.FILE)
    written = not path.exists()
    if written:
        found = discover(path.parent, app.env)
        _write(path, toml.configuration(found))
        if not found:
            text = f"found nothing to take care of; add a resource to {path.name}, then run this again"
            app.emit(text, InitDocument(str(path), True, "", False, []))
            return
    config = configuration.load(path, app.env, live=False)
    _require_adapters(config)
    created = is_vacant(config.store)
    ws = open_workspace(config, create=True)
    for notice in ws.keys.notices:
        app.note(f"{notice.subject}: {notice.text}")
    result = InitDocument(str(path), written, str(config.store), created, sorted(config.resources))
    app.emit(lambda: _text(result), result)


def _require_adapters(config: configuration.Config) -> None:
    """SnapError when a kept configuration has no resource, or one whose adapter is not installed."""
    if not config.resources:
        fix = "add a table such as [resources.env]"
        raise SnapError("no resource is configured", where=str(config.path), fix=fix)
    for resource in config.resources.values():
        adapters.load(resource.adapter)


def discover(root: Path, env: Mapping[str, str]) -> list[tuple[str, Suggestion]]:
    """What the installed adapters would take care of below a folder, each with its adapter's name.

    Resources whose adapters chose the same name are numbered; an adapter that cannot be loaded is left out.
    """
    found: list[tuple[str, Suggestion]] = []
    taken: set[str] = set()
    for adapter in adapters.names():
        for suggestion in _suggested(adapter, root, env):
            name = _free(suggestion.name, taken)
            taken.add(name.casefold())
            settings, comment, group = suggestion.settings, suggestion.comment, suggestion.group
            found.append((adapter, Suggestion(name, settings, comment, group)))
    return found


def _suggested(adapter: str, root: Path, env: Mapping[str, str]) -> list[Suggestion]:
    try:
        return adapters.load(adapter).discover(root, env)
    except SnapError:
        return []


def _free(name: str, taken: set[str]) -> str:
    candidates = (name if number == 1 else f"{name}-{number}" for number in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate.casefold() not in taken)


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        fix = "work in a folder that this user may write to"
        raise SnapError(f"cannot be written: {error.strerror}", where=str(path), fix=fix) from None


def _text(result: InitDocument) -> str:
    names = ", ".join(result.resources)
    lines = [
        f"{'wrote' if result.written else 'kept'} {result.config}: {names}",
        f"{'created' if result.created else 'kept'} the store {result.store}",
    ]
    if result.written or result.created:
        lines.append("look through the configuration, then take the first snapshot: snap take -m 'first'")
    return "\n".join(lines)
