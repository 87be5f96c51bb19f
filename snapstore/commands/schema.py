"""``snap schema``: the JSON Schema of a format."""

from __future__ import annotations

import click

from snapstore import schemas
from snapstore.app import App
from snapstore.errors import SnapError
from snapstore.nearest import did_you_mean


@click.command("schema")
@click.argument("name", required=False)
@click.pass_obj
def command(app: App, name: str | None) -> None:
    """Print the JSON Schema NAME, or without one list those there are."""
    known = schemas.names()
    if name is None:
        app.emit("\n".join(known), {"schemas": known})
        return
    if name not in known:
        raise SnapError(f"no schema is named {name!r}", fix=did_you_mean(name, known, "schemas"))
    app.emit(lambda: schemas.text(name), lambda: schemas.schema(name))
