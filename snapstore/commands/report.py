"""``snap report``: what became of a restore."""

from __future__ import annotations

from pathlib import Path

import click

from snapstore.app import App
from snapstore.render import report as render
from snapstore.reports import writing
from snapstore.reports.story import find, tell


@click.command("report")
@click.argument("restore", default="")
@click.option(
    "--format", "form", type=click.Choice(["markdown", "html"]), help="Default: as the file is called."
)
@click.option("-o", "--output", metavar="FILE", help="Write it there instead of printing it.")
@click.option("--lessons", metavar="FILE", help="Append an entry to this file of lessons learned.")
@click.option("--root-cause", default="", metavar="TEXT", help="What the reason turned out to be.")
@click.pass_obj
def command(
    app: App, restore: str, form: str | None, output: str | None, lessons: str | None, root_cause: str
) -> None:
    """Report on the last restore, or on RESTORE: its number, or the snapshot that it made."""
    ws = app.workspace(live=False)
    story = tell(ws, find(ws, restore), root_cause)
    wanted = form or ("html" if output and output.endswith((".html", ".htm")) else "markdown")
    made = render.html(story) if wanted == "html" else render.markdown(story)
    file = Path(lessons) if lessons else ws.config.root / (ws.config.report.lessons or "")
    if (lessons or ws.config.report.lessons) and writing.learn(story, file):
        app.progress(f"an entry was added to {file}")
    if output:
        writing.put(Path(output), made)
        app.progress(f"the report is {output}")
    app.emit("" if output else made, story)
