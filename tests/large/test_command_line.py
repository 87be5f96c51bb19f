"""Large files through the command line: taken, compared, restored, shared."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from snapstore.large import LargeSettings
from tests.conftest import Snap
from tests.review.servers import over_http, repository

CONFIG = """
[large_files]
limit = "100kB"

[resources.build]
adapter = "files"
path = "build"
"""
OLD, NEW = (random.Random(n).randbytes(300_000) for n in (1, 2))


@pytest.fixture
def project(snap: Snap) -> Snap:
    snap.configure(CONFIG)
    (snap.root / "build").mkdir()
    write(snap, OLD)
    return snap


def write(snap: Snap, content: bytes) -> None:
    (snap.root / "build/video.bin").write_bytes(content)
    (snap.root / "build/app.js").write_text(f"// {len(content)}\n")


def read(snap: Snap) -> bytes:
    return (snap.root / "build/video.bin").read_bytes()


def objects(folder: Path) -> list[Path]:
    return [path for path in (folder / "lfs/objects").rglob("*") if path.is_file()]


def test_take_diff_restore_and_undo(project: Snap) -> None:
    project("take", code=0)
    write(project, NEW + b"more")
    assert "~ video.bin  300.0 kB → 300.0 kB" in project("diff", code=0).stdout
    project("take", code=0)
    assert len(objects(project.root / "snapshots")) == 2
    project("restore", "HEAD~1", "--yes", code=0)
    assert read(project) == OLD
    project("undo", "--yes", code=0)
    assert read(project) == NEW + b"more"
    project("doctor", code=0)


def test_what_was_restored_is_taken_as_if_it_had_been_read(project: Snap) -> None:
    """Also under a limit that has become lower since."""
    project.configure(CONFIG.replace("100kB", "off"))
    below = project.root / "build/below"
    below.mkdir()
    for number in range(60):
        (below / f"{number}.js").write_text(f"// {number}\n")
    (below / "video.bin").write_bytes(NEW)
    project("take", code=0)
    shutil.rmtree(below)
    project.configure(CONFIG)
    project("restore", "HEAD", "--yes", code=4)
    trees = [json.loads(project("take", "--json", code=0).stdout)["tree"]]
    shutil.rmtree(project.root / "snapshots/snapstore/stat")
    trees.append(json.loads(project("take", "--json", code=0).stdout)["tree"])
    assert trees[0] == trees[1]


@pytest.fixture(params=["folder", "http"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, dict[str, str], Path]]:
    if request.param == "folder":
        path = repository(tmp_path / "remote.git")
        yield str(path), {}, path / "lfs"
        return
    (tmp_path / "served").mkdir()
    with over_http(tmp_path / "served") as served:
        yield served.url, served.env, tmp_path / "served/large"


def test_another_machine_gets_them_with_the_snapshots(
    project: Snap, remote: tuple[str, dict[str, str], Path]
) -> None:
    url, env, place = remote
    project.env.update(env)
    project.configure(f'[store]\nremote = "{url}"\n{CONFIG}')
    project("take", code=0)
    project("push", code=0)
    assert len([path for path in place.rglob("*") if path.is_file()]) == 1
    shutil.rmtree(project.root / "snapshots")
    shutil.rmtree(project.root / "build")
    project("pull", code=0)
    project("restore", "HEAD", "--yes", code=0)
    assert read(project) == OLD
    project("doctor", code=0)


def test_a_restore_stops_before_it_changes_anything_where_one_is_missing(project: Snap) -> None:
    project("take", code=0)
    write(project, NEW)
    (project.root / "build/app.js").write_text("// changed by hand\n")
    shutil.rmtree(project.root / "snapshots/lfs")
    done = project("restore", "HEAD", "--yes", code=1)
    assert "nothing was changed: build:video.bin" in done.stderr and "snap pull" in done.stderr
    assert "Traceback" not in done.stderr
    assert "needed by refs/heads/main" in project("doctor", code=1).stdout
    assert (project.root / "build/app.js").read_text() == "// changed by hand\n"
    assert "no restore was interrupted" in project("restore", "--resume", code=1).stderr
    project("restore", "HEAD", "--yes", "--only", "build:app.js", code=0)
    assert (read(project), (project.root / "build/app.js").read_text()) == (NEW, "// 300000\n")


def test_a_remote_that_has_lost_one_is_named(project: Snap, remote: tuple[str, dict[str, str], Path]) -> None:
    url, env, place = remote
    project.env.update(env)
    project.configure(f'[store]\nremote = "{url}"\n{CONFIG}')
    project("take", code=0)
    project("push", code=0)
    shutil.rmtree(place)
    shutil.rmtree(project.root / "snapshots")
    done = project("pull", code=1)
    assert "the large file" in done.stderr and "Traceback" not in done.stderr


def test_a_team_shares_them_in_a_bucket(project: Snap, bucket: LargeSettings, tmp_path: Path) -> None:
    path = repository(tmp_path / "remote.git")
    options = bucket.options
    table = f'''url = "{bucket.url}"
options = {{ endpoint = "{options["endpoint"]}", region = "{options["region"]}" }}'''
    project.env.update(
        AWS_ACCESS_KEY_ID=os.environ["AWS_ACCESS_KEY_ID"], AWS_SECRET_ACCESS_KEY="canary-secret"
    )
    project.configure(
        f'[store]\nremote = "{path}"\n{CONFIG.replace("[resources", table + chr(10) + "[resources")}'
    )
    project("take", code=0)
    assert objects(project.root / "snapshots") == []
    project("push", code=0)
    shutil.rmtree(project.root / "snapshots")
    project("pull", code=0)
    write(project, NEW)
    project("restore", "HEAD", "--yes", code=0)
    assert read(project) == OLD
    assert "well" in project("doctor", code=0).stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('limit = "lots"', "`large_files.limit` is no size"),
        ('url = "somewhere"', "`large_files.url` is no URL"),
        ('url = "xx://bucket"', "large files cannot be reached"),
        ('url = "s3://bucket/x"\noptions = { bogus = "1" }', "large files cannot be reached"),
    ],
)
def test_a_mistake_in_the_configuration_is_told(project: Snap, line: str, said: str) -> None:
    project.configure(
        CONFIG.replace('limit = "100kB"', line if "limit" in line else f'limit = "100kB"\n{line}')
    )
    done = project("take", code=1)
    assert said in done.stderr and "Traceback" not in done.stderr


GIGABYTES = int(os.environ.get("SNAPSTORE_LARGE_GB", "0"))
# Started by a small process: what a copy of this one held before it became the command would be counted, too.
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(used.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peak(project: Snap, *words: str) -> int:
    """Kilobytes of memory that the command held at most."""
    command = [sys.executable, "-c", MEASURE, *project.command(*words)]
    done = subprocess.run(
        command, cwd=project.root, env=project.environment(), stdout=subprocess.PIPE, check=True
    )
    return int(done.stdout)


def test_memory_is_bounded_whatever_the_size(project: Snap, bucket: LargeSettings) -> None:
    """Ten files for each gigabyte, one at least; of five contents, which the S3 server has to hold."""
    options = bucket.options
    table = f'''[large_files]
url = "{bucket.url}"
options = {{ endpoint = "{options["endpoint"]}", region = "{options["region"]}" }}'''
    project.env.update(AWS_ACCESS_KEY_ID="id", AWS_SECRET_ACCESS_KEY="canary-secret")
    project.configure(CONFIG.replace('[large_files]\nlimit = "100kB"', table))
    (project.root / "build/video.bin").unlink()
    files = max(10 * GIGABYTES, 1)
    for number in range(files):
        with (project.root / f"build/{number}.bin").open("wb") as file:
            file.write(random.Random(number % 5).randbytes(1000))
            file.truncate(100_000_000)
    peaks = [peak(project, "take")]
    shutil.rmtree(project.root / "build")
    peaks.append(peak(project, "restore", "HEAD", "--yes"))
    sizes = [path.stat().st_size for path in (project.root / "build").glob("*.bin")]
    assert sizes == files * [100_000_000]
    peaks.append(peak(project, "doctor"))
    assert max(peaks) < 150_000


def test_off_keeps_all_in_git(project: Snap) -> None:
    project.configure(CONFIG.replace("100kB", "off"))
    project("take", code=0)
    assert objects(project.root / "snapshots") == []
