"""The programs that a server has loaded, and which of them count.

A *slot* is what a fact stands for: the active program, or a label. What is loaded under which name is no
state, so a slot can take any program of the same text that no other slot needs otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from snapstore.model import Fact
from snapstore_cdn.varnish.cli import TRUNCATED, Cli
from snapstore_cdn.varnish.facts import ACTIVE, LABEL, program
from snapstore_cdn.varnish.sources import Sources, apart, includes, of_answer

OURS = "snap_"


class Loaded(msgspec.Struct):
    """What is loaded: the program behind each label, the label or program that is active, what each program
    is forced to (``auto``, ``warm``, ``cold``), the labels it uses, and how its backends were told to be.
    ``leaving`` are programs that go when the last request is through with them."""

    labels: dict[str, str]
    active: str | None
    states: dict[str, str]
    uses: dict[str, list[str]]
    health: dict[str, dict[str, str]]
    leaving: set[str]

    def slots(self) -> dict[str, str]:
        """Programs by the identity of the fact that stands on them."""
        found = {f"{LABEL}:{label}": name for label, name in self.labels.items()}
        if self.active is not None and self.active not in self.labels:
            found[ACTIVE] = self.active
        return found


def loaded(cli: Cli) -> Loaded:
    told = cli.told("vcl.list", "-j")
    listed = [one for one in told if one["status"] != "discarded"]
    labels = {one["name"]: one["label"]["name"] for one in listed if one["state"] == "label"}
    states = {one["name"]: one["state"] for one in listed if one["name"] not in labels}
    uses = {one["name"]: one["deps"] for one in cli.told("vcl.deps", "-j") if one["name"] in states}
    active = next((one["name"] for one in listed if one["status"] == "active"), None)
    leaving = {one["name"] for one in told} - {one["name"] for one in listed}
    return Loaded(labels, active, states, uses, _health(cli, states), leaving)


def _health(cli: Cli, programs: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """How backends were told to be. Without a probe, healthy is what they are by themselves."""
    found: dict[str, dict[str, str]] = {}
    (told,) = cli.told("backend.list", "-j", "*.*")
    for full, one in told.items():
        owner = max((name for name in programs if full.startswith(f"{name}.")), key=len, default=None)
        said = one["admin_health"]
        if owner and (said == "sick" or (said == "healthy" and _has_probe(one))):
            found.setdefault(owner, {})[full.removeprefix(f"{owner}.")] = said
    return found


def _has_probe(told: Mapping[str, object]) -> bool:
    message = told["probe_message"]
    return told["type"] != "backend" or (isinstance(message, list) and message[1] != "0")


def sources(cli: Cli, name: str) -> Sources:
    """The text of a program; with it comes the built-in one, which need not fit into an answer."""
    answer = cli.ask("vcl.show", "-v", name)
    if answer.status == TRUNCATED:
        found = apart(Sources(cli.call("vcl.show", name)))
        if found.includes or next(includes(found.main), None) is None:
            return found
    return of_answer(cli.call("vcl.show", "-v", name))


def facts(cli: Cli, now: Loaded) -> list[Fact]:
    found = [
        program(identity, sources(cli, name), now.health.get(name, {}), now.uses.get(name, ()))
        for identity, name in now.slots().items()
    ]
    if now.active in now.labels:
        found.append(Fact(ACTIVE, {"label": now.active}, needs=(f"{LABEL}:{now.active}",)))
    return found
