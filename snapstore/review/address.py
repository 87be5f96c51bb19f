"""Where a store is shared: its remote, the forge behind that, and the token for both.

Everything is told by the remote's URL where the configuration does not say it. A forge's own variables go to
its own host, and to those that the configuration calls that forge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from snapstore.config import Config, Forge
from snapstore.errors import SnapError
from snapstore.secrets import REDACTOR
from snapstore.store.remote import Login, Remote

_HOSTS = {
    "github.com": Forge.GITHUB,
    "gitlab.com": Forge.GITLAB,
    "codeberg.org": Forge.GITEA,
    "gitea.com": Forge.GITEA,
}
_TOKENS = {
    Forge.GITHUB: ("GH_TOKEN", "GITHUB_TOKEN"),
    Forge.GITLAB: ("GITLAB_TOKEN",),
    Forge.GITEA: ("GITEA_TOKEN", "FORGEJO_TOKEN"),
}
_USERS = {Forge.GITHUB: "x-access-token", Forge.GITLAB: "oauth2", Forge.GITEA: "oauth2"}
"""Under which name each takes a token for a password: its documentation on access tokens and Git says so."""
OWN_TOKEN = "SNAPSTORE_TOKEN"  # noqa: S105 - the name of a variable
_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[^:/\s]+):(?P<path>(?!//).+)")


class Place(NamedTuple):
    """A repository on a server: scheme and host (with a port, where the web is at one), and its path."""

    web: str
    host: str
    path: str


def place(url: str) -> Place | None:
    """Where the repository of a Git URL is on the web; None for a folder."""
    if "://" not in url:
        found = _SCP.fullmatch(url)
        return Place(f"https://{found['host']}", found["host"], _repository(found["path"])) if found else None
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme == "file":
        return None
    over_web = parts.scheme in ("http", "https")
    port = f":{parts.port}" if over_web and parts.port else ""
    scheme = parts.scheme if over_web else "https"
    return Place(f"{scheme}://{parts.hostname}{port}", parts.hostname, _repository(unquote(parts.path)))


def _repository(path: str) -> str:
    return path.strip("/").removesuffix(".git")


def forge(config: Config) -> Forge | None:
    """Which forge serves the remote: the configured one, or that of a host that is known or is named so."""
    where = place(config.remote or "")
    if config.review.forge or where is None:
        return config.review.forge
    first = where.host.partition(".")[0]
    named = next((kind for kind in Forge if first == kind.value), None)
    return _HOSTS.get(where.host) or named or (Forge.GITEA if first == "forgejo" else None)


def token(config: Config, env: Mapping[str, str]) -> str | None:
    """The token for the remote and its forge, from now on known to the redactor."""
    names = token_names(config)
    found = config.review.token or next((env[name] for name in names if env.get(name)), None)
    if found:
        REDACTOR.add(found)
    return found


def token_names(config: Config) -> tuple[str, ...]:
    """The variables of the environment that may hold the token."""
    where = place(config.remote or "")
    # A name that only begins like a forge's may be anybody's.
    sure = config.review.forge or _HOSTS.get(where.host if where else "")
    return (OWN_TOKEN, *(_TOKENS[sure] if sure else ()))


def remote(config: Config, env: Mapping[str, str]) -> Remote:
    """The store's remote with what it takes to get in. SnapError when none is configured."""
    if not config.remote:
        fix = 'say where the store is shared: remote = "https://…" under [store]'
        raise SnapError("the store has no remote", where=str(config.path), fix=fix)
    if place(config.remote) is None and "://" not in config.remote:
        return Remote(str(config.root / config.remote))
    parts, kind, secret = urlsplit(config.remote), forge(config), token(config, env)
    if parts.password is not None or secret is None:
        return Remote(config.remote)
    name = unquote(parts.username or "") or (_USERS[kind] if kind else "git")
    return Remote(config.remote, Login(name, secret))
