"""The DNS adapter of snapstore: zones as record sets, through whatever serves them.

See docs/adapters/dns.md.
"""

from __future__ import annotations

from snapstore.adapter import Adapter, later
from snapstore_dns.settings import Settings

adapter = Adapter(
    name="dns",
    format=1,
    summary="DNS zones: record sets of name servers that take dynamic updates, PowerDNS, Route 53, …",
    settings=Settings,
    capture=later("snapstore_dns.capture:capture"),
    plan=later("snapstore_dns.plan:plan"),
    apply=later("snapstore_dns.apply:apply"),
    tidy=later("snapstore_dns.apply:tidy"),
    beyond=later("snapstore_dns.comparing:beyond"),
    forms={"zone": later("snapstore_dns.zonefile:master_file")},
    check=later("snapstore_dns.look:check"),
)
