"""``snap show``: a snapshot, or one document, file or folder of it."""

from __future__ import annotations

import base64
import json
import re
import sys
from contextlib import closing
from functools import partial

import click

from snapstore import deploys
from snapstore.app import App
from snapstore.errors import SnapError
from snapstore.facts import Facts
from snapstore.model import EVERYTHING
from snapstore.nearest import did_you_mean
from snapstore.render import documents, snapshots
from snapstore.render.style import name
from snapstore.render.values import masked, size
from snapstore.snapshot import ATTRIBUTES, FILES, TREE_MODE, Objects, Snapshot, TreeEntry, facts, resources
from snapstore.take import LIVE, snapshot_of
from snapstore.workspace import Workspace

_PIECE = 1 << 20
_OBJECT = re.compile(r"((?:[^:{]|\{[^}]*\}?)*)(?::(.*))?", re.DOTALL)


@click.command("show")
@click.argument("what", default="HEAD", metavar="[REVISION[:PATH]]")
@click.option(
    "--as", "form", metavar="FORM", help="Write it in another format that its adapter knows, such as zone."
)
@click.option("--zone", "form", flag_value="zone", help="The same as --as zone: a DNS zone as a master file.")
@click.option("--archive", is_flag=True, help="Instead: what restores have put aside in the live systems.")
@click.pass_obj
def command(app: App, what: str, form: str | None, archive: bool) -> None:
    """Show a snapshot, or with a path one of its documents, files or folders. Secrets stay sealed."""
    if archive:
        _archive(app)
        return
    revision, path = split(what)
    ws = app.workspace(live=revision == LIVE)
    with app.working("reading"):
        snapshot = snapshot_of(ws, revision)
    if form is not None:
        _formed(app, snapshot, path or "", form)
        return
    if path is None:
        app.emit(lambda: _whole(ws, snapshot), lambda: documents.snapshot(snapshot))
        return
    entry = find(snapshot, path)
    if entry.mode == TREE_MODE:
        children = snapshot.objects.tree(entry.oid)
        app.emit("\n".join(_listed(child) for child in children), documents.folder(path, children))
    elif is_document(path):
        value = masked(json.loads(snapshot.objects.blob(entry.oid)))
        app.emit(json.dumps(value, indent=2, ensure_ascii=False), value)
    else:
        _file(app, path, entry, snapshot.objects)


def _formed(app: App, snapshot: Snapshot, path: str, form: str) -> None:
    """What the adapter of the resource that a path is in makes of it."""
    from snapstore import adapter as adapters

    name, _, inside = path.strip("/").partition("/")
    known = resources(snapshot)
    if name not in known:
        fix = did_you_mean(name, known, "resources")
        raise SnapError(f"--as needs REVISION:RESOURCE/PATH, and {name!r} is no resource", fix=fix)
    forms = adapters.load(known[name].adapter).forms
    if form not in forms:
        fix = f"its forms: {', '.join(sorted(forms))}" if forms else "leave out --as"
        raise SnapError(f"nothing in {name} can be written as {form!r}", where=path, fix=fix)
    text = forms[form](inside, Facts(facts(snapshot, name)), snapshot.hints.get(name, {}))
    content = base64.b64encode(text.encode()).decode()
    app.emit(text, {"path": path, "mode": "100644", "size": len(text.encode()), "base64": content})


def _archive(app: App) -> None:
    from snapstore.archive import kept
    from snapstore.render.archive import listed

    with app.working("reading the archives"):
        found = kept(app.workspace(), EVERYTHING)
    app.emit(lambda: listed(found) or "the archive is empty", documents.ArchiveDocument(found))


def split(what: str) -> tuple[str, str | None]:
    """``REVISION:PATH``; a colon inside ``@{…}`` belongs to the revision."""
    found = _OBJECT.fullmatch(what)
    if found is None:
        return what, None
    return found[1] or "HEAD", found[2]


def find(snapshot: Snapshot, path: str) -> TreeEntry:
    """The entry at a path. SnapError that names the nearest one when it is not there."""
    entry = TreeEntry("", TREE_MODE, snapshot.tree)
    parts = [part for part in path.split("/") if part]
    for depth, part in enumerate(parts):
        children = (
            {child.name: child for child in snapshot.objects.tree(entry.oid)} if _is_tree(entry) else {}
        )
        if part not in children:
            above = "/".join(parts[:depth])
            raise SnapError(
                f"there is no {part!r} in {above or 'the snapshot'}",
                where=f"{(snapshot.commit or LIVE)[:10]}:{path}",
                fix=did_you_mean(part, children, "entries") if len(children) < 50 else "",
            )
        entry = children[part]
    return entry


def is_document(path: str) -> bool:
    """Whether a path is a structured document: everything of a resource that is not below its files."""
    parts = [part for part in path.split("/") if part]
    return len(parts) > 1 and parts[1] not in (FILES, ATTRIBUTES)


def _is_tree(entry: TreeEntry) -> bool:
    return entry.mode == TREE_MODE


def _whole(ws: Workspace, snapshot: Snapshot) -> str:
    head = ""
    if snapshot.commit:
        info = next(iter(ws.store.log(snapshot.commit, 1)))
        head = snapshots.entry(info, deploys.of(snapshot)) + "\n"
    return head + snapshots.contents(snapshot)


def _listed(entry: TreeEntry) -> str:
    return name(entry.name) + ("/" if _is_tree(entry) else "")


def _file(app: App, path: str, entry: TreeEntry, objects: Objects) -> None:
    """Content as it is, byte for byte, unless it goes to a terminal or into JSON."""
    if not app.json and not sys.stdout.isatty():
        with closing(objects.open_blob(entry.oid)) as content:
            for piece in iter(partial(content.read, _PIECE), b""):
                app.write_bytes(piece)
        return
    data = objects.blob(entry.oid)
    if app.json:
        encoded = base64.b64encode(data).decode()
        app.emit("", {"path": path, "mode": f"{entry.mode:o}", "size": len(data), "base64": encoded})
    elif b"\0" in data:
        app.emit(f"a binary file of {size(len(data))}; redirect the output to keep it", None)
    else:
        app.emit(data.decode("utf-8", "surrogateescape"), None)
