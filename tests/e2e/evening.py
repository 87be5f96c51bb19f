"""A shop with everything that a deploy changes, on real servers, and a deploy that makes it slow."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from snapstore import embedded
from snapstore.config.watching import PrometheusTable
from snapstore.errors import SnapError
from snapstore.watch import prometheus
from tests.conftest import Done, Snap, databases
from tests.dns import servers as nameservers
from tests.postgres import proxy
from tests.redis import servers as caches
from tests.review import forge as forges
from tests.review import servers as remotes
from tests.watch import servers as metrics

ZONE = "shop.example"
HOOK = "canary-hook-0123456789"
START = f"{nameservers.START}www 300 A 192.0.2.10\napi 300 A 192.0.2.20\n"
CONFIG = """
[store]
remote = "{remote}"

[resources.db]
adapter = "postgres"
url = "${{DATABASE_URL}}"

[resources.cache]
adapter = "redis"
url = "{cache}"
keys = ["config:*"]

[resources.dns]
adapter = "dns"
server = "{dns}"
key = "${{DNS_KEY}}"
zones = ["shop.example"]

[resources.env]
adapter = "dotenv"
path = ".env"
public = ["POOL"]

[resources.webpack]
adapter = "webpack"

[resources.build]
adapter = "files"
path = "dist"

[review]
forge = "gitea"
api = "{api}/api/v1"
repository = "{repository}"

[hooks]
verify = [{{ run = "test ! -e down", name = "checkout" }}]

[preflight]
free = "1MB"

[[preflight.backup]]
file = "backup.dump"

[notify]
to = [{{ url = "{hook}/${{HOOK_TOKEN}}", name = "#ops" }}]

[report]
folder = "reports"
lessons = "Issues/lessons-learned.md"

[watch]
action = "propose"
interval = 0.3
count = 3
failure_limit = 1

[watch.prometheus]
url = "{prometheus}"

[watch.metrics.p95]
prometheus = "{p95}"
unit = "s"
max_increase = "20%"

