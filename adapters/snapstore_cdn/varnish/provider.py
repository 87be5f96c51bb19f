"""A Varnish server: one program and its labels are changed together, parameters one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore_cdn.provider import Change, Provider, Seen
from snapstore_cdn.purge import EVERYTHING, PATH, Purge
from snapstore_cdn.settings import Settings
from snapstore_cdn.varnish import parameters, switching
from snapstore_cdn.varnish.cli import Cli, connected
from snapstore_cdn.varnish.facts import PARAM, documents
from snapstore_cdn.varnish.programs import facts, loaded


@contextmanager
def opened(settings: Settings, context: Context) -> Iterator[Provider]:
    with connected(settings, context) as cli:
        yield _Varnish(cli, settings.tag_header)


class _Varnish:
    """One server."""

    def __init__(self, cli: Cli, tag_header: str) -> None:
        self._cli = cli
        self._tag_header = tag_header

    def read(self) -> Seen:
        told = parameters.read(self._cli)
        values = [(one["name"], parameters.text_of(one["value"])) for one in told]
        return Seen(
            documents=documents(facts(self._cli, loaded(self._cli)), values),
            hints={"protected": [one["name"] for one in told if "protected" in one["flags"]]},
        )

    def batches(self, changes: Sequence[Change]) -> Iterator[list[Change]]:
        for _, some in groupby(changes, key=lambda change: change.kind == PARAM):
            yield list(some)

    def write(self, changes: Sequence[Change], begun: Callable[[], None]) -> None:
        if changes[0].kind == PARAM:
            begun()
            parameters.write(self._cli, {one.name: one.after["value"] for one in changes if one.after})
        else:
            switching.write(self._cli, changes, begun)

    def settle(self, report: Callable[[str], None]) -> None:
        """It is in effect at once."""

    def purge(self, purge: Purge, report: Callable[[str], None]) -> None:
        self._cli.call("ban", *ban_of(purge, self._tag_header))
        report(f"banned: {' '.join(ban_of(purge, self._tag_header))}")

    def lost(self, why: Exception) -> SnapError:
        return SnapError(
            f"no answer from Varnish at {self._cli.place}: {why}",
            where=self._cli.resource,
            fix="check the address (varnishd -T) and that it is up, then run the command again",
        )


def ban_of(purge: Purge, tag_header: str) -> list[str]:
    """The words of a ban. Those that tell of objects alone are done in the background as well."""
    if purge.what == EVERYTHING:
        return ["obj.status", "!=", "0"]
    if purge.what == PATH:
        host = ["req.http.host", "==", purge.host, "&&"] if purge.host else []
        pattern = ".*".join(re.escape(part) for part in purge.name.split("*"))
        return [*host, "req.url", "~", f"^{pattern}$"]
    return [f"obj.http.{tag_header}", "~", rf"(^|[\s,]){re.escape(purge.name)}([\s,]|$)"]
