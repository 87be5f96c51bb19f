"""Fixtures: a service of each kind with variables of every kind, and a project that captures it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.platform.services import TEAM, TOKEN, Heroku, Service, Vercel, running
from tests.project import Project
from tests.project import project as configured


@pytest.fixture
def vercel() -> Iterator[Vercel]:
    service = Vercel()
    with running(service):
        service.add("DATABASE_URL", "postgres://shop:pässword@db/shop", "production")
        service.add("DATABASE_URL", "postgres://localhost/shop", "development", "preview")
        service.add("DATABASE_URL", "postgres://feature", "preview", gitBranch="feature/1")
        service.add("NODE_ENV", "production", "production", type="plain", comment="as Node wants it")
        service.add(
            "KEY", '-----BEGIN\nsecret: $HOME "quoted"\n', "production", customEnvironmentIds=["env_1"]
        )
        service.add("EMPTY", "", "preview", "production")
        service.add("STRIPE_KEY", "sk_live_1", "production", type="sensitive")
        service.add("KV_URL", "redis://kept", "production", configurationId="icfg_kv")
        yield service


@pytest.fixture
def heroku() -> Iterator[Heroku]:
    service = Heroku()
    with running(service):
        service.addons.append({"name": "postgresql-round-1", "config_vars": ["DATABASE_URL"]})
        service.variables |= {"DATABASE_URL": "postgres://kept", "NODE_ENV": "production", "EMPTY": ""}
        service.variables |= {"SECRET": "pässword\nof two lines", "FLAG": "off"}
        yield service


@pytest.fixture(params=["vercel", "heroku"])
def service(request: pytest.FixtureRequest) -> Service:
    found: Service = request.getfixturevalue(request.param)
    return found


def change(service: Service) -> None:
    """Some go, some come, some are others."""
    if isinstance(service, Heroku):
        service.variables |= {"SECRET": "another", "NEW": "1", "NODE_ENV": "test"}
        service.variables.pop("FLAG", None)
        return
    assert isinstance(service, Vercel)
    by_key = {(entry["key"], entry.get("gitBranch")): handle for handle, entry in service.entries.items()}
    if ("EMPTY", None) in by_key:
        service.remove(by_key["EMPTY", None])
        service.add("EMPTY", "not any more", "production")
    service.remove(by_key["DATABASE_URL", "feature/1"])
    service.set(by_key["NODE_ENV", None], value="test", comment="for a test")
    service.set(by_key["KEY", None], value="another", type="sensitive")
    service.add("NEW", "1", "production", "preview", comment="new")


def settings(service: Service, url: str = "", more: str = 'public = ["NODE_ENV", "FLAG"]') -> str:
    provider = type(service).__name__.lower()
    team = f'team = "{TEAM}"\n' if provider == "vercel" else ""
    return (
        f'[resources.env]\nadapter = "platform"\nprovider = "{provider}"\nproject = "shop"\n{team}'
        f'token = "{TOKEN}"\nserver = "{url or service.url}"\ntimeout = 1\n{more}\n'
    )


def project(root: Path, service: Service, url: str = "", more: str = "") -> Project:
    return configured(root, settings(service, url, more or 'public = ["NODE_ENV", "FLAG"]'))


@pytest.fixture
def place(service: Service, tmp_path: Path) -> Project:
    return project(tmp_path / "project", service)
