"""CloudFront: what is captured, what is written under which version, and what is waited for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore import journal
from snapstore.errors import SnapError
from snapstore.model import HazardName
from tests.cdn.cloudfront import CloudFront, running
from tests.dns.gateway import FAILURES, Failure, ways
from tests.project import Project, goes_and_comes, in_rounds, project, well

ROUNDS = int(os.environ.get("SNAPSTORE_CDN_ROUNDS", "4"))
EVERY = "SNAPSTORE_CDN_FAULTS" in os.environ
STEP = 1 if EVERY else 31
MANAGED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
PURGE = 'purge = ["/news/*", "everything"]\n'
SECRET = "only-the-origin-knows-this"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("snapstore.remote.retrying._PAUSE", 0.001)
    monkeypatch.setattr("snapstore.remote.aws._BREATH", 0.001)
    monkeypatch.setattr("snapstore_cdn.cloudfront.provider._LOOK_AGAIN", 0.001)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture
def cloud() -> Iterator[CloudFront]:
    with running() as started:
        yield started


# What there is


def listed(*items: Any) -> dict[str, Any]:
    return {"Quantity": len(items), **({"Items": list(items)} if items else {})}


def behavior(**more: Any) -> dict[str, Any]:
    return {
        "TargetOriginId": "web",
        "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": {**listed("HEAD", "GET"), "CachedMethods": listed("GET", "HEAD")},
        "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
        "LambdaFunctionAssociations": listed(),
        "Compress": True,
        **more,
    }


def distribution(**more: Any) -> dict[str, Any]:
    origin = {
        "Id": "web",
        "DomainName": "origin.example.com",
        "OriginPath": "",
        "CustomHeaders": listed({"HeaderName": "x-key", "HeaderValue": SECRET}),
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"},
    }
    bucket = {
        "Id": "bucket",
        "DomainName": "b.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
    }
    return {
        "CallerReference": "made by hand",
        "Comment": "shop",
        "Enabled": True,
        "Aliases": listed("www.example.com", "example.com"),
        "Origins": listed(origin, bucket),
        "DefaultCacheBehavior": behavior(CachePolicyId=MANAGED),
        "CacheBehaviors": listed(),
        **more,
    }


def policy(name: str, ttl: int = 60) -> dict[str, Any]:
    return {"Name": name, "Comment": "", "MinTTL": 1, "DefaultTTL": ttl, "MaxTTL": 86400}


def headers_policy(name: str, value: str) -> dict[str, Any]:
    return {"Name": name, "CustomHeadersConfig": listed({"Header": "x-a", "Value": value, "Override": True})}


def access(name: str, comment: str = "") -> dict[str, Any]:
    return {
        "Name": name,
        "Description": comment,
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }


def make(cloud: CloudFront, **more: Any) -> str:
    found: str = cloud.client().create_distribution(DistributionConfig=distribution(**more))["Distribution"][
        "Id"
    ]
    return found


def update(cloud: CloudFront, id: str, **more: Any) -> None:
    client = cloud.client()
    told = client.get_distribution_config(Id=id)
    config = {**told["DistributionConfig"], **more}
    client.update_distribution(Id=id, IfMatch=told["ETag"], DistributionConfig=config)


def publish(cloud: CloudFront, name: str, code: str) -> str:
    client = cloud.client()
    words: dict[str, Any] = {
        "Name": name,
        "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"},
        "FunctionCode": code.encode(),
    }
    if ("function", name) in cloud.things:
        version = client.describe_function(Name=name, Stage="DEVELOPMENT")["ETag"]
        made = client.update_function(IfMatch=version, **words)
    else:
        made = client.create_function(**words)
    client.publish_function(Name=name, IfMatch=made["ETag"])
    return f"arn:aws:cloudfront::1:function/{name}"


def settings(url: str, *ids: str, more: str = "") -> str:
    names = ", ".join(f'"{id}"' for id in ids)
    head = f'[resources.edge]\nadapter = "cdn"\nprovider = "cloudfront"\nserver = "{url}"\n'
    return f"{head}ids = [{names}]\n{more}"


def test_a_distribution_comes_back_with_all_that_it_refers_to(cloud: CloudFront, tmp_path: Path):
    client = cloud.client()
    cache = client.create_cache_policy(CachePolicyConfig=policy("short"))["CachePolicy"]["Id"]
    answer = client.create_response_headers_policy(ResponseHeadersPolicyConfig=headers_policy("safe", "1"))
    control = client.create_origin_access_control(OriginAccessControlConfig=access("bucket"))
    arn = publish(cloud, "rewrite", "function handler(e) { return e.request; } // ü\n")
    bucket = {
        "Id": "bucket",
        "DomainName": "b.s3.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "OriginAccessControlId": control["OriginAccessControl"]["Id"],
    }
    own = behavior(
        CachePolicyId=cache,
        ResponseHeadersPolicyId=answer["ResponseHeadersPolicy"]["Id"],
        FunctionAssociations=listed({"FunctionARN": arn, "EventType": "viewer-request"}),
    )
    one = make(cloud, DefaultCacheBehavior=own, Origins=listed(bucket, distribution()["Origins"]["Items"][0]))
    place = project(tmp_path / "project", settings(cloud.url, one))
    before, taken = cloud.everything(), place.take()
    update(
        cloud, one, DefaultCacheBehavior=behavior(CachePolicyId=MANAGED), Origins=distribution()["Origins"]
    )
    told = client.get_cache_policy(Id=cache)
    client.update_cache_policy(Id=cache, IfMatch=told["ETag"], CachePolicyConfig=policy("short", 5))
    safe = answer["ResponseHeadersPolicy"]["Id"]
    client.delete_response_headers_policy(
        Id=safe, IfMatch=client.get_response_headers_policy(Id=safe)["ETag"]
    )
    publish(cloud, "rewrite", "function handler(e) { return 0; }")
    after = cloud.everything()["distribution", one]
    well(place.restore(taken.commit))
    assert _sorted(cloud.everything()) == _sorted(before)
    assert place.take().tree == taken.tree
    well(place.undo())
    assert _sorted({"one": cloud.everything()["distribution", one]}) == _sorted({"one": after})


def _sorted(found: dict[Any, Any]) -> dict[Any, Any]:
    """Without the order of what is in it: much is listed in any."""
    import re

    return {key: (sorted(re.findall(r"<[^<]*", text)), code) for key, (text, code) in found.items()}


def test_secret_headers_are_sealed(cloud: CloudFront, tmp_path: Path):
    one = make(cloud)
    place = project(tmp_path / "project", settings(cloud.url, one))
    taken = place.take()
    update(cloud, one, Origins=listed({**distribution()["Origins"]["Items"][1]}))
    plan = place.plan(taken.commit)
    assert SECRET not in str(plan)
    assert "«sealed»" in str(plan)
    well(place.restore(taken.commit))
    assert SECRET in cloud.everything()["distribution", one][0]


def test_what_changed_meanwhile_is_refused_by_its_version(
    cloud: CloudFront, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    one = make(cloud)
    place = project(tmp_path / "project", settings(cloud.url, one))
    taken = place.take()
    update(cloud, one, Comment="other")
    from snapstore_cdn.cloudfront.provider import _CloudFront

    whole = _CloudFront._write

    def write(self: Any, change: Any) -> None:
        update(cloud, one, Comment="from somebody else")
        whole(self, change)

    monkeypatch.setattr(_CloudFront, "_write", write)
    done = place.restore(taken.commit)
    assert "changed by somebody else" in str(done.outcomes[0].error)
    assert "from somebody else" in cloud.everything()["distribution", one][0]


def test_a_restore_waits_until_it_is_everywhere_and_so_does_a_purge(cloud: CloudFront, tmp_path: Path):
    one = make(cloud)
    place = project(
        tmp_path / "project", settings(cloud.url, one, more='purge = ["/news/*", "everything"]\n')
    )
    taken = place.take()
    update(cloud, one, Comment="other")
    cloud.deploying = 3
    hazards = [hazard.name for action in place.plan(taken.commit).actions for hazard in action.hazards]
    assert hazards == [HazardName.DOWNTIME]
    well(place.restore(taken.commit))
    assert cloud.invalidations == [(one, "/news/*"), (one, "/*")]
    assert cloud.looks < 0


def test_a_restore_that_was_interrupted_waits_when_it_goes_on(cloud: CloudFront, tmp_path: Path):
    one = make(cloud)
    hasty = settings(cloud.url, one, more="settle_within = 0.001\n")
    taken = project(tmp_path / "project", hasty).take()
    update(cloud, one, Comment="other")
    cloud.deploying = 50
    interrupted = project(tmp_path / "project", hasty).restore(taken.commit)
    assert "is not everywhere after 0.001 s" in str(interrupted.outcomes[0].error)
    assert cloud.looks > 0
    well(project(tmp_path / "project", settings(cloud.url, one)).resume())
    assert cloud.looks < 0


def test_what_is_only_referred_to_is_named_at_take_and_in_the_plan(cloud: CloudFront, tmp_path: Path):
    groups = {"Enabled": True, **listed("K1")}
    one = make(cloud, DefaultCacheBehavior=behavior(CachePolicyId=MANAGED, TrustedKeyGroups=groups))
    place = project(tmp_path / "project", settings(cloud.url, one))
    taken = place.take()
    assert "key group K1" in str(taken.notices)
    update(cloud, one, DefaultCacheBehavior=behavior(CachePolicyId=MANAGED, ViewerProtocolPolicy="allow-all"))
    assert "key group K1" in str(place.plan(taken.commit).notes)
    well(place.restore(taken.commit))


@pytest.mark.parametrize(
    ("now", "then", "name"),
    [
        ({}, {"Enabled": False}, HazardName.DOWNTIME),
        ({}, {"Aliases": listed("example.com")}, HazardName.DOWNTIME),
        ({"WebACLId": "arn:acl"}, {}, HazardName.SECURITY),
        (
            {},
            {"DefaultCacheBehavior": behavior(ViewerProtocolPolicy="allow-all", CachePolicyId=MANAGED)},
            HazardName.SECURITY,
        ),
    ],
)
def test_hazards_are_named(
    cloud: CloudFront, tmp_path: Path, now: dict[str, Any], then: dict[str, Any], name: HazardName
):
    one = make(cloud, **then)
    place = project(tmp_path / "project", settings(cloud.url, one))
    taken = place.take()
    update(cloud, one, **distribution(**now))
    found = [hazard.name for action in place.plan(taken.commit).actions for hazard in action.hazards]
    assert found == [name]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ids = []\n", "no distribution is named"),
        ('ids = ["E0000000000404"]\n', "NoSuchDistribution"),
        ('ids = ["E1"]\npurge = ["tag:a"]\n', "CloudFront purges paths"),
    ],
)
def test_what_is_wrong_is_one_clear_message(cloud: CloudFront, tmp_path: Path, text: str, words: str):
    head = f'[resources.edge]\nadapter = "cdn"\nprovider = "cloudfront"\nserver = "{cloud.url}"\n'
    with pytest.raises(SnapError, match=words):
        project(tmp_path / "project", head + text).take()


# Any change


NAMES = st.sampled_from(["one", "two"])
OPS = st.one_of(
    st.tuples(st.just("policy"), NAMES, st.integers(1, 3)),
    st.tuples(st.just("headers"), NAMES, st.sampled_from(["1", "ü<&>"])),
    st.tuples(st.just("access"), NAMES, st.sampled_from(["", "mine"])),
    st.tuples(st.just("function"), NAMES, st.sampled_from(["return 1;\n", "// \ufffe\r\n\tx"])),
    st.tuples(st.just("draft"), NAMES, st.sampled_from(["draft"])),
    st.tuples(st.just("Comment"), st.sampled_from(["a", "b"]), st.none()),
    st.tuples(st.just("Aliases"), st.sets(st.sampled_from(["a.example.com", "b.example.com"])), st.none()),
    st.tuples(st.just("behavior"), st.tuples(*[st.one_of(st.none(), NAMES)] * 3), st.booleans()),
    st.tuples(st.just("paths"), st.permutations(["/a/*", "/b", "*.jpg"]), st.integers(0, 3)),
    st.tuples(st.just("bucket"), st.one_of(st.none(), NAMES), st.none()),
)


def _ids(cloud: CloudFront, kind: str) -> dict[str, str]:
    found = {}
    for (other, id), kept in cloud.things.items():
        if other == kind:
            found[kept.config.findtext("{*}Name") or ""] = id
    return found


def run(cloud: CloudFront, one: str, ops: list[Any]) -> None:
    for op, first, second in ops:
        _run(cloud, one, op, first, second)


NAMED = {
    "policy": ("cache-policy", "CachePolicy"),
    "headers": ("response-headers-policy", "ResponseHeadersPolicy"),
    "access": ("origin-access-control", "OriginAccessControl"),
}


def _run(cloud: CloudFront, one: str, op: str, first: Any, second: Any) -> None:
    client = cloud.client()
    if op in ("policy", "headers", "access"):
        kind, name = NAMED[op]
        config = {"policy": policy, "headers": headers_policy, "access": access}[op](first, second)
        operation, id = kind.replace("-", "_"), _ids(cloud, kind).get(first)
        if id is None:
            getattr(client, f"create_{operation}")(**{f"{name}Config": config})
        else:
            version = getattr(client, f"get_{operation}")(Id=id)["ETag"]
            getattr(client, f"update_{operation}")(Id=id, IfMatch=version, **{f"{name}Config": config})
    elif op == "function":
        publish(cloud, first, second)
    elif op == "draft" and ("function", first) in cloud.things:
        version = client.describe_function(Name=first, Stage="DEVELOPMENT")["ETag"]
        config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
        client.update_function(Name=first, IfMatch=version, FunctionConfig=config, FunctionCode=b"draft")
    elif op == "Comment":
        update(cloud, one, Comment=first)
    elif op == "Aliases":
        update(cloud, one, Aliases=listed(*first))
    elif op == "behavior":
        cache, headers, function = first
        more: dict[str, Any] = {"Compress": second}
        more["CachePolicyId"] = _ids(cloud, "cache-policy").get(cache, MANAGED)
        if headers in _ids(cloud, "response-headers-policy"):
            more["ResponseHeadersPolicyId"] = _ids(cloud, "response-headers-policy")[headers]
        if ("function", function) in cloud.things:
            arn = f"arn:aws:cloudfront::1:function/{function}"
            more["FunctionAssociations"] = listed({"FunctionARN": arn, "EventType": "viewer-request"})
        update(cloud, one, DefaultCacheBehavior=behavior(**more))
    elif op == "paths":
        paths = [{**behavior(CachePolicyId=MANAGED), "PathPattern": path} for path in first[:second]]
        update(cloud, one, CacheBehaviors=listed(*paths))
    elif op == "bucket":
        web, bucket = distribution()["Origins"]["Items"]
        control = _ids(cloud, "origin-access-control").get(first)
        update(cloud, one, Origins=listed({**bucket, "OriginAccessControlId": control or ""}, web))


def reached(cloud: CloudFront, one: str) -> dict[Any, Any]:
    """The distribution and what it refers to."""
    found = cloud.everything()
    text = found["distribution", one][0]
    used = {
        (kind, name)
        for kind, name in found
        if (f"function/{name}<" if kind == "function" else f">{kind}:{name}<") in text
    }
    return _sorted({key: found[key] for key in {("distribution", one), *used}})


def test_whatever_was_changed_is_restored_and_undone_exactly(cloud: CloudFront, tmp_path: Path):
    number = 0

    @in_rounds(ROUNDS, 4)
    @given(st.lists(OPS, min_size=3, max_size=20), st.lists(OPS, min_size=1, max_size=12))
    def there_and_back(state: list[Any], mutation: list[Any]) -> None:
        nonlocal number
        number += 1
        cloud.things.clear()
        one = make(cloud)
        place = project(tmp_path / f"project{number}", settings(cloud.url, one))
        run(cloud, one, state)
        goes_and_comes(place, lambda: reached(cloud, one), lambda: run(cloud, one, mutation))

    there_and_back()


# Failures


def good(cloud: CloudFront, one: str) -> None:
    _run(cloud, one, "policy", "one", 1)
    _run(cloud, one, "function", "one", "return 1;\n")
    _run(cloud, one, "behavior", ("one", None, "one"), True)


def bad(cloud: CloudFront, one: str) -> None:
    """What takes a policy, a function in two steps and a distribution to bring back."""
    _run(cloud, one, "policy", "one", 2)
    _run(cloud, one, "function", "one", "return 2;\n")
    _run(cloud, one, "Comment", "other", None)


WRITES = ["PUT cache-policy", "PUT function", "POST function", "PUT distribution"]


@pytest.mark.parametrize("how", FAILURES)
def test_one_failure_is_overcome_and_nothing_is_done_twice(cloud: CloudFront, tmp_path: Path, how: Failure):
    one = make(cloud)
    place = project(tmp_path / "project", settings(cloud.url, one, more="timeout = 1\n"))
    good(cloud, one)
    promised, taken = reached(cloud, one), place.take()
    bad(cloud, one)
    cloud.faults.through()
    well(place.restore(taken.commit))
    total = cloud.faults.requests
    for at in range(1 if EVERY else FAILURES.index(how) + 1, total + 1, STEP):
        bad(cloud, one)
        cloud.writes.clear()
        cloud.faults.fail(at, how)
        well(place.restore(taken.commit))
        cloud.faults.through()
        assert cloud.writes == WRITES, at
        assert reached(cloud, one) == promised, at


@pytest.mark.parametrize(
    ("how", "way"), ways(EVERY, ("refused", "resume"), ("reset", "abort"), ("busy", "resume"))
)
def test_an_api_that_stays_away_leaves_a_way_on_and_a_way_back(
    cloud: CloudFront, tmp_path: Path, how: Failure, way: str
):
    one = make(cloud)
    place: Project = project(tmp_path / "project", settings(cloud.url, one, more="timeout = 1\n"))
    good(cloud, one)
    promised, taken = reached(cloud, one), place.take()
    bad(cloud, one)
    changed = reached(cloud, one)
    cloud.faults.through()
    well(place.restore(taken.commit))
    interrupted = 0
    for at in range(1 if EVERY else 2, cloud.faults.requests + 1, STEP):
        bad(cloud, one)
        cloud.faults.fail(at, how, down=True)
        end = "nothing"
        with suppress(SnapError):
            end = "done" if place.restore(taken.commit).verified else "nothing"
        cloud.faults.through()
        if journal.unfinished(place.ws.store.workspace("journal")) is not None:
            interrupted += 1
            end = way
            well(getattr(place, way)())
        assert reached(cloud, one) == (promised if end in ("done", "resume") else changed), at
    assert interrupted >= 1
