"""The page that maps rollback procedures to commands names commands and tests that exist, for every line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from snapstore.cli import COMMANDS

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "brief-coverage.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| line")
]
KNOWN = {name for section in COMMANDS.values() for name in section}


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_line_has_a_command_and_a_test_that_exist(row: list[str]) -> None:
    _, now, tests = row
    commands = re.findall(r"`snap (\w+)", now)
    assert commands
    assert set(commands) <= KNOWN
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
    assert named
    for path, name in named:
        assert re.search(rf"def {name}\(", (ROOT / path).read_text("utf-8")), f"{path}::{name}"


def test_options_that_it_names_are_those_of_their_commands() -> None:
    import importlib

    for name, words in re.findall(r"`snap (\w+)([^`]*)`", PAGE):
        command = importlib.import_module(f"snapstore.commands.{name}").command
        known = {word for param in command.params for word in param.opts}
        assert {word for word in words.split() if word.startswith("--")} <= known, name


def test_no_section_of_the_page_is_lost() -> None:
    assert len(ROWS) >= 45
