"""Heroku's Platform API: the config vars of an app, all of which can be read. One PATCH changes as many as
one likes, as a whole, and makes one release of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import quote

from snapstore.errors import SnapError
from snapstore.remote.web import Api, api
from snapstore.secrets import REDACTOR
from snapstore_platform.provider import PAGE, Change, Provider
from snapstore_platform.settings import Settings
from snapstore_platform.variables import Variable

HERE = "https://api.heroku.com"


@contextmanager
def opened(settings: Settings, resource: str) -> Iterator[Provider]:
    REDACTOR.add(settings.token)
    headers = {
        "Accept": "application/vnd.heroku+json; version=3",
        "Authorization": f"Bearer {settings.token}",
    }
    with api(settings.server or HERE, headers, resource, settings.timeout, PAGE) as made:
        yield _Heroku(made, f"/apps/{quote(settings.project, safe='')}")


class _Heroku:
    """The config vars of one app."""

    together = True

    def __init__(self, made: Api, app: str) -> None:
        self._api = made
        self._app = app

    def read(self) -> list[Variable]:
        keepers = {
            name: str(addon["name"])
            for addon in self._api.call("GET", f"{self._app}/addons")
            for name in addon.get("config_vars", ())
        }
        told = self._api.call("GET", f"{self._app}/config-vars")
        return [Variable(key, value, keeper=keepers.get(key, "")) for key, value in sorted(told.items())]

    def write(self, changes: Sequence[Change]) -> None:
        gone = {change.before.key: None for change in changes if change.before}
        come = {change.after.key: change.after.value for change in changes if change.after}
        self._api.call("PATCH", f"{self._app}/config-vars", gone | come)

    def lost(self, why: Exception) -> SnapError:
        return self._api.lost(why)
