"""Adapters are plug-ins: the core works with none of them, and with one that somebody else has written.

The core is installed alone here: a copy of its package with metadata that registers no adapter. It comes
first on the path, so that it hides the metadata of the development install, and without ``site`` none of
the adapters of this project can be imported. What it depends on is there.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import sys
import sysconfig
import tomllib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

import snapstore
from snapstore.cli import COMMANDS
from tests.conftest import Snap

WRITING = Path(__file__).parent.parent / "docs" / "adapters" / "writing.md"


@dataclass
class Bare(Snap):
    """``snap`` from the packages in ``site`` and nothing else of this project."""

    site: Path = Path()

    def environment(self) -> dict[str, str]:
        paths = [self.site, sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
        return {**super().environment(), "PYTHONPATH": os.pathsep.join(map(str, paths))}

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-S", "-m", "snapstore", *words]


@pytest.fixture
def core(snap: Snap, tmp_path: Path) -> Bare:
    """The core, installed without any adapter."""
    site = tmp_path / "site"
    package = Path(snapstore.__file__).parent
    shutil.copytree(package, site / "snapstore", ignore=shutil.ignore_patterns("__pycache__"))
    register(site, "snapstore", snapstore.__version__, {})
    return Bare(snap.root, snap.home, site=site)


def register(site: Path, name: str, version: str, points: dict[str, str]) -> None:
    """What an installer leaves beside a package."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = ["[snapstore.adapters]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def flags(core: Bare) -> Bare:
    """The adapter of docs/adapters/writing.md installed beside the core, and a database for it."""
    blocks = dict(re.findall(r"^```(toml|python)\n(.*?)^```$", WRITING.read_text(), re.M | re.S))
    project = tomllib.loads(blocks["toml"])["project"]
    register(core.site, project["name"], project["version"], project["entry-points"]["snapstore.adapters"])
    (core.site / "snapstore_flags.py").write_text(blocks["python"])
    run_sql(
        core,
        "CREATE TABLE flags (name text PRIMARY KEY, value text)",
        "INSERT INTO flags VALUES ('beta', 'off'), ('search', 'new')",
    )
    return core


def run_sql(snap: Snap, *statements: str) -> None:
    with closing(sqlite3.connect(snap.root / "flags.db")) as database, database:
        for statement in statements:
            database.execute(statement)


def rows(snap: Snap) -> dict[str, str]:
    with closing(sqlite3.connect(snap.root / "flags.db")) as database:
        return dict(database.execute("SELECT name, value FROM flags").fetchall())


def change(snap: Snap) -> None:
    run_sql(
        snap,
        "UPDATE flags SET value = 'on' WHERE name = 'beta'",
        "DELETE FROM flags WHERE name = 'search'",
        "INSERT INTO flags VALUES ('dark', 'on')",
    )


BEFORE = {"beta": "off", "search": "new"}
AFTER = {"beta": "on", "dark": "on"}


def test_without_any_adapter_the_core_says_so_and_how_to_get_them(core: Bare):
    assert core("adapters", "--json", code=0).json == {"adapters": []}
    assert "pip install 'snapstore[all]'" in core("adapters", code=0).stdout
    core.configure('[resources.web]\nadapter = "files"\npath = "."\n')
    for words in (["take"], ["init"], ["status"], ["plan", "HEAD"]):
        refused = core(*words, code=1)
        assert "no adapter named 'files'" in refused.stderr
    assert not (core.root / "snapshots").exists()


def test_without_any_adapter_every_command_and_schema_is_there(core: Bare):
    for name in core("schema", "--json", code=0).json["schemas"]:
        core("schema", name, code=0)
    for section in COMMANDS.values():
        for name in section:
            core(name, "--help", code=0)
    assert "found nothing" in core("init", code=0).stdout


def test_without_its_adapter_a_store_can_still_be_read(flags: Bare):
    flags("init", code=0)
    flags("take", "-m", "first", code=0)
    change(flags)
    flags("take", "-m", "second", code=0)
    (flags.site / "snapstore_flags.py").unlink()
    (flags.site / "snapstore_flags-0.1.dist-info" / "entry_points.txt").unlink()
    assert flags("adapters", "--json", code=0).json == {"adapters": []}
    assert flags("log", "--oneline", code=0).stdout.count("\n") == 2
    assert "value: off → on" in flags("diff", "HEAD~1", "HEAD", code=0).stdout
    assert "beta" in flags("show", "HEAD:flags/flags.json", code=0).stdout
    flags.configure("")
    assert flags("log", "--oneline", code=0).stdout.count("\n") == 2


def test_an_adapter_of_somebody_else_is_found(flags: Bare):
    found = flags("adapters", "--json", code=0).json["adapters"]
    summary = "feature flags in an SQLite database"
    assert found == [{"name": "flags", "summary": summary, "problem": ""}]
    assert flags("init", "--json", code=0).json["resources"] == ["flags"]
    assert "feature flags" in (flags.root / "snapstore.toml").read_text()


def test_an_adapter_of_somebody_else_takes_part_in_everything(flags: Bare):
    flags("init", code=0)
    first = flags("take", "-m", "first", "--json", code=0).json
    change(flags)
    assert flags("status", code=2).stdout
    told = flags("diff", code=0).stdout
    for line in ("~ flag beta", "value: off → on", "- flag search", "+ flag dark"):
        assert line in told
    done = flags("restore", "HEAD", "--yes", "--json", code=0).json
    assert done["verified"]
    assert rows(flags) == BEFORE
    assert flags("take", "--json", code=0).json["tree"] == first["tree"]
    flags("undo", "--yes", code=0)
    assert rows(flags) == AFTER
    flags("restore", "HEAD~1", "--yes", "--only", "flags:beta", code=0)
    assert rows(flags) == {**AFTER, "beta": "off"}


def test_an_unknown_setting_of_an_adapter_of_somebody_else_is_told(flags: Bare):
    flags.configure('[resources.flags]\nadapter = "flags"\npaht = "flags.db"\n')
    refused = flags("take", code=1)
    assert "snapstore.toml:3" in refused.stderr
    assert "path" in refused.stderr


@pytest.mark.parametrize(
    "source", ["import nothing_of_that_name", "adapter = 1", "", "raise RuntimeError('no')", "def broken("]
)
def test_an_adapter_that_cannot_be_loaded_disturbs_nobody_else(flags: Bare, source: str):
    (flags.site / "broken.py").write_text(source)
    register(flags.site, "broken", "1", {"broken": "broken:adapter"})
    listed = {one["name"]: one for one in flags("adapters", "--json", code=0).json["adapters"]}
    assert listed["flags"]["problem"] == ""
    assert "'broken'" in listed["broken"]["problem"]
    flags("init", code=0)
    flags("take", code=0)
    flags.configure('[resources.x]\nadapter = "broken"\n')
    refused = flags("take", code=1)
    assert "internal error" not in refused.stderr
    assert "broken" in refused.stderr
