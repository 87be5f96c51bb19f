"""``snap adapters``: what is installed."""

from __future__ import annotations

import click

from snapstore import adapter as adapters
from snapstore.app import App
from snapstore.errors import SnapError
from snapstore.render.documents import AdapterDocument, AdaptersDocument
from snapstore.render.style import BOLD, HAZARD, paint


@click.command("adapters")
@click.pass_obj
def command(app: App) -> None:
    """List the installed adapters, and why one of them cannot be used."""
    found = [_described(name) for name in adapters.names()]
    app.emit(lambda: _text(found), AdaptersDocument(found))


def _described(name: str) -> AdapterDocument:
    try:
        return AdapterDocument(name, adapters.load(name).summary, "")
    except SnapError as error:
        return AdapterDocument(name, "", str(error))


def _text(found: list[AdapterDocument]) -> str:
    if not found:
        return "no adapter is installed; try: pip install 'snapstore[all]'"
    width = max(len(adapter.name) for adapter in found)
    return "\n".join(
        f"{paint(f'{adapter.name:<{width}}', BOLD)}  {adapter.summary or paint(adapter.problem, HAZARD)}"
        for adapter in found
    )
