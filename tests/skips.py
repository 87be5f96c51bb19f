"""In CI a test that was skipped is a test that failed, unless nothing can be done about the reason.

Hooks for pytest, imported by conftest.py.
"""

from __future__ import annotations

import os
import re

import pytest

UNAVOIDABLE = (
    "needs node",
    "needs two cores",
    "needs pgbouncer",
    "needs sshd",
    "needs nginx and fcgiwrap",
    "needs git-lfs",
    "needs the OpenAPI documents",
    "needs (Cloudflare|Fastly)'s library",
    "needs Debian's (redis-server|bind9|knot|pdns-server|varnish|prometheus|chromium)",
    "only root can give files away",
    "starts as root to become somebody without its powers",
    "root may (read everything|write anywhere)",
    "needs another PostgreSQL than",
    "needs a second PostgreSQL",
    r"needs a PostgreSQL \d+, which is not installed",
    "mounting a tmpfs is not permitted here",
)
"""Reasons, as regular expressions. Some need root, some somebody else, some another server than the one
given; the rest needs what a machine with Python, pip, make and git may not have."""


def avoidable(reasons: list[str]) -> list[str]:
    """Those that have no good excuse, in CI; elsewhere none."""
    if os.environ.get("CI", "").lower() not in ("1", "true"):
        return []
    return [reason for reason in reasons if not any(re.search(good, reason) for good in UNAVOIDABLE)]


def _reasons(config: pytest.Config) -> list[str]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    return [f"{report.nodeid}: {report.longrepr[2]}" for report in skipped]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.exitstatus == pytest.ExitCode.OK and avoidable(_reasons(session.config)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    found = avoidable(_reasons(terminalreporter.config))
    if found:
        terminalreporter.section("skipped, which is a failure in CI")
        for reason in found:
            terminalreporter.line(reason)
