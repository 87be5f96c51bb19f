"""A project whose store has a remote, and the ways to reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Snap
from tests.review import servers
from tests.review.forge import REPOSITORY, Forge, running
from tests.review.servers import Served

CONFIG = """
[store]
remote = "{remote}"

[resources.build]
adapter = "files"
path = "dist"

[resources.env]
adapter = "dotenv"
path = ".env"

[groups]
frontend = ["build"]
settings = ["env"]
"""
SECRET = "canary-env-0123456789"


@dataclass(frozen=True)
class Project:
    """``snap`` in a project that has been deployed twice, and the repository that its store is shared with.

    ``old`` is the commit before the second deploy.
    """

    snap: Snap
    served: Served
    old: str

    def deploy(self, text: str) -> None:
        deploy(self.snap, text)


def deploy(snap: Snap, text: str) -> None:
    (snap.root / "dist").mkdir(exist_ok=True)
    (snap.root / "dist" / "app.js").write_text(f"{text}\n")
    (snap.root / ".env").write_text(f"RELEASE={text}\nKEY={SECRET}-{text}\n")


def project(snap: Snap, served: Served) -> Project:
    snap.env.update(served.env)
    snap.configure(CONFIG.format(remote=served.url))
    deploy(snap, "one")
    old = snap("take", "-m", "one", "--json", code=0).json["commit"]
    deploy(snap, "two")
    snap("take", "-m", "two", code=0)
    return Project(snap, served, old)


@contextmanager
def in_folder(folder: Path) -> Iterator[Served]:
    path = servers.repository(folder / "shop.git")
    yield Served(path, str(path))


WAYS = {
    "http": servers.over_http,
    "nginx": servers.over_nginx,
    "ssh": servers.over_ssh,
    "folder": in_folder,
}


@pytest.fixture(params=WAYS)
def anyhow(request: pytest.FixtureRequest, snap: Snap, tmp_path: Path) -> Iterator[Project]:
    """The project with its remote over each way there is."""
    if request.param == "ssh" and servers.SSHD is None:
        pytest.skip("needs sshd")
    if request.param == "nginx" and not (servers.NGINX and servers.FCGIWRAP):
        pytest.skip("needs nginx and fcgiwrap")
    (tmp_path / "remote").mkdir()
    with WAYS[request.param](tmp_path / "remote") as served:
        yield project(snap, served)


@pytest.fixture
def shop(snap: Snap, tmp_path: Path) -> Iterator[Project]:
    """The project with its remote over HTTP."""
    (tmp_path / "remote").mkdir()
    with servers.over_http(tmp_path / "remote") as served:
        yield project(snap, served)


KINDS = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1"}


@contextmanager
def forge_of(project: Project, kind: str) -> Iterator[Forge]:
    with running(kind, project.served) as forge:
        path = project.snap.root / "snapstore.toml"
        lines = [f'forge = "{kind}"', f'api = "{forge.url}{KINDS[kind]}"', f'repository = "{REPOSITORY}"']
        path.write_text(path.read_text() + "\n".join(["", "[review]", *lines, ""]))
        yield forge


@pytest.fixture(params=KINDS)
def forge(request: pytest.FixtureRequest, shop: Project) -> Iterator[Forge]:
    """A forge of each kind that has the project's remote."""
    with forge_of(shop, request.param) as forge:
        yield forge


@pytest.fixture
def github(shop: Project) -> Iterator[Forge]:
    """One that speaks as GitHub, where what is tested has nothing to do with how it speaks."""
    with forge_of(shop, "github") as forge:
        yield forge


@pytest.fixture(params=KINDS)
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Forge]:
    """A forge of each kind with a branch ``rollback/x-1``, and no store at all."""
    path = servers.repository(tmp_path / "shop.git")
    with running(request.param, Served(path, "https://git.example/team/shop.git")) as forge:
        forge.push("main")
        forge.push("rollback/x-1")
        yield forge
