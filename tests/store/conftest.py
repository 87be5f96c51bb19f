from __future__ import annotations

from pathlib import Path

import pytest

from snapstore.store import Store, create
from tests.disk import tmp_path
from tests.store.making import IDENTITY

__all__ = ["tmp_path"]


@pytest.fixture(autouse=True)
def _identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return create(tmp_path / "store")
