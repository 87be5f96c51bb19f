"""Schemas and documentation say what the code does."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import click
import msgspec
import pytest

from snapstore import config, schemas
from snapstore.cli import COMMANDS
from snapstore.config import notifying, preflight, tables, watching
from snapstore.errors import Exit
from snapstore.model import HazardName
from tests.conftest import Snap

DOCS = Path(__file__).parent.parent / "docs"


def test_the_schemas_in_the_repository_are_those_of_the_code(tmp_path: Path):
    written = {path.name: path.read_text() for path in schemas.write(tmp_path)}
    kept = {path.name: path.read_text() for path in schemas.FOLDER.glob("*.schema.json")}
    stale = sorted(name for name in written.keys() | kept.keys() if written.get(name) != kept.get(name))
    assert not stale, "run: python -m snapstore.schemas"


def test_every_reference_inside_a_schema_leads_somewhere():
    for name in schemas.names():
        whole = schemas.schema(name)
        found: list[str] = []

        def visit(part: object, found: list[str] = found) -> None:
            if isinstance(part, dict):
                found += [part["$ref"]] if "$ref" in part else []
                for inner in part.values():
                    visit(inner)
            elif isinstance(part, list):
                for inner in part:
                    visit(inner)

        visit(whole)
        assert not [ref for ref in found if ref.removeprefix("#/$defs/") not in whole["$defs"]], name


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (["init"], "output-init"),
        (["take"], "output-take"),
        (["status"], "output-status"),
        (["diff"], "output-diff"),
        (["log"], "output-log"),
        (["show"], "output-show"),
        (["show", "HEAD:build"], "output-show-folder"),
        (["show", "HEAD:build/files/a.js"], "output-show-file"),
        (["preflight"], "output-preflight"),
        (["rehearse", "HEAD~0"], "output-rehearse"),
        (["restore", "HEAD~0", "--yes"], "output-restore"),
        (["doctor"], "output-doctor"),
        (["gc", "--archive"], "output-gc"),
        (["gc"], "output-gc"),
        (["show", "--archive"], "output-show-archive"),
        (["adapters"], "output-adapters"),
        (["diff", "nope"], "output-error"),
    ],
)
def test_what_a_command_prints_has_the_shape_of_its_schema(snap: Snap, words: list[str], name: str):
    snap.configure('[resources.build]\nadapter = "files"\npath = "dist"\n')
    (snap.root / "dist").mkdir()
    (snap.root / "dist" / "a.js").write_text("one\n")
    snap("take", code=0)
    (snap.root / "dist" / "a.js").write_text("two\n")
    printed = snap(*words, "--json").json
    wanted = schemas.OUTPUTS[name]
    assert msgspec.to_builtins(msgspec.convert(printed, wanted)) == printed


def test_the_command_line_is_documented_whole():
    text = (DOCS / "cli.md").read_text()
    for name in (name for section in COMMANDS.values() for name in section if name != "demo"):
        assert f"snap {name}" in text
        command: click.Command = importlib.import_module(f"snapstore.commands.{name}").command
        options = [word for param in command.params if isinstance(param, click.Option) for word in param.opts]
        assert not [word for word in options if word.startswith("--") and f"{word}" not in text], name
    assert not [code for code in Exit if f"| {code.value} |" not in text]


def test_the_configuration_is_documented_whole():
    text = (DOCS / "configuration.md").read_text()
    known = (
        tables.FileTable,
        tables.StoreTable,
        tables.ResourceTable,
        tables.HooksTable,
        tables.HookTable,
        tables.ReviewTable,
        tables.ReportTable,
        tables.RestoreTable,
        preflight.PreflightTable,
        preflight.BackupTable,
        watching.WatchTable,
        watching.PrometheusTable,
        watching.MetricTable,
        notifying.NotifyTable,
        notifying.RecipientTable,
        notifying.ContactTable,
    )
    keys = [field.encode_name for table in known for field in msgspec.structs.fields(table)]
    assert not [key for key in keys if f"`{key}`" not in text and f"`[{key}" not in text]
    assert not [name for name in HazardName if f"`{name}`" not in text]


def test_every_check_of_the_checklist_is_documented():
    text = (DOCS / "preflight.md").read_text()
    assert [check for check in preflight.Check if f"| `{check}` |" not in text] == []


@pytest.mark.skipif("postgres" not in schemas.usable(), reason="the example has a database")
def test_the_example_of_the_documentation_is_a_valid_configuration(tmp_path: Path):
    text = (DOCS / "configuration.md").read_text().partition("```toml\n")[2].partition("```")[0]
    path = tmp_path / "snapstore.toml"
    path.write_text(text)
    found = config.load(path, {"DATABASE_URL": "postgresql://localhost/shop"})
    assert list(found.resources) == ["db", "env", "build"]


def test_the_config_schema_knows_every_setting_of_every_adapter():
    tables = schemas.schema("config")["$defs"]["ResourceTable"]["oneOf"]
    known = {table["properties"]["adapter"]["const"]: set(table["properties"]) for table in tables}
    assert {"adapter", "depends_on", "path"} <= known["files"]
    assert json.dumps(tables)
