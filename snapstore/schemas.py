"""JSON Schemas of all formats, made from the typed models: ``python -m snapstore.schemas`` writes them.

They are for editors and for other tools; snapstore itself validates with the models.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from snapstore import adapter as adapters
from snapstore import snapshot
from snapstore.config import tables
from snapstore.errors import SnapError
from snapstore.model import SEALED, Plan
from snapstore.notify.sending import Sent
from snapstore.rehearsal.proof import Proof
from snapstore.render import documents, watching
from snapstore.reports.story import Story

DIALECT = "https://json-schema.org/draft/2020-12/schema"
FOLDER = Path(__file__).parent.parent / "schemas"

OUTPUTS: dict[str, type[Any]] = {
    "output-adapters": documents.AdaptersDocument,
    "output-demo": documents.DemoDocument,
    "output-diff": documents.DiffDocument,
    "output-doctor": documents.DoctorDocument,
    "output-gc": documents.GcDocument,
    "output-show-archive": documents.ArchiveDocument,
    "output-error": documents.ErrorDocument,
    "output-init": documents.InitDocument,
    "output-log": documents.LogDocument,
    "output-notify": Sent,
    "output-propose": documents.ProposalDocument,
    "output-pull": documents.SharedDocument,
    "output-push": documents.SharedDocument,
    "output-preflight": documents.PreflightDocument,
    "output-rehearse": documents.RehearseDocument,
    "output-report": Story,
    "output-restore": documents.RestoreDocument,
    "output-show": documents.SnapshotDocument,
    "output-show-file": documents.FileDocument,
    "output-show-folder": documents.FolderDocument,
    "output-status": documents.StatusDocument,
    "output-take": documents.TakeDocument,
    "output-watch": watching.WatchDocument,
}


class FactTable(msgspec.Struct, omit_defaults=True):
    """A fact in a document; its identity is its key."""

    attrs: dict[str, Any] = {}
    needs: list[str] = []
    parent: str | None = None


class DocumentTable(msgspec.Struct):
    """A structured file of a snapshot. A text of many lines is ``{"$text": [lines]}``."""

    facts: dict[str, FactTable]


def names() -> list[str]:
    """Names of all schemas, sorted."""
    return sorted([*_MADE, *OUTPUTS])


def schema(name: str) -> dict[str, Any]:
    """The schema of that name; ``config`` describes the resources of the adapters that are installed."""
    made = _MADE[name]() if name in _MADE else msgspec.json.schema(OUTPUTS[name])
    return {"$schema": DIALECT, "title": f"snapstore {name}", **made}


def text(name: str) -> str:
    """The schema as its file."""
    return json.dumps(schema(name), indent=2, sort_keys=True) + "\n"


def write(folder: Path = FOLDER) -> list[Path]:
    """Write every schema, and remove those that no longer exist."""
    folder.mkdir(exist_ok=True)
    wanted = {folder / f"{name}.schema.json": text(name) for name in names()}
    for path in set(folder.glob("*.schema.json")) - wanted.keys():
        path.unlink()
    for path, content in wanted.items():
        path.write_text(content)
    return list(wanted)


def _config() -> dict[str, Any]:
    """The configuration: a resource is the settings of its adapter and what all resources have."""
    whole = msgspec.json.schema(tables.FileTable)
    definitions = whole["$defs"]
    definitions["ResourceTable"] = {"oneOf": [_resource(name, definitions) for name in usable()]}
    table = definitions["FileTable"]["properties"]["resources"]
    table["additionalProperties"] = {"$ref": "#/$defs/ResourceTable"}
    return whole


def usable() -> list[str]:
    """Names of the adapters that can be loaded."""
    found = []
    for name in adapters.names():
        try:
            adapters.load(name)
        except SnapError:
            continue
        found.append(name)
    return found


def _resource(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """The table of a resource of one adapter; other types its settings use go to ``definitions``."""
    made = msgspec.json.schema(adapters.load(name).settings)
    own = made["$ref"].rpartition("/")[2]
    body = made["$defs"].pop(own)
    definitions.update(made["$defs"])
    common = {
        "adapter": {"const": name},
        "depends_on": {"type": "array", "items": {"type": "string"}, "default": []},
    }
    return {
        "title": f"a resource of the adapter {name}",
        "type": "object",
        "properties": {**common, **body["properties"]},
        "required": ["adapter", *body.get("required", [])],
        "additionalProperties": False,
    }


def _document() -> dict[str, Any]:
    made = msgspec.json.schema(DocumentTable)
    made["$defs"]["sealed"] = {
        "type": "object",
        "properties": {SEALED: {"type": "string"}},
        "required": [SEALED],
        "additionalProperties": False,
    }
    return made


_MADE: dict[str, Callable[[], dict[str, Any]]] = {
    "config": _config,
    "document": _document,
    "rehearsal": lambda: msgspec.json.schema(Proof),
    "plan": lambda: msgspec.json.schema(Plan),
    "snapshot": lambda: msgspec.json.schema(snapshot.Index),
}


if __name__ == "__main__":
    write()
