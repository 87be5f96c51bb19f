"""A place with toy systems, a store, and what tests do with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from snapstore import adapter as adapters
from snapstore.config import Config
from snapstore.model import Plan, PlanOptions, Scope
from snapstore.restore import restore
from snapstore.restored import RestoreResult
from snapstore.take import take
from snapstore.workspace import Workspace, open_workspace
from tests.engine import toys


@dataclass(frozen=True)
class Place:
    """A folder with toys: ``set`` and ``get`` are the live systems seen from outside."""

    config: Config

    @property
    def root(self) -> Path:
        return self.config.root

    @property
    def ws(self) -> Workspace:
        return open_workspace(self.config, create=True)

    def put(self, resource: str, facts: dict[str, Any], texts: dict[str, str] | None = None) -> None:
        """Facts are attributes, or where they have more than that, ``{"attrs": …, "needs": […]}``."""
        entries = {identity: toys.entry_of(value) for identity, value in facts.items()}
        toys.save(self.root / f"{resource}.json", toys.System(entries, texts or {}))

    def get(self, resource: str) -> toys.System:
        return toys.load(self.root / f"{resource}.json")

    def everything(self) -> dict[str, toys.System]:
        return {name: self.get(name) for name in self.config.resources}

    def take(self, message: str = "state") -> str:
        return take(self.ws, message).commit

    def restore(self, revision: str, *patterns: str, **options: Any) -> RestoreResult:
        options = {"allow": (), "confirm": None, **options}
        return restore(self.ws, revision, Scope(patterns), PlanOptions(), **options)

    def with_config(self, **changes: Any) -> Place:
        return Place(msgspec.structs.replace(self.config, **changes))


def change_everything(place: Place) -> tuple[str, str]:
    """Two commits: an old state, and the live one, in which every kind of change has happened."""
    place.put("db", {"t:a": {"x": 1}, "t:b": {"attrs": {"y": 1}, "needs": ["t:a"]}}, {"one": "1"})
    place.put("web", {"v:x": {"n": 1}}, {"a/b": "old", "a/gone": "soon"})
    old = place.take("old")
    place.put("db", {"t:c": {"x": 1}, "t:b": {"attrs": {"y": 2}, "needs": ["t:c"]}}, {"one": "2"})
    place.put("web", {"v:x": {"n": 2}}, {"a/b": "new", "c": "come"})
    return old, place.take("new")


def yes(plan: Plan) -> bool:
    return True


@pytest.fixture
def new_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Place]:
    """Makes a place: names of resources to adapters, and fields of the configuration."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(toys, "faults", toys.Faults())
    monkeypatch.setattr(adapters, "load", toys.ADAPTERS.__getitem__)

    def make(kinds: dict[str, str] | None = None, **changes: Any) -> Place:
        place = Place(toys.config(tmp_path, kinds or {"db": "ledger", "web": "shelf"}, **changes))
        for name in place.config.resources:
            place.put(name, {})
        return place

    return make


@pytest.fixture
def place(new_place: Callable[..., Place]) -> Place:
    """One resource of each kind, holding nothing."""
    return new_place()


@pytest.fixture
def faults(place: Place) -> toys.Faults:
    return toys.faults
