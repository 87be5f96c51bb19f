"""What Cloudflare publishes of its interface, as the types of its own library: they check what is sent.

That library is large, so no install brings it: .ci/run puts it beside the others, or
``SNAPSTORE_TEST_CLOUDFLARE`` says where it is.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(
    os.environ.get("SNAPSTORE_TEST_CLOUDFLARE", Path(__file__).parent.parent / ".venv" / "cloudflare")
)


class Library:
    """The types of ``cloudflare.types``. Parts that are not documented are refused."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        if not (FOLDER / "cloudflare").is_dir():
            pytest.skip("needs Cloudflare's library")
        monkeypatch.setattr(sys, "path", [*sys.path, str(FOLDER)])
        self._adapter = import_module("pydantic").TypeAdapter

    def checking(self, module: str, name: str) -> Any:
        """What checks a value: its ``validate_python`` raises ValueError for one that is otherwise."""
        found = import_module(f"cloudflare.types.{module}")
        place = found.__name__.rpartition(".")[0] + "."
        for other in [one for known, one in sys.modules.items() if known.startswith(place)]:
            _check_strictly(other)
        return self._adapter(getattr(found, name))


def _check_strictly(module: Any) -> None:
    for one in vars(module).values():
        if isinstance(one, type) and hasattr(one, "__total__"):
            setattr(one, "__pydantic_config__", {"extra": "forbid"})  # noqa: B010
    for lazy in ("Iterable", "SequenceNotStr"):
        if hasattr(module, lazy):
            setattr(module, lazy, list)  # what is in them is looked at, too
