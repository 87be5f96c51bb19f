"""Entry points are found without importlib.metadata, and are the same."""

from __future__ import annotations

import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from snapstore.installed import entry_points


def _package(folder: Path, entries: str, suffix: str = "dist-info", name: str = "thing") -> None:
    info = folder / f"{name}-1.0.{suffix}"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)


def test_every_group_of_what_is_installed_here_is_read_as_importlib_reads_it() -> None:
    groups = metadata.entry_points().groups
    assert "snapstore.adapters" in groups
    for group in groups:
        points = metadata.entry_points(group=group)
        assert entry_points(group) == {point.name: point.value.partition("[")[0].strip() for point in points}


@pytest.mark.parametrize("suffix", ["dist-info", "egg-info"])
def test_comments_extras_and_other_groups_are_no_part_of_a_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    _package(tmp_path, "[other]\nb = c:d\n[our.group]\n# a = no\n a.b = pkg.mod:attr [extra]\n\n", suffix)
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "missing")])
    assert entry_points("our.group") == {"a.b": "pkg.mod:attr"}


def test_the_first_folder_of_the_path_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _package(tmp_path / "first", "[our.group]\na = one:x\n")
    _package(tmp_path / "second", "[our.group]\na = two:x\nhidden = two:y\n")
    _package(tmp_path / "second", "[our.group]\na = three:x\nb = three:y\n", name="other.thing")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "first"), str(tmp_path / "second")])
    assert entry_points("our.group") == {"a": "one:x", "b": "three:y"}


def test_a_package_in_a_zip_file_is_found_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _package(tmp_path, "[our.group]\na = zipped:x\n")
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for path in (tmp_path / "thing-1.0.dist-info").iterdir():
            out.write(path, f"thing-1.0.dist-info/{path.name}")
    monkeypatch.setattr(sys, "path", [str(archive)])
    assert entry_points("our.group") == {"a": "zipped:x"}
