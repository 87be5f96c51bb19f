"""Opens the forge that a store's remote is on, and recognises the addresses of its requests."""

from __future__ import annotations

import re
from collections.abc import Mapping

from snapstore.config import Config, Forge
from snapstore.errors import SnapError
from snapstore.review.address import Place, forge, place, token, token_names
from snapstore.review.client import Client
from snapstore.review.merges import Merges
from snapstore.review.pulls import Pulls
from snapstore.review.request import Api

_REQUESTS = {Forge.GITHUB: "pull", Forge.GITLAB: "-/merge_requests", Forge.GITEA: "pulls"}


def open_forge(config: Config, env: Mapping[str, str]) -> Api | None:
    """The repository of the remote on its forge; None where no forge is known, or no token for it."""
    kind, secret = forge(config), token(config, env)
    if kind is None or secret is None:
        return None
    base, repository = config.review.api or _api(kind, _place(config)), _repository(config)
    if kind is Forge.GITLAB:
        return Merges(Client(base, {"PRIVATE-TOKEN": secret}), repository)
    if kind is Forge.GITEA:
        return Pulls(Client(base, {"Authorization": f"token {secret}"}), repository, kind)
    headers = {
        "Authorization": f"Bearer {secret}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Pulls(Client(base, headers), repository, kind)


def lacking(config: Config, env: Mapping[str, str]) -> str:
    """What has to be said before there is a forge that requests can be opened on."""
    if forge(config) is None:
        return "no forge is known to be at the remote; [review] forge says which there is"
    return f"there is no token: set {' or '.join(token_names(config))}"


def _api(kind: Forge, where: Place) -> str:
    if kind is Forge.GITHUB:
        return "https://api.github.com" if where.host == "github.com" else f"{where.web}/api/v3"
    return f"{where.web}/api/v4" if kind is Forge.GITLAB else f"{where.web}/api/v1"


def _place(config: Config) -> Place:
    found = place(config.remote or "")
    if found is None:
        fix = "set `api` and `repository` under [review]"
        raise SnapError("the remote does not tell where its forge is", where=str(config.path), fix=fix)
    return found


def _repository(config: Config) -> str:
    return config.review.repository or _place(config).path


def request_number(config: Config, url: str) -> int | None:
    """The number of the request that an address of the web names; None when it names none here."""
    kind = forge(config)
    if kind is None:
        return None
    pattern = (
        rf"https?://[^/\s]+/(?:.*/)?{re.escape(_repository(config))}/{_REQUESTS[kind]}/(\d+)(?:[/?#].*)?"
    )
    found = re.fullmatch(pattern, url, re.IGNORECASE)
    return int(found[1]) if found else None
