"""A CloudFront of our own that keeps what it is told: with ETags that count, and If-Match enforced.

moto has no policies and functions, its ETags never change, and it drops parts of what it is told. This one
knows no more of a configuration than how it is wrapped: what goes over the wire is checked by botocore's
model of the API, on both sides.
"""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import boto3

from tests.cdn.web import Answer, serving
from tests.dns.gateway import Gateway

SPACE = "http://cloudfront.amazonaws.com/doc/2020-05-31/"
KINDS = {
    "distribution": "Distribution",
    "cache-policy": "CachePolicy",
    "origin-request-policy": "OriginRequestPolicy",
    "response-headers-policy": "ResponseHeadersPolicy",
    "origin-access-control": "OriginAccessControl",
}
THEN = "2024-01-01T00:00:00Z"
SESSION = boto3.session.Session()
"""Kept, since it reads what it knows of AWS from files."""
ET.register_namespace("", SPACE)


@dataclass
class Kept:
    """Something, as its configuration in XML."""

    config: ET.Element
    version: int = 1
    code: bytes = b""
    live: Kept | None = None


@dataclass
class CloudFront:
    """All there is. ``deploying`` are the looks at a distribution or invalidation until it is done."""

    url: str = ""
    things: dict[tuple[str, str], Kept] = field(default_factory=dict)
    invalidations: list[tuple[str, str]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    deploying: int = 0
    looks: int = 0
    made: Any = None
    faults: Gateway = field(default_factory=lambda: Gateway(0))
    serial: int = 0

    def client(self) -> Any:
        if self.made is None:
            words = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
            self.made = SESSION.client("cloudfront", endpoint_url=self.url, **words)
        return self.made

    def everything(self) -> dict[str, Any]:
        """All that distributions and what they refer to are told, ids of what can be made anew by kind and
        name. Functions have no others than their names."""
        names = {
            id: (kind, _text(kept.config, "Name"))
            for (kind, id), kept in self.things.items()
            if kind not in ("distribution", "function")
        }
        found = {}
        for (kind, id), kept in self.things.items():
            live = kept.live if kind == "function" else kept
            if live is None:
                continue
            text = ET.tostring(live.config, encoding="unicode")
            for other, named in names.items():
                text = text.replace(f">{other}<", f">{':'.join(named)}<")
            found[names.get(id) or (kind, id)] = (text, live.code)
        return found

    # What it answers

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        parts = urlsplit(path)
        words = [word for word in parts.path.split("/") if word][1:]
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        config = ET.fromstring(body) if body else None
        try:
            if words[0] == "function":
                return self._function(method, words[1:], query, headers, config)
            if len(words) > 2 and words[2] == "invalidation":
                return self._invalidation(method, words, config)
            return self._thing(method, words, query, headers, config)
        except Refused as refused:
            return refused.args[0], _error(refused.args[1]), {}

    def _thing(self, method: str, words: list[str], query: Any, headers: Any, config: Any) -> Any:
        kind, shape = words[0], KINDS[words[0]]
        if len(words) == 1 and method == "GET":
            return 200, self._list(kind, shape), {}
        if len(words) == 1:
            self.serial += 1
            id = f"{'E' if kind == 'distribution' else 'P'}{self.serial:013d}"
            if kind != "distribution" and _text(config, "Name") in self._names(kind):
                raise Refused(409, f"{shape}AlreadyExists")
            self.things[kind, id] = Kept(config)
            self.writes.append(f"create {kind}")
            return self._told(kind, id, 201)
        kept = self.things.get((kind, words[1]))
        if kept is None:
            raise Refused(404, f"NoSuch{shape}")
        if method != "GET":
            _require(headers, kept)
            self.writes.append(f"{method} {kind}")
        if method == "PUT":
            if _text(config, "CallerReference") != _text(kept.config, "CallerReference"):
                raise Refused(400, "IllegalUpdate")
            kept.config, kept.version = config, kept.version + 1
            self.looks = self.deploying
        elif method == "DELETE":
            if kind != "distribution" and self._is_used(words[1]):
                raise Refused(409, f"{shape}InUse")
            del self.things[kind, words[1]]
            return 204, b"", {}
        if words[-1] == "config":
            return 200, ET.tostring(kept.config), {"ETag": f"V{kept.version}"}
        return self._told(kind, words[1], 200)

    def _names(self, kind: str) -> list[str]:
        return [_text(kept.config, "Name") for (other, _), kept in self.things.items() if other == kind]

    def _is_used(self, id: str) -> bool:
        return any(
            f">{id}<" in ET.tostring(kept.config, encoding="unicode")
            for (kind, _), kept in self.things.items()
            if kind == "distribution"
        )

    def _told(self, kind: str, id: str, status: int) -> Any:
        kept = self.things[kind, id]
        whole = _element(KINDS[kind], Id=id, LastModifiedTime=THEN)
        if kind == "distribution":
            ET.SubElement(whole, f"{{{SPACE}}}Status").text = self._state("Deployed")
            ET.SubElement(whole, f"{{{SPACE}}}DomainName").text = f"{id.lower()}.cloudfront.net"
        whole.append(kept.config)
        return status, ET.tostring(whole), {"ETag": f"V{kept.version}"}

    def _state(self, done: str) -> str:
        self.looks -= 1
        return "InProgress" if self.looks >= 0 else done

    def _list(self, kind: str, shape: str) -> bytes:
        found = [(id, kept) for (k, id), kept in self.things.items() if k == kind]
        whole = _element(f"{shape}List", MaxItems="100", Quantity=str(len(found)), IsTruncated="false")
        items = ET.SubElement(whole, f"{{{SPACE}}}Items")
        for id, kept in found:
            if kind == "origin-access-control":
                items.append(_element(f"{shape}Summary", Id=id, Name=_text(kept.config, "Name")))
                continue
            summary = _element(f"{shape}Summary", Type="custom")
            inner = _element(shape, Id=id, LastModifiedTime=THEN)
            inner.append(kept.config)
            summary.append(inner)
            items.append(summary)
        return ET.tostring(whole)

    def _function(self, method: str, words: list[str], query: Any, headers: Any, body: Any) -> Any:
        if method == "POST" and not words:
            name = _text(body, "Name")
            if ("function", name) in self.things:
                raise Refused(409, "FunctionAlreadyExists")
            self.things["function", name] = Kept(_named(body, name), code=_code(body))
            self.writes.append("create function")
            return self._summary(self.things["function", name], "DEVELOPMENT", 201)
        kept = self.things.get(("function", words[0]))
        if kept is None:
            raise Refused(404, "NoSuchFunctionExists")
        stage = query.get("Stage", "DEVELOPMENT")
        seen = kept.live if stage == "LIVE" else kept
        if seen is None:
            raise Refused(404, "NoSuchFunctionExists")
        if words[-1] == "describe":
            return self._summary(seen, stage, 200)
        if method == "GET":
            return 200, seen.code, {"ETag": f"V{seen.version}", "Content-Type": "application/octet-stream"}
        _require(headers, kept)
        self.writes.append(f"{method} function")
        if words[-1] == "publish":
            kept.live = Kept(copy.deepcopy(kept.config), kept.version, kept.code)
        else:
            kept.config, kept.code, kept.version = _named(body, words[0]), _code(body), kept.version + 1
        return self._summary(kept, "DEVELOPMENT", 200)

    def _summary(self, kept: Kept, stage: str, status: int) -> Any:
        whole = _element("FunctionSummary", Name=_text(kept.config, "Name"))
        config = copy.deepcopy(kept.config.find(f"{{{SPACE}}}FunctionConfig"))
        assert config is not None
        whole.append(config)
        arn = f"arn:aws:cloudfront::1:function/{_text(kept.config, 'Name')}"
        whole.append(_element("FunctionMetadata", FunctionARN=arn, Stage=stage, LastModifiedTime=THEN))
        # UpdateFunction answers by a header of that name.
        return status, ET.tostring(whole), {"ETag": f"V{kept.version}", "ETtag": f"V{kept.version}"}

    def _invalidation(self, method: str, words: list[str], body: Any) -> Any:
        if method == "POST":
            paths = [item.text or "" for item in body.iter(f"{{{SPACE}}}Path")]
            self.invalidations += [(words[1], path) for path in paths]
            self.looks = self.deploying
        whole = _element("Invalidation", Id="I1", Status=self._state("Completed"), CreateTime=THEN)
        return 201 if method == "POST" else 200, ET.tostring(whole), {}


class Refused(Exception):
    """A status and a code."""


def _require(headers: Any, kept: Kept) -> None:
    if not headers.get("If-Match"):
        raise Refused(400, "InvalidIfMatchVersion")
    if headers["If-Match"] != f"V{kept.version}":
        raise Refused(412, "PreconditionFailed")


def _element(name: str, **texts: str) -> ET.Element:
    made = ET.Element(f"{{{SPACE}}}{name}")
    for key, value in texts.items():
        ET.SubElement(made, f"{{{SPACE}}}{key}").text = value
    return made


def _text(element: ET.Element, name: str) -> str:
    return element.findtext(f"{{{SPACE}}}{name}") or ""


def _named(body: ET.Element, name: str) -> ET.Element:
    made = _element("Function", Name=name)
    config = body.find(f"{{{SPACE}}}FunctionConfig")
    assert config is not None
    made.append(config)
    return made


def _code(body: ET.Element) -> bytes:
    return base64.b64decode(_text(body, "FunctionCode"))


def _error(code: str) -> bytes:
    whole = _element("ErrorResponse")
    whole.append(_element("Error", Type="Sender", Code=code, Message=f"{code}."))
    return ET.tostring(whole)


@contextmanager
def running() -> Iterator[CloudFront]:
    cloud = CloudFront()

    def answering(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        status, data, more = cloud.answer(method, path, headers, body)
        return status, data, {"Content-Type": "text/xml", **more}

    with serving(answering, cloud.faults) as url:
        cloud.url = url
        yield cloud
