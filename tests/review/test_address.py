"""What the URL of a remote tells, and which token goes where."""

from __future__ import annotations

from pathlib import Path

import pytest

from snapstore.config import Config, Forge, ReviewTable
from snapstore.review.address import Place, forge, place, remote, token
from snapstore.secrets import REDACTOR
from snapstore.store.remote import Login, Remote

EVERY_TOKEN = {
    "SNAPSTORE_TOKEN": "own-token-4711",
    "GH_TOKEN": "gh-token-4711",
    "GITHUB_TOKEN": "github-token-4711",
    "GITLAB_TOKEN": "gitlab-token-4711",
    "GITEA_TOKEN": "gitea-token-4711",
}
THEIRS = {name: value for name, value in EVERY_TOKEN.items() if name != "SNAPSTORE_TOKEN"}


NOTHING = ReviewTable()


def config(url: str | None, review: ReviewTable = NOTHING) -> Config:
    root = Path("/project")
    return Config(root / "snapstore.toml", root, root / "snapshots", "main", {}, remote=url, review=review)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://github.com/team/shop.git", Place("https://github.com", "github.com", "team/shop")),
        ("https://me:pw@git.example:8443/a/b/c/", Place("https://git.example:8443", "git.example", "a/b/c")),
        ("http://127.0.0.1:3000/team/shop", Place("http://127.0.0.1:3000", "127.0.0.1", "team/shop")),
        ("git@github.com:team/shop.git", Place("https://github.com", "github.com", "team/shop")),
        ("github.com:team/shop", Place("https://github.com", "github.com", "team/shop")),
        ("ssh://git@git.example:2222/t/s.git", Place("https://git.example", "git.example", "t/s")),
        ("https://git.example/t/%C3%A4.git", Place("https://git.example", "git.example", "t/ä")),
        ("/srv/git/shop.git", None),
        ("../shop.git", None),
        ("file:///srv/git/shop.git", None),
    ],
)
def test_a_url_tells_where_the_repository_is_on_the_web(url: str, found: Place | None):
    assert place(url) == found


@pytest.mark.parametrize(
    ("url", "kind", "secret"),
    [
        ("https://github.com/t/s", Forge.GITHUB, "gh-token-4711"),
        ("git@gitlab.com:t/s.git", Forge.GITLAB, "gitlab-token-4711"),
        ("https://codeberg.org/t/s", Forge.GITEA, "gitea-token-4711"),
        ("https://gitlab.example.org/t/s", Forge.GITLAB, None),
        ("https://forgejo.example.org/t/s", Forge.GITEA, None),
        ("https://git.example.org/t/s", None, None),
        ("https://github.com.evil.example/t/s", Forge.GITHUB, None),
        ("https://notgithub.com/t/s", None, None),
        ("/srv/git/s", None, None),
    ],
)
def test_the_variables_of_a_forge_go_to_that_forge_alone(url: str, kind: Forge | None, secret: str | None):
    assert forge(config(url)) == kind
    assert token(config(url), THEIRS) == secret


def test_the_setting_says_that_a_host_is_a_forge_and_may_have_its_token():
    found = config("https://git.example.org/t/s", ReviewTable(Forge.GITLAB))
    assert token(found, THEIRS) == "gitlab-token-4711"


def test_own_tokens_come_first_and_are_masked_from_then_on():
    url = "https://github.com/t/s"
    assert token(config(url), EVERY_TOKEN) == "own-token-4711"
    assert token(config(url, ReviewTable(token="set-token-4711")), EVERY_TOKEN) == "set-token-4711"
    assert token(config("https://git.example.org/t/s"), EVERY_TOKEN) == "own-token-4711"
    assert REDACTOR.redact("own-token-4711 set-token-4711") == "*** ***"
    assert "set-token" not in repr(config(url, ReviewTable(token="set-token-4711")))


@pytest.mark.parametrize(
    ("url", "review", "found"),
    [
        ("https://github.com/t/s", ReviewTable(), Login("x-access-token", "own-token-4711")),
        ("https://gitlab.com/t/s", ReviewTable(), Login("oauth2", "own-token-4711")),
        ("https://git.example/t/s", ReviewTable(), Login("git", "own-token-4711")),
        ("https://de%40ploy@git.example/t/s", ReviewTable(), Login("de@ploy", "own-token-4711")),
        ("https://git.example/t/s", ReviewTable(Forge.GITLAB), Login("oauth2", "own-token-4711")),
        ("https://me:pw@git.example/t/s", ReviewTable(), None),
    ],
)
def test_a_remote_gets_the_name_that_its_forge_wants(url: str, review: ReviewTable, found: Login | None):
    assert remote(config(url, review), EVERY_TOKEN) == Remote(url, found)


def test_a_folder_is_found_from_the_configuration():
    assert remote(config("../shared.git"), {}).url == "/project/../shared.git"


def test_a_url_is_shown_without_its_password():
    assert Remote("https://me:secret-4711@git.example/t/s").shown == "https://git.example/t/s"
    assert Remote("git@git.example:t/s").shown == "git@git.example:t/s"
