"""Sends one message through Apprise, in a process of its own: ``python -m snapstore.notify.sender``.

Loading Apprise takes longer than many a restore, a service that does not answer longer still, and neither
may hold up anything. Addresses are secrets, so they come on stdin and not on the command line.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any


def main() -> None:
    """``{"urls", "title", "body", "kind"}`` on stdin → a list with "" or what went wrong, in their order."""
    job = json.load(sys.stdin)
    try:
        import apprise
    except ImportError:
        said = ["messages need the extra `notify`: pip install 'snapstore[notify]'"] * len(job["urls"])
    else:
        from concurrent.futures import ThreadPoolExecutor

        logging.getLogger("apprise").propagate = False
        with ThreadPoolExecutor(max_workers=8) as pool:
            said = list(pool.map(lambda url: _send(apprise, url, job), job["urls"]))
    json.dump(said, sys.stdout)


def _send(apprise: Any, url: str, job: dict[str, Any]) -> str:
    service = apprise.Apprise()
    if not service.add(url):
        return "this is no address that Apprise knows"
    sent = service.notify(title=job["title"], body=job["body"], notify_type=job["kind"], body_format="text")
    return "" if sent else "the service did not accept the message, or cannot be reached"


if __name__ == "__main__":
    main()
