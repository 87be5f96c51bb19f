"""A folder on a disk, for tests to which it matters what a file system keeps of files and their stamps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    with TemporaryDirectory(prefix="snap-test-", ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()
