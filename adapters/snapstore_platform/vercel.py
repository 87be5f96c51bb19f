"""Vercel's REST API: the environment variables of a project, each by itself.

What is encrypted comes in clear where that is asked for: in the list, which may end one day, or else alone.
What is sensitive (or a legacy secret) is never given away. There is no call that changes several of them as a
whole; deployments that run keep what they had when they were made, so what is half done hurts nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import quote, urlencode

from snapstore.errors import SnapError
from snapstore.model import Json
from snapstore.remote.web import Api, api
from snapstore.secrets import REDACTOR
from snapstore_platform.provider import PAGE, Change, Provider
from snapstore_platform.settings import Settings
from snapstore_platform.variables import Variable

HERE = "https://api.vercel.com"
PLAIN, ENCRYPTED = "plain", "encrypted"
_OURS = frozenset({"production", "preview", "development"})


@contextmanager
def opened(settings: Settings, resource: str) -> Iterator[Provider]:
    REDACTOR.add(settings.token)
    headers = {"Authorization": f"Bearer {settings.token}"}
    with api(settings.server or HERE, headers, resource, settings.timeout, PAGE) as made:
        yield _Vercel(made, settings, resource)


class _Vercel:
    """The variables of one project."""

    together = False

    def __init__(self, made: Api, settings: Settings, resource: str) -> None:
        self._api = made
        self._resource = resource
        self._project = f"projects/{quote(settings.project, safe='')}/env"
        self._team = {"teamId": settings.team} if settings.team else {}

    def read(self) -> list[Variable]:
        told = self._api.call("GET", self._path("v9", decrypt="true"))
        if (told.get("pagination") or {}).get("next"):
            raise SnapError(
                "Vercel gives its list of variables in parts, which is not supported",
                where=self._resource,
                fix="report this with the number of variables that the project has",
            )
        return [self._variable(entry) for entry in told["envs"]]

    def _variable(self, entry: Mapping[str, Json]) -> Variable:
        if entry["type"] == ENCRYPTED and not entry.get("decrypted"):
            entry = {**entry, **self._api.call("GET", self._path("v1", entry["id"]))}
        known = entry["type"] == PLAIN or (entry["type"] == ENCRYPTED and entry.get("decrypted"))
        return Variable(
            key=entry["key"],
            value=entry["value"] if known else None,
            targets=_targets(entry),
            branch=entry.get("gitBranch") or "",
            type=entry["type"],
            comment=entry.get("comment") or "",
            keeper=_keeper(entry),
            changed_at=int(entry.get("updatedAt") or 0),
            handle=entry["id"],
        )

    def write(self, changes: Sequence[Change]) -> None:
        (change,) = changes
        before, after = change.before, change.after
        if after is None:
            self._api.call("DELETE", self._path("v9", before.handle if before else ""))
        elif before is None:
            self._api.call("POST", self._path("v10"), _body(after))
        else:
            emptied = {"comment": ""} if before.comment else {}
            self._api.call("PATCH", self._path("v9", before.handle), emptied | _body(after))

    def lost(self, why: Exception) -> SnapError:
        return self._api.lost(why)

    def _path(self, version: str, handle: str = "", **query: str) -> str:
        place = f"/{version}/{self._project}" + (f"/{quote(handle, safe='')}" if handle else "")
        words = urlencode(self._team | query)
        return f"{place}?{words}" if words else place


def _targets(entry: Mapping[str, Json]) -> tuple[str, ...]:
    """Environments of Vercel's own by name, others by id."""
    told = entry.get("target") or ()
    return tuple(
        sorted({*([told] if isinstance(told, str) else told), *(entry.get("customEnvironmentIds") or ())})
    )


def _keeper(entry: Mapping[str, Json]) -> str:
    """Integrations keep their variables themselves, and so does Vercel."""
    if entry.get("configurationId"):
        return str(entry["configurationId"])
    return "Vercel" if entry.get("system") or entry["type"] == "system" else ""


def _body(variable: Variable) -> dict[str, Json]:
    custom = [target for target in variable.targets if target not in _OURS]
    body: dict[str, Json] = {
        "key": variable.key,
        "value": variable.value,
        "type": variable.type,
        "target": [target for target in variable.targets if target in _OURS],
    }
    if variable.comment:
        body["comment"] = variable.comment
    if variable.branch:
        body["gitBranch"] = variable.branch
    if custom:
        body["customEnvironmentIds"] = custom
    return body
