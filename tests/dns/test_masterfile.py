"""Zones in master files: read as a name server reads them, and written so that it reads them as they were."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from snapstore.errors import SnapError
from snapstore.snapshot import facts
from snapstore_dns.masterfile import _Files
from tests.dns import servers
from tests.dns.conftest import ZONE
from tests.dns.conftest import settings as of_server
from tests.dns.test_restoring import EVERYTHING
from tests.project import Project, goes_and_comes, project, well

KEY = "@ 300 DNSKEY 257 3 13 AQIDBA==\n"
WHOLE = servers.START + "".join(f"{line}\n" for line in EVERYTHING) + KEY
OTHER = f"""
$TTL 60
@ 300 SOA ns2 root ( 41 ; counts
  1 2 3 4 )
@ NS ns2
@ MX 10 mail
$GENERATE 1-3 ns$ A 192.0.2.$
mail A 192.0.2.25 ; one of two is gone
www A 192.0.2.7
$INCLUDE included.zone
{KEY}"""
SIGNED = "@ 300 RRSIG A 13 2 300 20300101000000 20200101000000 1 example.com. AQIDBA==\n"


def settings(folder: Path) -> str:
    path = folder / "{zone}.zone"
    return (
        f'[resources.dns]\nadapter = "dns"\nprovider = "masterfile"\nserver = "{path}"\nzones = ["{ZONE}"]\n'
    )


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)  # which what is included is relative to, as it is for a name server
    (tmp_path / "included.zone").write_text("included TXT x\n")
    found = tmp_path / f"{ZONE}.zone"
    found.write_text(WHOLE)
    return found


@pytest.fixture
def place(file: Path, tmp_path: Path) -> Project:
    return project(tmp_path / "project", settings(tmp_path))


def served(file: Path) -> set[str]:
    """What BIND makes of a file, but for the serial."""
    words = ["named-compilezone", "-i", "none", "-k", "ignore", "-f", "text", "-F", "text", "-o", "-"]
    done = subprocess.run([*words, ZONE, str(file)], capture_output=True, text=True, check=True)
    found = [line.split(maxsplit=4) for line in done.stdout.splitlines() if line[:1] not in ("", ";")]
    return {servers._line(name, ttl, kind, rdata) for name, ttl, _, kind, rdata in found}


def test_it_reads_what_a_server_that_loads_it_gives_away(place: Project, file: Path, tmp_path: Path):
    taken = facts(place.ws.store.snapshot(place.take().commit), "dns")
    with servers.running("bind", tmp_path / "server", {ZONE: WHOLE}) as server:
        other = project(tmp_path / "other", of_server(server.address))
        given = facts(other.ws.store.snapshot(other.take().commit), "dns")
    assert taken == given


def test_what_changed_comes_back_and_goes_again(place: Project, file: Path):
    servers.program("bind")
    file.chmod(0o640)
    goes_and_comes(place, lambda: served(file), lambda: file.write_text(OTHER))
    assert file.stat().st_mode & 0o777 == 0o640
    assert " 43 1 2 3 4" in file.read_text()


def test_what_somebody_else_changes_meanwhile_is_left_alone(
    place: Project, file: Path, monkeypatch: pytest.MonkeyPatch
):
    taken = place.take()
    file.write_text(OTHER)
    whole = _Files.write

    def write(self: _Files, *words: object) -> None:
        file.write_text(f"{OTHER}www A 192.0.2.8\n")
        whole(self, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(_Files, "write", write)
    done = place.restore(taken.commit)
    assert "changed by somebody else" in str(done.outcomes[0].error)
    assert "192.0.2.8" in file.read_text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read as the master file of example.com: No such file"),
        ("@ 60 SOA\n", "cannot be read as the master file of example.com: "),
        ("www 60 A 192.0.2.1\n", "no SOA of example.com"),
    ],
)
def test_a_file_that_is_none_is_one_clear_message(
    place: Project, file: Path, content: str | None, words: str
):
    file.unlink()
    if content is not None:
        file.write_text(content)
    with pytest.raises(SnapError, match=words):
        place.take()


@pytest.mark.parametrize(("old", "new"), [("/", "./"), ("{zone}.zone", "zone")])
def test_a_place_that_is_not_one_for_each_zone_is_refused(file: Path, tmp_path: Path, old: str, new: str):
    text = settings(tmp_path).replace(old, new, 1).replace(f'["{ZONE}"]', f'["{ZONE}", "example.net"]')
    with pytest.raises(SnapError, match="does not say where the master files are"):
        project(tmp_path / "project", text).take()


def test_a_signed_file_is_not_written(place: Project, file: Path):
    taken = place.take()
    file.write_text(OTHER + SIGNED)
    done = place.restore(taken.commit)
    assert "is signed" in str(done.outcomes[0].error)
    assert file.read_text() == OTHER + SIGNED
    file.write_text(OTHER)
    well(place.resume())
