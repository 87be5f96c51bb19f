"""Promises of sealing, of the keys of a store, and of the redactor."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapstore.errors import SnapError
from snapstore.model import Fact, FactChange
from snapstore.secrets import (
    REDACTOR,
    Keys,
    Redactor,
    check,
    create_keys,
    keyref,
    keyring,
    open_keys,
    recipients,
)
from snapstore.secrets import identity as identities

CANARY = b"canary-7f3b-do-not-show"


def new_key() -> str:
    return b64encode(os.urandom(64)).decode()


def keys_of(*words: str) -> Keys:
    return open_keys(Path("/nonexistent"), {"SNAPSTORE_KEY": " ".join(words), "HOME": "/nonexistent"})


def token(keys: Keys, value: bytes, identity: str = "var:A", resource: str = "env") -> str:
    return keys.seal(resource, identity, value)["$sealed"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    return path


def user(tmp_path: Path, name: str) -> dict[str, str]:
    return {"HOME": str(tmp_path / name), "USER": name}


# --- sealing ---------------------------------------------------------------------------------------------


@given(st.binary(max_size=2000))
def test_every_value_comes_back(value: bytes) -> None:
    keys = keys_of(KEY)
    assert keys.unseal("env", "var:A", token(keys, value)) == value


KEY = new_key()


@given(st.binary(max_size=300))
def test_an_unchanged_secret_gives_an_unchanged_token(value: bytes) -> None:
    assert token(keys_of(KEY), value) == token(keys_of(KEY), value)


def test_another_place_gives_another_token() -> None:
    keys = keys_of(KEY)
    places = [("env", "var:A"), ("env", "var:B"), ("env2", "var:A"), ("en", "vvar:A")]
    assert len({token(keys, CANARY, identity, resource) for resource, identity in places}) == len(places)


@pytest.mark.parametrize("place", [("env", "var:B"), ("other", "var:A")])
def test_a_token_that_was_moved_is_refused(place: tuple[str, str]) -> None:
    keys = keys_of(KEY)
    with pytest.raises(SnapError, match="altered, or moved"):
        keys.unseal(*place, token(keys, CANARY))


@given(st.data())
def test_a_token_altered_in_one_character_is_refused(data: st.DataObject) -> None:
    keys = keys_of(KEY)
    sealed = token(keys, CANARY)
    at = data.draw(st.integers(0, len(sealed) - 1))
    other = data.draw(st.sampled_from([c for c in "ABCxyz019-_" if c != sealed[at]]))
    with pytest.raises(SnapError):
        keys.unseal("env", "var:A", sealed[:at] + other + sealed[at + 1 :])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("", "not a token"),
        ("v1.zzz.AAAA", "not a token"),
        ("v9.01234567.AAAA", "newer snapstore"),
    ],
)
def test_what_is_no_token_is_told_so(broken: str, message: str) -> None:
    with pytest.raises(SnapError, match=message):
        keys_of(KEY).unseal("env", "var:A", broken)


def test_a_short_token_body_is_refused() -> None:
    keys = keys_of(KEY)
    head = token(keys, CANARY).rpartition(".")[0]
    for body in ("A", "AA", "AAAA", "A" * 22):
        with pytest.raises(SnapError):
            keys.unseal("env", "var:A", f"{head}.{body}")


def test_the_length_of_a_token_does_not_tell_that_of_a_short_value() -> None:
    keys = keys_of(KEY)
    assert len({len(token(keys, b"x" * size)) for size in range(128)}) == 1


@given(st.integers(0, 5000))
def test_the_length_of_a_token_tells_a_power_of_two_only(size: int) -> None:
    body = keys_of(KEY).seal("env", "var:A", b"x" * size)["$sealed"].rpartition(".")[2]
    padded = len(body) * 3 // 4 - 16
    assert padded >= 128 and padded & (padded - 1) == 0 and size < padded <= max(128, 2 * size)


def test_tokens_say_which_key_sealed_them_and_the_error_which_keys_are_here() -> None:
    sealed = token(keys_of(KEY), CANARY)
    here = keys_of(new_key())
    own = token(here, b"x").split(".")[1]
    with pytest.raises(SnapError) as caught:
        here.unseal("env", "var:A", sealed)
    assert f"sealed with key {sealed.split('.')[1]}, this machine has {own}" in str(caught.value)


def test_older_keys_in_the_environment_still_unseal() -> None:
    old, new = new_key(), new_key()
    sealed = token(keys_of(old), CANARY)
    both = keys_of(new, old)
    assert both.unseal("env", "var:A", sealed) == CANARY
    assert token(both, CANARY) == token(keys_of(new), CANARY)


def test_same_compares_across_a_rotation_and_admits_what_it_cannot_tell() -> None:
    old, new = new_key(), new_key()
    before, after = token(keys_of(old), CANARY), token(keys_of(new), CANARY)
    both = keys_of(new, old)
    assert both.same("env", "var:A", before, after) is True
    assert both.same("env", "var:A", before, token(keys_of(new), b"other")) is False
    assert keys_of(new).same("env", "var:A", before, after) is None
    assert keys_of(new).same("env", "var:A", before, token(keys_of(old), b"other")) is False
    assert keys_of(new).same("env", "var:A", before, before) is True


def test_a_fact_that_was_only_resealed_is_told_from_one_that_changed() -> None:
    old, new = new_key(), new_key()
    both = keys_of(new, old)

    def fact(keys: Keys, value: bytes, mode: str = "0600") -> Fact:
        return Fact("var:A", {"mode": mode, "all": [keys.seal("env", "var:A", value), "clear"]})

    before = fact(keys_of(old), CANARY)
    assert both.only_resealed("env", FactChange("var:A", before, fact(both, CANARY)))
    assert not both.only_resealed("env", FactChange("var:A", before, fact(both, b"other")))
    assert not both.only_resealed("env", FactChange("var:A", before, fact(both, CANARY, "0644")))
    assert not both.only_resealed("env", FactChange("var:A", before, None))
    assert not keys_of(new).only_resealed("env", FactChange("var:A", before, fact(both, CANARY)))


def test_keys_work_from_many_threads() -> None:
    keys = keys_of(KEY)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(token(keys, CANARY))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1


# --- the keys of a store ---------------------------------------------------------------------------------


def test_the_first_take_makes_an_identity_and_a_data_key(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    keys = create_keys(store, alice)
    file = tmp_path / "alice/.config/snapstore/identity.txt"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [str(file) in notice.text and "copy" in notice.text for notice in keys.notices] == [True]
    sealed = token(keys, CANARY)
    assert open_keys(store, alice).unseal("env", "var:A", sealed) == CANARY


def test_creating_again_changes_nothing(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    first = create_keys(store, alice)
    before = keyref.read(store), identities.path_of(alice).read_bytes()
    again = create_keys(store, alice)
    assert again.notices == []
    assert (keyref.read(store), identities.path_of(alice).read_bytes()) == before
    assert token(first, CANARY) == token(again, CANARY)


def test_an_identity_of_age_keygen_is_reused_and_left_as_it_is(store: Path, tmp_path: Path) -> None:
    other = user(tmp_path, "other")
    secret = create_keys(store, other) and identities.read(other)
    assert secret is not None
    mine = tmp_path / "mine.txt"
    mine.write_text(f"# created: long ago\n# public key: {secret.recipients[0]}\n{secret.secrets[0]}\n\n")
    before = mine.read_bytes()
    env = {"HOME": str(tmp_path / "x"), "SNAPSTORE_IDENTITY": str(mine)}
    assert create_keys(store, env).available
    assert mine.read_bytes() == before
    assert not (tmp_path / "x").exists()


def test_a_broken_identity_file_is_never_overwritten(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    file = identities.path_of(alice)
    file.parent.mkdir(parents=True)
    file.write_bytes(CANARY)
    with pytest.raises(SnapError, match="not an age identity file") as caught:
        create_keys(store, alice)
    assert file.read_bytes() == CANARY
    assert CANARY.decode() not in str(caught.value) and str(file) in str(caught.value)


def test_an_identity_that_appears_meanwhile_is_used_and_not_replaced(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    first = identities.create(alice)
    before = first.path.read_bytes()
    assert identities.create(alice) == first
    assert first.path.read_bytes() == before
    assert [path.name for path in first.path.parent.iterdir()] == ["identity.txt"]


def test_with_the_key_in_the_environment_nothing_is_made(store: Path, tmp_path: Path) -> None:
    env = {**user(tmp_path, "ci"), "SNAPSTORE_KEY": new_key()}
    assert create_keys(store, env).available
    assert not (tmp_path / "ci").exists() and keyref.read(store) is None


@pytest.mark.parametrize("broken", ["canary-not-base64!", b64encode(b"canary-too-short").decode()])
def test_a_malformed_key_in_the_environment_is_one_error_without_it(
    store: Path, tmp_path: Path, broken: str
) -> None:
    keys = open_keys(store, {**user(tmp_path, "ci"), "SNAPSTORE_KEY": broken})
    assert not keys.available
    with pytest.raises(SnapError, match="SNAPSTORE_KEY: not a data key") as caught:
        keys.seal("env", "var:A", CANARY)
    assert broken not in repr(caught.value) + str(caught.value)


def test_without_any_key_the_error_says_what_to_do(tmp_path: Path, store: Path) -> None:
    for place in (store, tmp_path / "no-store"):
        keys = open_keys(place, user(tmp_path, "nobody"))
        assert not keys.available
        with pytest.raises(SnapError, match="snap key init"):
            keys.seal("env", "var:A", CANARY)


def test_who_is_no_recipient_is_told_which_public_key_to_hand_over(store: Path, tmp_path: Path) -> None:
    sealed = token(create_keys(store, user(tmp_path, "alice")), CANARY)
    bob = user(tmp_path, "bob")
    with pytest.raises(SnapError, match="no age identity"):
        open_keys(store, bob).unseal("env", "var:A", sealed)
    keys = create_keys(store, bob)
    mine = identities.read(bob)
    assert mine is not None and not keys.available
    with pytest.raises(SnapError, match=f"snap key add-recipient {mine.recipients[0]}"):
        keys.unseal("env", "var:A", sealed)


def test_an_added_recipient_reads_what_was_sealed_before(store: Path, tmp_path: Path) -> None:
    alice, bob = user(tmp_path, "alice"), user(tmp_path, "bob")
    sealed = token(create_keys(store, alice), CANARY)
    create_keys(store, bob)
    mine = identities.read(bob)
    assert mine is not None
    assert recipients.add(store, alice, mine.recipients[0], "bob") is True
    assert recipients.add(store, alice, mine.recipients[0], "bob") is False
    assert open_keys(store, bob).unseal("env", "var:A", sealed) == CANARY
    assert recipients.overview(store, bob).recipients[mine.recipients[0]] == "bob"


def test_after_rotation_new_tokens_have_a_new_key_and_old_ones_still_open(
    store: Path, tmp_path: Path
) -> None:
    alice = user(tmp_path, "alice")
    old = token(create_keys(store, alice), CANARY)
    fresh = recipients.rotate(store, alice)
    keys = open_keys(store, alice)
    new = token(keys, CANARY)
    assert new.split(".")[1] == fresh != old.split(".")[1]
    assert keys.unseal("env", "var:A", old) == CANARY
    assert keys.same("env", "var:A", old, new) is True


def test_a_removed_recipient_reads_the_past_and_nothing_new(store: Path, tmp_path: Path) -> None:
    alice, bob = user(tmp_path, "alice"), user(tmp_path, "bob")
    old = token(create_keys(store, alice), CANARY)
    create_keys(store, bob)
    mine = identities.read(bob)
    assert mine is not None
    recipients.add(store, alice, mine.recipients[0], "bob")
    past = open_keys(store, bob)
    assert past.unseal("env", "var:A", old) == CANARY
    recipients.remove(store, alice, "bob")
    new = token(open_keys(store, alice), CANARY)
    for keys in (past, open_keys(store, bob)):
        with pytest.raises(SnapError):
            keys.unseal("env", "var:A", new)


def test_the_last_recipient_cannot_be_removed(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    create_keys(store, alice)
    before = keyref.read(store)
    with pytest.raises(SnapError, match="last recipient"):
        recipients.remove(store, alice, "alice")
    with pytest.raises(SnapError, match="no recipient of this store"):
        recipients.remove(store, alice, "carol")
    assert keyref.read(store) == before


def test_only_public_keys_become_recipients_and_secret_ones_are_not_repeated(
    store: Path, tmp_path: Path
) -> None:
    alice = user(tmp_path, "alice")
    create_keys(store, alice)
    mine = identities.read(alice)
    assert mine is not None
    with pytest.raises(SnapError) as caught:
        recipients.add(store, alice, mine.secrets[0])
    assert mine.secrets[0] not in str(caught.value) and "secret key" in str(caught.value)
    with pytest.raises(SnapError, match="not an age public key: 'age1nonsense'"):
        recipients.add(store, alice, "age1nonsense")


def test_a_key_from_the_environment_can_be_handed_to_recipients(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    ci = {**user(tmp_path, "ci"), "SNAPSTORE_KEY": new_key()}
    sealed = token(create_keys(store, ci), CANARY)
    identities.create(alice)
    mine = identities.read(alice)
    assert mine is not None
    recipients.add(store, ci, mine.recipients[0], "alice")
    assert open_keys(store, alice).unseal("env", "var:A", sealed) == CANARY
    with pytest.raises(SnapError, match="in front of the old one"):
        recipients.rotate(store, ci)


def test_a_store_with_snapshots_but_without_its_keys_gets_no_new_key_by_accident(
    store: Path, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    subprocess.run(["git", "clone", "-q", str(store), str(work)], check=True, capture_output=True)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    commit = ["git", "-C", str(work), *identity, "commit", "-q", "--allow-empty", "-m", "a snapshot"]
    subprocess.run(commit, check=True)
    subprocess.run(["git", "-C", str(work), "push", "-q", "origin", "HEAD:main"], check=True)
    alice = user(tmp_path, "alice")
    keys = create_keys(store, alice)
    with pytest.raises(SnapError, match="git fetch"):
        keys.seal("env", "var:A", CANARY)
    assert create_keys(store, alice, anew=True).available


def test_the_keys_travel_with_the_store_and_git_finds_nothing_wrong(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    sealed = token(create_keys(store, alice), CANARY)
    recipients.rotate(store, alice)
    subprocess.run(["git", "-C", str(store), "fsck", "--full", "--strict"], check=True, capture_output=True)
    subprocess.run(["git", "-C", str(store), "gc", "-q", "--prune=now"], check=True)
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", "--mirror", str(store), str(copy)], check=True)
    assert open_keys(copy, alice).unseal("env", "var:A", sealed) == CANARY


def test_two_first_takes_at_once_end_with_one_identity_and_one_key(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(token(create_keys(store, alice), CANARY)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1


def test_a_change_of_the_keys_at_the_same_time_is_noticed(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    create_keys(store, alice)
    seen = keyref.read(store)
    assert seen is not None
    recipients.rotate(store, alice)
    assert keyref.write(store, seen.data, "late", seen) is False


def test_a_recipient_slipped_in_without_the_key_is_noticed(store: Path, tmp_path: Path) -> None:
    alice, mallory = user(tmp_path, "alice"), user(tmp_path, "mallory")
    create_keys(store, alice)
    identities.create(mallory)
    other = identities.read(mallory)
    stored = keyref.read(store)
    assert other is not None and stored is not None
    ring = json.loads(stored.data)
    ring["recipients"][other.recipients[0]] = "alice's new laptop"
    assert keyref.write(store, json.dumps(ring).encode(), "quietly", stored)
    with pytest.raises(SnapError, match="changed by somebody who does not have the key"):
        recipients.rotate(store, alice)


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"format": 1}', b'{"format": 1, "recipients": {}, "keys": []}']
)
def test_a_broken_keyring_is_one_clear_error(store: Path, tmp_path: Path, data: bytes) -> None:
    alice = user(tmp_path, "alice")
    identities.create(alice)
    keyref.write(store, data, "broken", None)
    with pytest.raises(SnapError, match="keyring of the store is damaged"):
        open_keys(store, alice).seal("env", "var:A", CANARY)


def test_a_keyring_of_a_newer_format_is_told_so() -> None:
    with pytest.raises(SnapError, match="newer snapstore"):
        keyring.decode(b'{"format": 2, "something": "else"}')


def test_a_keyring_whose_object_is_gone_is_one_clear_error(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    create_keys(store, alice)
    for item in (store / "objects").glob("??/*"):
        item.chmod(0o600)
        item.write_bytes(b"rubbish")
    with pytest.raises(SnapError, match="keys of the store are damaged"):
        open_keys(store, alice).seal("env", "var:A", CANARY)


def test_no_key_material_is_in_the_store(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    create_keys(store, alice)
    stored, mine = keyref.read(store), identities.read(alice)
    assert stored is not None and mine is not None
    (secret,) = keyring.open_with(keyring.decode(stored.data), mine.secrets) or ()
    assert mine.secrets[0].encode() not in stored.data
    assert b64encode(secret) not in stored.data and secret.hex().encode() not in stored.data
    assert mine.secrets[0] not in repr(mine)


def test_where_no_store_is_no_key_is_made_either(tmp_path: Path) -> None:
    with pytest.raises(SnapError, match="there is no store here"):
        create_keys(tmp_path / "nothing", user(tmp_path, "alice"))
    assert not (tmp_path / "alice").exists()


# --- doctor ----------------------------------------------------------------------------------------------


def test_doctor_is_silent_when_the_keys_are_well(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    create_keys(store, alice)
    assert check(store, alice) == []


def test_doctor_warns_of_an_identity_that_others_can_read(store: Path, tmp_path: Path) -> None:
    alice = user(tmp_path, "alice")
    create_keys(store, alice)
    file = identities.path_of(alice)
    file.chmod(0o644)
    (notice,) = check(store, alice)
    assert f"chmod 600 '{file}'" in notice.text


def test_doctor_tells_of_a_key_in_the_environment_that_others_do_not_have(
    store: Path, tmp_path: Path
) -> None:
    alice = user(tmp_path, "alice")
    create_keys(store, alice)
    (notice,) = check(store, {**alice, "SNAPSTORE_KEY": new_key()})
    assert notice.subject == "SNAPSTORE_KEY" and "recipients" in notice.text


def test_a_key_in_the_environment_is_enough_whatever_the_identity_file_holds(
    store: Path, tmp_path: Path
) -> None:
    alice = user(tmp_path, "alice")
    create_keys(store, alice)
    identities.path_of(alice).write_text("rubbish")
    env = {**alice, "SNAPSTORE_KEY": new_key()}
    keys = open_keys(store, env)
    assert keys.unseal("env", "var:A", token(keys, CANARY)) == CANARY
    (notice,) = check(store, env)
    assert "not an age identity file" in notice.text and "\n" not in notice.text


def test_doctor_tells_a_missing_key(store: Path, tmp_path: Path) -> None:
    (notice,) = check(store, user(tmp_path, "nobody"))
    assert "snap key init" in notice.text


# --- the redactor ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("s3cret value", "it is s3cret value here"),
        ("a/b c+d&é", "GET /?p=a%2Fb%20c%2Bd%26%C3%A9 HTTP"),
        ("a/b c+d&é", "GET /?p=a%2fb%20c%2bd%26%c3%a9 HTTP"),
        ("a/b c+d", "p=a%2Fb+c%2Bd&x"),
        ('say "hi"\there', r'{"v": "say \"hi\"\there"}'),
        ("o'brien's", "SET x = 'o''brien''s'"),
        ("ключик", json.dumps({"v": "ключик"})),
        ("line one is long\nline two is long", "error near: line two is long"),
        ("line one is long\nline two is long", repr("line one is long\nline two is long")),
        ("postgres://app:p%40ss-word@db/x", "password authentication failed for p@ss-word"),
        (b"\xff\xfebinary", repr(b"\xff\xfebinary")),
        ("odd\ud800surrogate", "an odd\ud800surrogate here"),
        ("s3cret>value?", f"Authorization: Basic {b64encode(b'user:s3cret>value?').decode()}"),
        ("s3cret>value?", f"Authorization: Basic {b64encode(b'app:s3cret>value?').decode()}"),
        ("s3cret>value?", f"token {urlsafe_b64encode(b's3cret>value?:x').decode()}"),
        ("s3cret value", f"x = '\\x{b's3cret value'.hex()}'"),
    ],
)
def test_a_registered_secret_is_masked_in_every_spelling(secret: str | bytes, text: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    masked = redactor.redact(text)
    assert "***" in masked
    readable = secret if isinstance(secret, str) else secret.decode("latin-1")
    for piece in readable.split("\n"):
        assert piece not in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgres://app:hunter2@db:5432/x failed", "postgres://app:***@db:5432/x failed"),
        ("redis://:hunter2@localhost", "redis://:***@localhost"),
        ("postgres://app:hun@ter2@db/x", "postgres://app:***@db/x"),
        ("host=db password=hunter2 user=app", "host=db password=*** user=app"),
        ("password = 'hun ter2' user=app", "password = *** user=app"),
        ("PGPASSWORD=hunter2 psql", "PGPASSWORD=*** psql"),
        ("?user=app&password=hunter2&x=1", "?user=app&password=***&x=1"),
        ("ALTER ROLE app PASSWORD 'hun''ter2';", "ALTER ROLE app PASSWORD ***;"),
        ("{'password': 'hunter2', 'x': 1}", "{'password': ***, 'x': 1}"),
    ],
)
def test_passwords_are_masked_without_being_registered(text: str, masked: str) -> None:
    assert Redactor().redact(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8080/path and me@example.org",
        "password authentication failed for user app",
        "see https://example.org/a@b",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert Redactor().redact(text) == text


@pytest.mark.parametrize("common", ["", "abc", "true", "5432", "production", "  no "])
def test_values_too_common_to_be_secrets_are_not_masked(common: str) -> None:
    redactor = Redactor()
    redactor.add(common)
    assert redactor.redact("abc true 5432 production no") == "abc true 5432 production no"


def test_the_value_inside_quotes_is_a_secret_too() -> None:
    redactor = Redactor()
    redactor.add("'quoted secret'")
    assert redactor.redact("it was quoted secret") == "it was ***"


@pytest.mark.parametrize(
    "text", ["a" * 200_000, "password" * 20_000, "x://a:" * 20_000, "password='" * 10_000]
)
def test_no_text_is_slow_to_redact(text: str) -> None:
    # What is quadratic takes minutes here, and so fails by the time limit of the whole suite.
    redactor = Redactor()
    redactor.add("aaaa")
    assert len(redactor.redact(text)) <= len(text)


def test_overlapping_secrets_leave_no_rest() -> None:
    redactor = Redactor()
    for secret in ("abcdefgh", "efghijkl", "abcd", "defghi"):
        redactor.add(secret)
    assert redactor.redact("<abcdefghijkl>") == "<***>"


@given(st.lists(st.text(min_size=6, max_size=12), max_size=5), st.text(max_size=10), st.text(max_size=10))
def test_no_registered_secret_is_left_in_any_text(secrets: list[str], head: str, tail: str) -> None:
    redactor = Redactor()
    for secret in secrets:
        redactor.add(secret)
    known = [s for s in secrets if redactor.redact(s) == "***" and "*" not in s]
    text = redactor.redact(head + "|".join(known) + tail)
    assert not [secret for secret in known if secret in text]


def test_what_was_unsealed_is_known_to_the_redactor_of_the_process() -> None:
    keys = keys_of(KEY)
    value = b"unsealed-" + os.urandom(6).hex().encode()
    sealed = token(keys, value)
    keys.unseal("env", "var:A", sealed)
    text = f"x {value.decode()} y"
    assert REDACTOR.redact(text) == text  # results are made of tokens, and names in them have to be shown
    assert REDACTOR.redact(text, sealed=True) == "x *** y"


def test_what_is_sealed_is_known_to_the_redactor_of_the_process() -> None:
    value = b"sealed-" + os.urandom(6).hex().encode()
    keys_of(KEY).seal("env", "var:A", value)
    assert REDACTOR.redact(f"x {value.decode()} y", sealed=True) == "x *** y"


def test_importing_secrets_loads_no_cryptography() -> None:
    code = (
        "import sys, snapstore.secrets as s; s.open_keys; "
        "print([m for m in ('cryptography', 'pyrage', 'dulwich') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
