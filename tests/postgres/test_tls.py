"""Servers that let nobody in without TLS: their certificate is checked, and a client may show its own."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from snapstore import embedded
from tests.conftest import Snap
from tests.postgres.conftest import Project
from tests.postgres.servers import installed

VERSION = 16
"""That of the programs that are built with OpenSSL."""
RULES = """
local all postgres trust
hostssl all snap_certified 127.0.0.1/32 cert
hostssl all snap_login 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class Secured:
    server: embedded.Server
    folder: Path

    def url(self, user: str, **more: str) -> str:
        words = {"host": "localhost", "hostaddr": "127.0.0.1", "port": self.server.port, "user": user, **more}
        return " ".join(f"{key}={value}" for key, value in {"dbname": "tls", **words}.items())


def certified(folder: Path, name: str, common_name: str, by: str | None = None) -> None:
    """Write ``name.crt`` and ``name.key``, signed by another one of the folder, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    issuer, signer = subject, key
    if by:
        issuer = x509.load_pem_x509_certificate((folder / f"{by}.crt").read_bytes()).subject
        loaded = serialization.load_pem_private_key((folder / f"{by}.key").read_bytes(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)
        signer = loaded
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(1)).not_valid_after(
        now + datetime.timedelta(9)
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    pem = serialization.Encoding.PEM
    (folder / f"{name}.crt").write_bytes(builder.sign(signer, hashes.SHA256()).public_bytes(pem))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / f"{name}.key").write_bytes(key.private_bytes(pem, form, plain))
    (folder / f"{name}.key").chmod(0o600)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    if VERSION not in installed():
        pytest.skip(f"needs a PostgreSQL {VERSION}, which is not installed")
    folder = tmp_path_factory.mktemp("tls")
    for name, common_name, by in (
        ("ca", "ours", None),
        ("server", "db", "ca"),
        ("client", "snap_certified", "ca"),
    ):
        certified(folder, name, common_name, by)
    with embedded.temporary(installed()[VERSION]) as server:
        data = server.directory / "data"
        for name in ("ca.crt", "server.crt", "server.key"):
            (data / name).write_bytes((folder / name).read_bytes())
            (data / name).chmod(0o600)
            if server.account:
                os.chown(data / name, *server.account)
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for text in ("ssl = on", "ssl_ca_file = 'ca.crt'"):
                connection.execute(f"ALTER SYSTEM SET {text}".encode())
            connection.execute("CREATE ROLE snap_certified SUPERUSER LOGIN")
            connection.execute("CREATE ROLE snap_login SUPERUSER LOGIN PASSWORD 'known'")
            connection.execute("CREATE DATABASE tls")
            (data / "pg_hba.conf").write_text(RULES)
            connection.execute("SELECT pg_reload_conf()")
        yield Secured(server, folder)


def there_and_back(snap: Snap, admin: str, url: str) -> None:
    project = Project(snap, admin)
    snap.env["DATABASE_URL"] = url
    project.configure(url="${DATABASE_URL}")
    project.sql("CREATE TABLE t (id int PRIMARY KEY)")
    before = project.dump()
    snap("take", "-m", "x", code=0)
    project.sql("ALTER TABLE t ADD y int; INSERT INTO t VALUES (1, 2)")
    snap("restore", "HEAD", "--yes", code=0)
    assert project.dump() == before
    snap("undo", "--yes", code=0)
    assert project.sql("SELECT * FROM t") == [(1, 2)]
    project.sql("DROP TABLE t")


def test_a_certificate_is_enough_to_restore(snap: Snap, secured: Secured) -> None:
    files = {key: f"{secured.folder}/client.{end}" for key, end in (("sslcert", "crt"), ("sslkey", "key"))}
    root = f"{secured.folder}/ca.crt"
    url = secured.url("snap_certified", sslmode="verify-full", sslrootcert=root, **files)
    there_and_back(snap, secured.server.url("tls"), url)


def test_several_hosts_a_password_file_and_a_checked_server_go_together(snap: Snap, secured: Secured) -> None:
    passwords = snap.home / "pass"
    passwords.write_text(f"localhost:{secured.server.port}:*:snap_login:known\n")
    passwords.chmod(0o600)
    snap.env["PGPASSFILE"] = str(passwords)
    more = {
        "host": "localhost,localhost",
        "hostaddr": "127.0.0.1,127.0.0.1",
        "port": f"1,{secured.server.port}",
    }
    root = f"{secured.folder}/ca.crt"
    more |= {"sslmode": "verify-full", "sslrootcert": root, "channel_binding": "require"}
    url = secured.url("snap_login", target_session_attrs="read-write", **more)
    there_and_back(snap, secured.server.url("tls"), url)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"sslmode": "disable"}, "no encryption"),
        ({"sslmode": "verify-full", "sslrootcert": "client.crt"}, "certificate verify failed"),
    ],
)
def test_a_server_that_is_not_trusted_or_trusts_not_is_told_so(
    snap: Snap, secured: Secured, more: dict[str, str], told: str
) -> None:
    if "sslrootcert" in more:
        more = {**more, "sslrootcert": f"{secured.folder}/{more['sslrootcert']}"}
    snap.env["DATABASE_URL"] = secured.url("snap_login", password="known", **more)
    Project(snap, "").configure(url="${DATABASE_URL}")
    done = snap("take", "-m", "x", code=1)
    assert told in done.stderr and "known" not in done.stderr
