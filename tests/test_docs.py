"""The documentation: links lead somewhere, each page is in the index, no option and no key is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import msgspec
import pytest

from snapstore import adapter
from snapstore.cli import COMMANDS, cli
from snapstore.config.tables import FileTable

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def links(page: Path) -> list[tuple[Path, str]]:
    """Targets on disk and the headings in them that a page refers to."""
    found = re.findall(r"\]\(([^)\s]+)\)", page.read_text())
    parts = [link.partition("#") for link in found if "://" not in link]
    return [((page.parent / path).resolve() if path else page, heading) for path, _, heading in parts]


def headings(page: Path) -> set[str]:
    """As in the addresses that a forge makes of them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path):
    for target, heading in links(page):
        assert target.exists(), target
        assert not heading or heading in headings(target), (target, heading)


def test_every_page_is_in_the_index():
    listed = {target for target, _ in links(ROOT / "docs" / "README.md")}
    pages = {path for path in ROOT.glob("docs/**/*.md") if path.name != "README.md"}
    assert pages - listed == set()


# Options and keys

COMMON = {"--only", "--group", "--full", "--json", "--help"}
"""Options that the page tells of for all commands at once."""


def options(command: click.Command) -> Iterator[str]:
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            yield from param.opts
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        yield from options(below)


@pytest.mark.parametrize("name", [name for section in COMMANDS.values() for name in section])
def test_every_option_of_a_command_is_on_the_page_where_it_is(name: str):
    page = (ROOT / "docs" / "cli.md").read_text()
    parts = re.findall(rf"^(?:### |\* )[^\n]*`snap {name}\b.*?(?=^(?:#|\* `snap ))", page, re.M | re.S)
    command = cli.get_command(click.Context(cli), name)
    assert command and parts
    for option in {*options(command)} - COMMON:
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", "".join(parts)) or option in ("-y", "-h"), option
    assert all(option in page[: page.index("## Exit codes")] for option in COMMON)


def tables(kind: Any) -> Iterator[str]:
    """The keys of a table of the configuration and of those in it."""
    for field in msgspec.structs.fields(kind) if isinstance(kind, type) else ():
        yield field.encode_name
        for inner in structs(field.type):
            yield from tables(inner)


def structs(kind: Any) -> Iterator[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for inner in get_args(kind):
        yield from structs(inner)


def test_every_key_of_the_configuration_is_on_its_page():
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert [key for key in {*tables(FileTable)} if not re.search(rf"`{key}`|\[{key}|{key} =", page)] == []


@pytest.mark.parametrize("name", sorted(adapter.names()))
def test_every_setting_of_an_adapter_is_on_its_pages(name: str):
    text = "".join(page.read_text() for page in (ROOT / "docs" / "adapters").glob(f"{name}*.md"))
    missing = [field for field in fields(adapter.load(name).settings) if f"`{field}`" not in text]
    assert missing == []


def fields(kind: type) -> list[str]:
    return [field.encode_name for field in msgspec.inspect.type_info(kind).fields]  # type: ignore[attr-defined]


def test_every_file_beside_the_objects_of_a_store_is_on_its_page():
    page = (ROOT / "docs" / "store-format.md").read_text()
    sources = "".join(path.read_text() for path in (ROOT / "snapstore").rglob("*.py"))
    names = set(re.findall(r'workspace\("([\w.]+)"\)', sources))
    assert names and [name for name in names if f"snapstore/{name}" not in page] == []
