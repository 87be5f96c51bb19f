"""Distributions, and what they refer to by name: each written by itself, under the ETag that it had.

What a distribution no longer refers to stays in the account, unseen: others may use it, and an undo needs it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from snapstore.adapter import Context
from snapstore.errors import SnapError
from snapstore.model import UNMODELLED, Document, Fact, Json
from snapstore.remote.aws import Aws, RefusedError, aws
from snapstore.remote.lost import MovedError
from snapstore.remote.retrying import surely
from snapstore_cdn.cloudfront.kinds import BY_FIELD, BY_NAME, DISTRIBUTION, ELSEWHERE, FUNCTION, Kind
from snapstore_cdn.cloudfront.shapes import changed, plain, shape, told
from snapstore_cdn.provider import Change, Provider, Seen, require_named
from snapstore_cdn.purge import EVERYTHING, Purge
from snapstore_cdn.settings import Settings

PAGE = "docs/adapters/cdn-cloudfront.md"
LIVE, DRAFT = "LIVE", "DEVELOPMENT"
_MOVED = frozenset({"PreconditionFailed", "InvalidIfMatchVersion"})
_ABSENT = frozenset({"NoSuchFunctionExists", "NoSuchResource"})
_LOOK_AGAIN = 5.0
_FUNCTION_ARN = "FunctionARN"


@contextmanager
def opened(settings: Settings, context: Context) -> Iterator[Provider]:
    require_named(settings.ids, "distribution", 'ids = ["E2QWRUHEXAMPLE"]', context)
    with aws(
        "cloudfront",
        profile=settings.profile,
        endpoint=settings.server,
        timeout=settings.timeout,
        resource=context.resource,
        page=PAGE,
    ) as made:
        yield _CloudFront(made, settings, context.resource)


class _CloudFront:
    """The distributions of the settings."""

    def __init__(self, made: Aws, settings: Settings, resource: str) -> None:
        self._aws = made
        self._ids = sorted(set(settings.ids))
        self._within = settings.settle_within
        self._resource = resource

    # Reading

    def read(self) -> Seen:
        names: dict[str, dict[str, str]] = {}
        facts: dict[str, Fact] = {}
        versions: dict[str, str] = {}
        for one in self._ids:
            answer = self._aws.call("get_distribution_config", Id=one)
            config = changed(plain(answer["DistributionConfig"]), lambda f, v: self._name_of(f, v, names))
            del config["CallerReference"]
            identity = f"{DISTRIBUTION}:{one}"
            facts[identity] = Fact(identity, config, needs=tuple(sorted(set(_references(config)))))
            versions[identity] = answer["ETag"]
        for identity in sorted({need for fact in facts.values() for need in fact.needs}):
            facts[identity], versions[identity] = self._referred(identity, names)
        seen = sorted({text for fact in facts.values() for text in _elsewhere(fact.attrs)})
        unmodelled = [Fact(f"{UNMODELLED}:{text}") for text in seen]
        return Seen([Document("cloudfront.json", (*facts.values(), *unmodelled))], versions=versions)

    def _name_of(self, field: str, value: str, names: dict[str, dict[str, str]]) -> str:
        """A reference by name; what is AWS's own has the same id everywhere."""
        kind = BY_FIELD.get(field)
        if kind is None or not value:
            return value
        if kind.name not in names:
            names[kind.name] = {id: name for name, id in self._all(kind).items()}
        name = names[kind.name].get(value)
        return f"{kind.name}:{name}" if name is not None else value

    def _all(self, kind: Kind) -> dict[str, str]:
        """The ids of all that the account has of a kind, by name."""
        found: dict[str, str] = {}
        words: dict[str, str] = {"Type": "custom"} if kind.is_wrapped else {}
        while True:
            answer = self._aws.call(f"list_{kind.plural}", **words)[f"{kind.shape}List"]
            for item in answer.get("Items", []):
                one = item[kind.shape] if kind.is_wrapped else item
                found[(one.get(kind.config) or one)["Name"]] = one["Id"]
            if not answer.get("NextMarker"):
                return found
            words["Marker"] = answer["NextMarker"]

    def _referred(self, identity: str, names: Mapping[str, Mapping[str, str]]) -> tuple[Fact, str]:
        kind, _, name = identity.partition(":")
        if kind == FUNCTION:
            return self._function(name)
        known = BY_NAME[kind]
        id = next(id for id, other in names[kind].items() if other == name)
        answer = self._aws.call(f"get_{known.operation}", Id=id)
        return Fact(identity, plain(answer[known.shape][known.config])), answer["ETag"]

    def _function(self, name: str) -> tuple[Fact, str]:
        """What is published; its version is that of the draft, which is published next."""
        attrs, _ = self._stage(name, LIVE)
        _, drafted = self._stage(name, DRAFT)
        return Fact(f"{FUNCTION}:{name}", attrs or {}), drafted

    def _stage(self, name: str, stage: str) -> tuple[dict[str, Json] | None, str]:
        """A function at a stage, and its version; None where there is no such function."""
        try:
            told = self._aws.call("describe_function", Name=name, Stage=stage)
        except RefusedError as error:
            if error.name in _ABSENT:
                return None, ""
            raise
        code = self._aws.call("get_function", Name=name, Stage=stage)["FunctionCode"].read()
        config = plain(told["FunctionSummary"]["FunctionConfig"])
        return {**config, "code": code.decode("utf-8", "surrogateescape")}, told["ETag"]

    # Writing

    def batches(self, changes: Sequence[Change]) -> Iterator[list[Change]]:
        yield from ([change] for change in changes)

    def write(self, changes: Sequence[Change], begun: Callable[[], None]) -> None:
        try:
            for change in changes:
                self._write(change)
        except RefusedError as error:
            if error.name in _MOVED:
                raise MovedError(error.what) from error
            raise

    def _write(self, change: Change) -> None:
        if change.after is None:
            return
        if change.kind == DISTRIBUTION:
            self._write_distribution(change.name, change.after, change.version)
        elif change.kind == FUNCTION:
            self._write_function(change.name, change.after, change.version)
        else:
            self._write_referred(BY_NAME[change.kind], change.name, change.after, change.version)

    def _write_distribution(self, id: str, after: Mapping[str, Json], version: str | None) -> None:
        live = self._aws.call("get_distribution_config", Id=id)["DistributionConfig"]
        names: dict[str, dict[str, str]] = {}
        config = {
            **changed(after, lambda f, v: self._id_of(f, v, names)),
            "CallerReference": live["CallerReference"],
        }
        self._aws.call(
            "update_distribution",
            Id=id,
            IfMatch=version,
            DistributionConfig=told(config, shape("DistributionConfig")),
        )

    def _id_of(self, field: str, value: str, names: dict[str, dict[str, str]]) -> str:
        kind = BY_FIELD.get(field)
        if kind is None or not value.startswith(f"{kind.name}:"):
            return value
        if kind.name not in names:
            names[kind.name] = self._all(kind)
        return names[kind.name][value.partition(":")[2]]

    def _write_referred(self, kind: Kind, name: str, after: Mapping[str, Json], version: str | None) -> None:
        """One that the distribution did not refer to may still be there: then it becomes what it was."""
        words = {kind.config: told(after, shape(kind.config))}
        id = self._all(kind).get(name)
        if id is None:
            self._aws.call(f"create_{kind.operation}", **words)
            return
        version = version or self._aws.call(f"get_{kind.operation}", Id=id)["ETag"]
        self._aws.call(f"update_{kind.operation}", Id=id, IfMatch=version, **words)

    def _write_function(self, name: str, after: Mapping[str, Json], version: str | None) -> None:
        """A draft is written, and then published; one may be there, from an attempt before this one."""
        draft, drafted = self._stage(name, DRAFT)
        if draft != after:
            words = _function_words(name, after)
            if draft is None:
                drafted = self._aws.call("create_function", **words)["ETag"]
            else:
                drafted = self._aws.call("update_function", IfMatch=version or drafted, **words)["ETag"]
        self._aws.call("publish_function", Name=name, IfMatch=drafted)

    # Waiting and purging

    def settle(self, report: Callable[[str], None]) -> None:
        for one in self._ids:
            self._wait(
                lambda: self._aws.call("get_distribution", Id=one)["Distribution"]["Status"] == "Deployed",  # noqa: B023
                f"{one} is not everywhere",
                report,
            )

    def purge(self, purge: Purge, report: Callable[[str], None]) -> None:
        path = "/*" if purge.what == EVERYTHING else purge.name
        batch = {"Paths": {"Quantity": 1, "Items": [path]}, "CallerReference": uuid.uuid4().hex}
        for one in self._ids:
            id = self._aws.call("create_invalidation", DistributionId=one, InvalidationBatch=batch)[
                "Invalidation"
            ]["Id"]
            self._wait(
                lambda: self._is_purged(one, id),  # noqa: B023
                f"the invalidation {id} of {one} is not complete",
                report,
            )

    def _is_purged(self, distribution: str, id: str) -> bool:
        answer = self._aws.call("get_invalidation", DistributionId=distribution, Id=id)
        return bool(answer["Invalidation"]["Status"] == "Completed")

    def _wait(self, is_done: Callable[[], bool], what: str, report: Callable[[str], None]) -> None:
        until = time.monotonic() + self._within
        while not surely(is_done, self.lost):
            if time.monotonic() > until:
                raise SnapError(
                    f"{what} after {self._within:g} s",
                    where=self._resource,
                    fix="look at the status page of AWS; snap restore --resume goes on from here",
                )
            report(f"{what} yet")
            time.sleep(_LOOK_AGAIN)

    def lost(self, why: Exception) -> SnapError:
        return self._aws.lost(why)


def _function_words(name: str, attrs: Mapping[str, Json]) -> dict[str, Json]:
    config = {key: value for key, value in attrs.items() if key != "code"}
    return {
        "Name": name,
        "FunctionConfig": told(config, shape("FunctionConfig")),
        "FunctionCode": attrs["code"].encode("utf-8", "surrogateescape"),
    }


def _references(value: Json) -> Iterator[str]:
    """The identities of what a configuration refers to."""
    found: list[str] = []

    def look(field: str, text: str) -> str:
        kind = BY_FIELD.get(field)
        if kind is not None and text.startswith(f"{kind.name}:"):
            found.append(text)
        elif field == _FUNCTION_ARN:
            found.append(f"{FUNCTION}:{text.rpartition('/')[2]}")
        return text

    changed(value, look)
    yield from found


def _elsewhere(value: Json, field: str = "") -> Iterator[str]:
    """What is referred to and not captured."""
    if field in ELSEWHERE:
        for text in _texts(value):
            yield f"{ELSEWHERE[field]} {text}"
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _elsewhere(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _elsewhere(item)


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, dict):
        yield from _texts(value.get("Items", []))
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