[watch.metrics.errors]
prometheus = "{errors}"
unit = "ratio"
max_delta = "5pp"
traffic = "sum(rate(requests_total[4s]))"
min_traffic = 1
"""
P95 = "histogram_quantile(0.95, sum by (le) (rate(seconds_bucket[4s])))"
ERRORS = "sum(rate(requests_total{code='500'}[4s])) / sum(rate(requests_total[4s]))"

TABLES = """
CREATE TABLE users (id int PRIMARY KEY, mail text NOT NULL, plan text DEFAULT 'free');
INSERT INTO users SELECT n, 'm' || n FROM generate_series(1, 100) AS n;
CREATE INDEX users_mail ON users (mail);
CREATE VIEW paying AS SELECT id, mail FROM users WHERE plan <> 'free';
"""
COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
RELATIONS = "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
MIGRATION = """
DROP INDEX users_mail;
CREATE MATERIALIZED VIEW dashboard AS SELECT plan, count(*) FROM users GROUP BY plan;
ALTER TABLE users ADD COLUMN tier text;
CREATE TABLE carts (id int PRIMARY KEY);
"""


@dataclass
class Evening:
    """The shop and everything around it; ``between`` is what the database is reached through."""

    snap: Snap
    database: str
    between: proxy.Proxy
    cache: caches.Server
    dns: nameservers.Server
    served: remotes.Served
    forge: forges.Forge
    hook: metrics.Page
    server: PrometheusTable
    _counters: dict[str, float] = field(default_factory=dict)

    def run(self, *words: str, code: int = 0) -> Done:
        return self.snap(*words, code=code)

    def json(self, *words: str, code: int = 0) -> Any:
        return self.run(*words, "--json", code=code).json

    def put(self, name: str, text: str) -> None:
        path = self.snap.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def sql(self, statements: str) -> list[Any]:
        with psycopg.connect(self.database, autocommit=True) as connection:
            cursor = connection.execute(statements)
            return cursor.fetchall() if cursor.description else []

    # What happens

    def open(self) -> None:
        """The shop as it has been for months."""
        self.sql(TABLES)
        self.cache.client().mset({"config:ttl": "60", "config:theme": "light", "session:1": "x"})
        self.release("2.4", pool=20)
        self.put("backup.dump", "PGDMP")

    def release(self, version: str, pool: int) -> None:
        self.put(".env", f"RELEASE={version}\nPOOL={pool}\nKEY=canary-evening-{version}\n")
        (self.snap.root / ".env").chmod(0o600)
        self.put("webpack.config.js", f"module.exports = {{ entry: './src', devtool: '{version}' }};\n")
        self.put("dist/app.js", f"release {version}\n")

    def deploy(self) -> None:
        """Release 2.5: every system changes, and with a tenth of the connections everything is slow."""
        self.sql(MIGRATION)
        self.cache.client().mset({"config:ttl": "1", "config:experiment": "on"})
        self.dns.update(ZONE, "- www A", "+ www 300 CNAME cdn.example.net.", "- api")
        self.release("2.5", pool=2)
        self.put("dist/chunk.js", "chunk\n")
        (self.snap.root / "dist" / "app.js").unlink()

    def everything(self) -> dict[str, Any]:
        """The state of all systems, found out without snapstore."""
        client, root = self.cache.client(), self.snap.root
        files = [root / ".env", root / "webpack.config.js", *sorted((root / "dist").iterdir())]
        return {
            "columns": sorted(self.sql(COLUMNS)),
            "relations": sorted(self.sql(RELATIONS)),
            "rows": self.sql("SELECT count(*), min(mail), max(mail) FROM users"),
            "cache": {key: client.get(key) for key in sorted(client.keys())},
            "dns": self.dns.records(ZONE),
            "files": {path.name: path.read_text() for path in files},
        }

    # What is measured

    def exposition(self) -> str:
        """What Prometheus scrapes: as slow as the pool of the moment makes it."""
        is_slow = "POOL=2\n" in (self.snap.root / ".env").read_text()
        now = time.monotonic()
        passed = now - self._counters.get("at", now)
        self._counters["at"] = now
        fast, middle, failed = (0.6, 0.7, 0.12) if is_slow else (0.96, 1.0, 0.004)
        for name, share in (("0.1", fast), ("0.5", middle), ("1", 1.0), ("200", 1 - failed), ("500", failed)):
            self._counters[name] = self._counters.get(name, 100.0) + passed * 200 * share
        buckets = [f'seconds_bucket{{le="{le}"}} {self._counters[le]}' for le in ("0.1", "0.5", "1")]
        codes = [f'requests_total{{code="{code}"}} {self._counters[code]}' for code in ("200", "500")]
        infinite = f'seconds_bucket{{le="+Inf"}} {self._counters["1"]}'
        return "\n".join(
            ["# TYPE seconds histogram", *buckets, infinite, "# TYPE requests_total counter", *codes, ""]
        )

    def await_metric(self, query: str, good: Callable[[float], bool]) -> None:
        """Wait until Prometheus has seen it."""
        found: dict[str, float] = {}
        for _ in range(300):
            try:
                found = prometheus.instant(self.server, query, 10)
            except SnapError:
                found = {}
            if found and all(map(good, found.values())):
                return
            time.sleep(0.1)
        raise AssertionError(f"{query} is {found}")

    # What is told

    def told(self) -> list[str]:
        """The subjects of all messages so far, without what follows the bracket."""
        bodies = [json.loads(body) for _, _, body in self.hook.seen]
        return [one["title"].partition("]")[0].removeprefix("[") for one in bodies]

    def messages(self) -> str:
        return "\n".join(body.decode() for _, _, body in self.hook.seen)


@contextmanager
def evening(snap: Snap, server: embedded.Server, folder: Path) -> Iterator[Evening]:
    """The shop, open, with its servers; all gone at the end."""
    with ExitStack() as stack:
        enter = stack.enter_context
        (folder / "remote").mkdir(parents=True)
        made = databases(server.url())
        database = next(made)()
        stack.callback(next, made, None)
        between = enter(proxy.before(server))
        dns = enter(nameservers.running("bind", folder / "dns", {ZONE: START}))
        cache = enter(caches.running("redis-8.2", folder / "cache"))
        served = enter(remotes.over_http(folder / "remote"))
        forge = enter(forges.running("gitea", served))
        hook, scraped = enter(metrics.page()), enter(metrics.page())
        url = enter(metrics.prometheus(folder / "prometheus", scrapes=scraped.url.partition("://")[2]))
        shop = Evening(snap, database, between, cache, dns, served, forge, hook, PrometheusTable(url))
        shop_url = between.url(urlsplit(database).path.strip("/"))
        secrets = {"DATABASE_URL": shop_url, "DNS_KEY": nameservers.KEY, "HOOK_TOKEN": HOOK}
        snap.env.update({**served.env, **secrets})
        snap.configure(
            CONFIG.format(
                remote=served.url,
                cache=cache.url(),
                dns=dns.address,
                api=forge.url,
                repository=forges.REPOSITORY,
                hook=hook.url.replace("http", "json"),
                prometheus=url,
                p95=P95,
                errors=ERRORS,
            )
        )
        shop.open()
        scraped.body = shop.exposition
        yield shop
