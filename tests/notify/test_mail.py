"""Messages by mail, through Apprise into a real SMTP server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from snapstore.embedded import free_port
from tests.conftest import Snap

PASSWORD = "canary-mail-0123456789"
CONFIG = """
[resources.build]
adapter = "files"
path = "dist"

[notify]
to = [{{ url = "mailto://snap:${{MAIL_PASSWORD}}@127.0.0.1:{port}?{query}", name = "leads" }}]
timeout = 20
"""
QUERY = "mode=insecure&from=snap@shop.example&to=ann@shop.example,bob@shop.example"


@dataclass
class Mailbox:
    """What came, with whom each was for. ``refuses`` is for whom nothing is taken."""

    came: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refuses: str = ""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address == self.refuses:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        message = BytesParser(EmailMessage, policy=default).parsebytes(envelope.content)
        self.came.append((envelope.rcpt_tos, message))
        return "250 OK"

    def password(
        self, server: SMTP, session: Session, envelope: Envelope, kind: str, data: object
    ) -> AuthResult:
        known = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
        return AuthResult(success=known, handled=False)  # the server tells it, in its own words


@pytest.fixture
def mailbox(snap: Snap) -> Iterator[Mailbox]:
    """That of a team whose project has changed since its snapshot."""
    box = Mailbox()
    port = free_port()
    server = Controller(box, "127.0.0.1", port, authenticator=box.password, auth_require_tls=False)
    server.start()
    try:
        snap.env["MAIL_PASSWORD"] = PASSWORD
        snap.configure(CONFIG.format(port=port, query=QUERY))
        page = snap.root / "dist" / "app.js"
        page.parent.mkdir()
        page.write_text("one\n")
        snap("take", "-m", "before 2.4", code=0)
        page.write_text("two\n")
        yield box
    finally:
        server.stop()


def test_everybody_gets_a_mail_that_people_can_read(mailbox: Mailbox, snap: Snap):
    snap("restore", "HEAD", "--yes", "--reason", "Warenkörbe are empty", code=0)
    assert (
        sorted(name for to, _ in mailbox.came for name in to)
        == ["ann@shop.example"] * 2 + ["bob@shop.example"] * 2
    )
    subjects = [message["Subject"].partition("]")[0] for _, message in mailbox.came]
    assert set(subjects) == {"[ROLLBACK", "[ROLLBACK DONE"}
    _, last = mailbox.came[-1]
    assert last["From"].addresses[0].addr_spec == "snap@shop.example"
    plain = last.get_body(("plain",))
    assert plain is not None
    text = plain.get_content()
    assert "Reason: Warenkörbe are empty" in text and "[x] Services restored" in text
    assert last.get_body(("html",)) is None


def test_a_mail_that_is_refused_is_said_and_fails_nothing(mailbox: Mailbox, snap: Snap):
    mailbox.refuses = "ann@shop.example"
    done = snap("restore", "HEAD", "--yes", code=0)
    assert "verified" in done.stdout
    assert "leads was not told that a restore is done" in done.stderr


def test_a_wrong_password_is_said_and_in_no_message(mailbox: Mailbox, snap: Snap):
    snap.env["MAIL_PASSWORD"] = wrong = "canary-wrong-0123456789"
    done = snap("restore", "HEAD", "--yes", code=0)
    assert "leads was not told" in done.stderr
    assert wrong not in done.stderr + done.stdout
    assert mailbox.came == []
