"""What a plan warns of, how long it says a change takes, and the order in which a zone is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore.errors import Exit, SnapError
from snapstore.model import Plan
from snapstore_dns.records import Change, RecordSet
from snapstore_dns.sequence import Sets, by_owner, in_order
from snapstore_dns.wording import duration
from tests.dns import servers
from tests.dns.conftest import ZONE
from tests.dns.conftest import settings as configured
from tests.project import Project, project, well


@pytest.fixture
def place(bind: servers.Server, tmp_path: Path) -> Project:
    return project(tmp_path / "project", configured(bind.address))


def texts(plan: Plan) -> list[str]:
    return [f"{hazard.name}: {hazard.text}" for action in plan.actions for hazard in action.hazards]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("+ @ 300 MX 10 ns1",), "example.com has no MX any more"),
        (("+ new 60 A 192.0.2.1",), "new.example.com has no address any more"),
        (("+ new 60 CNAME www",), "new.example.com has no address any more"),
        (("+ @ 3600 NS ns2.example.net.",), "the name servers of example.com change"),
        (("+ @ 3600 SOA ns1 hostmaster 9 1 2 3 4",), "the SOA of example.com changes"),
        (("- www A", "+ www 60 CNAME ns1"), None),
        (("- www AAAA",), None),
        (("+ www 60 TXT new",), None),
        (("+ sub 60 NS ns1",), None),
        (tuple(f"+ t{number} 60 TXT x" for number in range(8)), "8 of the 12 record sets of example.com go"),
        (tuple(f"+ t{number} 60 TXT x" for number in range(3)), None),
    ],
)
def test_what_hurts_is_refused_unless_allowed_by_name(
    bind: servers.Server, place: Project, change: tuple[str, ...], words: str | None
):
    bind.update(ZONE, "+ www 60 A 192.0.2.1", "+ www 60 AAAA 2001:db8::1")
    before, taken = bind.records(ZONE), place.take()
    bind.update(ZONE, *change)
    found = texts(place.plan())
    if words is None:
        assert not found
        well(place.restore(taken.commit, allow=()))
    else:
        assert any(text.startswith(f"downtime: {words}") for text in found), found
        with pytest.raises(SnapError) as caught:
            place.restore(taken.commit, allow=())
        assert caught.value.code == Exit.REFUSED
        well(place.restore(taken.commit))
    assert bind.records(ZONE) == before


def test_the_share_of_a_zone_that_may_go_is_set(bind: servers.Server, tmp_path: Path):
    place = project(tmp_path / "project", configured(bind.address) + "max_removed = 0.9\n")
    taken = place.take()
    bind.update(ZONE, *(f"+ t{number} 60 TXT x" for number in range(20)))
    assert len(texts(place.plan())) == 1
    bind.update(ZONE, *(f"- t{number}" for number in range(4)))
    well(place.restore(taken.commit, "dns:t[1]*", allow=()))


def test_a_plan_tells_how_long_old_answers_may_live(bind: servers.Server, place: Project):
    bind.update(ZONE, "+ gone 60 A 192.0.2.1", "+ www 90 A 192.0.2.1")
    place.take()
    bind.update(ZONE, "- gone", "+ new 7200 TXT x", "- www", "+ www 600 A 192.0.2.2")
    told = {action.subject: action.summary for action in place.plan().actions}
    assert told == {
        "rrset:gone.example.com/A": "create gone.example.com A: 192.0.2.1 "
        "(resolvers may give the old answer for 5 min)",
        "rrset:new.example.com/TXT": 'delete new.example.com TXT: "x" '
        "(resolvers may give the old answer for 2 h)",
        "rrset:www.example.com/A": "change www.example.com A: 192.0.2.2 → 192.0.2.1 "
        "(resolvers may give the old answer for 10 min)",
    }
    assert [duration(n) for n in (0, 45, 5400, 90061)] == ["0 s", "45 s", "1 h 30 min", "1 d 1 h"]


# The order


NAMES = [f"h{number}" for number in range(6)]
Hosts = Mapping[str, str]


@st.composite
def hosts(draw: st.DrawFn) -> Hosts:
    """Names with an address, or an alias of another one; no alias leads back to itself."""
    found = {}
    for place, name in enumerate(draw(st.permutations(NAMES))):
        found[name] = draw(st.sampled_from(["", "A", *list(found)[:place]]))
    return {name: what for name, what in found.items() if what}


def record(name: str, hosts: Hosts) -> RecordSet | None:
    what = hosts.get(name)
    if what is None:
        return None
    if what == "A":
        return RecordSet(f"{name}.example.com", "A", 60, ("192.0.2.1",))
    return RecordSet(f"{name}.example.com", "CNAME", 60, (f"{what}.example.com.",))


def sets(hosts: Hosts) -> Sets:
    return by_owner(one for name in NAMES if (one := record(name, hosts)))


def changes(before: Hosts, after: Hosts) -> Iterator[Change]:
    for name in NAMES:
        old, new = record(name, before), record(name, after)
        if old == new:
            continue
        if old and new and old.type == new.type:
            yield Change(*old.key[:2], old, new)
        else:
            yield from (Change(*old.key[:2], old, None) for _ in [0] if old)
            yield from (Change(*new.key[:2], None, new) for _ in [0] if new)


def resolves(name: str, hosts: Hosts) -> bool:
    seen = set()
    while name in hosts and name not in seen:
        if hosts[name] == "A":
            return True
        seen.add(name)
        name = hosts[name]
    return False


@given(hosts(), hosts())
def test_no_name_is_without_an_address_between_two_steps(before: Hosts, after: Hosts):
    """As if each name had a message of its own."""
    kept = {name for name in NAMES if resolves(name, before) and resolves(name, after)}
    now = dict(before)
    for owner, _ in groupby(
        in_order(ZONE, changes(before, after), sets(before), sets(after)), key=lambda change: change.owner
    ):
        name = owner.partition(".")[0]
        now.pop(name, None)
        if name in after:
            now[name] = after[name]
        assert not [one for one in kept if not resolves(one, now)], (owner, now)
    assert now == dict(after)
