"""The application of the demo: made in a folder, on a database and a cache, then changed by a bad deploy."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snapstore.errors import SnapError

if TYPE_CHECKING:
    from snapstore.demo.nameserver import NameServer

CONFIG = """\
[resources.db]
adapter = "postgres"
url = "${DATABASE_URL}"

[resources.cache]
adapter = "redis"
url = "${REDIS_URL}"
keys = ["config:*", "flags:*"]
sealed = ["config:payment"]
purge = ["page:*"]                         # emptied after every restore
persist = true

[resources.dns]
adapter = "dns"
server = "${DNS_SERVER}"
key = "${DNS_KEY}"
zones = ["shop.example"]

[resources.env]
adapter = "dotenv"
path = ".env.production"
public = ["NODE_ENV", "REDIS_ENABLED"]     # all other values are sealed

[resources.webpack]
adapter = "webpack"
clear = [".next/cache"]

[resources.build]
adapter = "files"
path = ".next"
exclude = ["cache/**"]

[groups]
database = ["db"]
caching = ["cache", "env"]
frontend = ["env", "webpack", "build"]
"""

WEBPACK = """\
const path = require("path");

module.exports = {
  mode: "production",
  entry: "./src/index.js",
  output: { path: path.resolve(__dirname, ".next/static"), filename: "[name]-[contenthash].js" },
  devtool: "source-map",
};
"""

OPTIMIZED_WEBPACK = """\
const path = require("path");

module.exports = {
  mode: "production",
  entry: "./src/index.js",
  output: { path: path.resolve(__dirname, ".next/static"), filename: "[name]-[contenthash].js" },
  devtool: false,
  optimization: { splitChunks: { chunks: "all", maxSize: 20000 }, concatenateModules: false },
};
"""

ENVIRONMENT = """\
# Production. Ask the platform team before changing anything here.
NODE_ENV=production
export DATABASE_URL="postgresql://shop:{password}@db.shop.internal/shop"
REDIS_ENABLED=false
REDIS_URL=redis://:{password}@cache.shop.internal:6379/0

SESSION_SECRET='{session}'    # rotated with every release
PAYMENT_API_KEY={payment}
"""

ORIGIN = "shop.example"
ZONE = """\
$TTL 3600
@     SOA ns1 hostmaster 2026010100 7200 900 1209600 300
@     NS  ns1
@     NS  ns2
@     A   192.0.2.10
@     MX  10 mail
@     TXT "v=spf1 mx -all"
ns1   A   192.0.2.2
ns2   A   198.51.100.2
mail  A   192.0.2.25
www   300 A    192.0.2.10
www   300 AAAA 2001:db8::10
api   300 A    192.0.2.20
"""

PAGES = ("account", "cart", "checkout", "dashboard", "framework", "home", "polyfills", "product", "search")
REBUILT = ("dashboard", "home")


@dataclass(frozen=True)
class Shop:
    """Where the application is: the folder with ``snapstore.toml``, the urls of its database and its cache,
    the name server of its zone."""

    folder: Path
    url: str
    cache: str
    dns: NameServer


def create(shop: Shop) -> None:
    """The application at rest, in a folder that exists, an empty database and an empty cache; its zone is
    served already."""
    _run_sql(shop, "application.sql")
    values = {name: secrets.token_urlsafe(24) for name in ("password", "session", "payment")}
    _fill_cache(shop, values["payment"])
    environment = shop.folder / ".env.production"
    environment.touch(0o600)
    environment.write_text(ENVIRONMENT.format(**values))
    (shop.folder / "webpack.config.js").write_text(WEBPACK)
    (shop.folder / "snapstore.toml").write_text(CONFIG)
    _build(shop.folder / ".next", "2.3", rebuilt=())


def deploy(shop: Shop) -> None:
    """Release 2.4: every part of the application changes, and not for the better."""
    _run_sql(shop, "deploy.sql")
    _change_cache(shop)
    _move_to_cdn(shop)
    environment = shop.folder / ".env.production"
    lines = environment.read_text().splitlines(keepends=True)
    environment.write_text("".join(_released(line) for line in lines))
    (shop.folder / "webpack.config.js").write_text(OPTIMIZED_WEBPACK)
    _build(shop.folder / ".next", "2.4", rebuilt=REBUILT)


def _released(line: str) -> str:
    if line.startswith("SESSION_SECRET"):
        return f"SESSION_SECRET='{secrets.token_urlsafe(24)}'\n"
    return line.replace("REDIS_ENABLED=false", "REDIS_ENABLED=true")


def _run_sql(shop: Shop, name: str) -> None:
    import psycopg

    script = (resources.files(__package__) / name).read_bytes()
    with psycopg.connect(shop.url) as connection:
        connection.execute(script)


def _fill_cache(shop: Shop, payment: str) -> None:
    with client(shop) as cache:
        cache.config_set("maxmemory-policy", "noeviction")
        cache.config_rewrite()
        cache.hset("config:prices", mapping={"currency": "EUR", "vat": "0.19"})
        cache.set("config:payment", payment)
        cache.mset({"flags:checkout": "classic", "flags:search": "on"})
        cache.sadd("flags:beta", "ada@shop.example", "grace@shop.example")
        cache.mset({f"page:{page}": f"<html>{page} 2.3" for page in PAGES})


def _change_cache(shop: Shop) -> None:
    with client(shop) as cache:
        cache.config_set("maxmemory-policy", "allkeys-lru")
        cache.config_rewrite()
        cache.hset("config:prices", mapping={"vat": "0.2", "rounding": "up"})
        cache.set("flags:checkout", "express")
        cache.delete("flags:search")
        cache.sadd("flags:beta", "linus@shop.example")
        cache.mset({f"page:{page}": f"<html>{page} 2.4" for page in PAGES})


def client(shop: Shop) -> Any:
    """A connection to the cache that answers in text."""
    import redis

    return redis.from_url(shop.cache, decode_responses=True)


def _move_to_cdn(shop: Shop) -> None:
    """The web site behind a CDN, and the API somewhere else: what ``nsupdate`` does."""
    import dns.query
    import dns.rcode
    import dns.update

    update = dns.update.UpdateMessage(ORIGIN, keyring=shop.dns.keyring)
    update.delete("www")
    update.add("www", 60, "CNAME", "shop.cdn.example.")
    update.replace("api", 60, "A", "203.0.113.20", "203.0.113.21")
    host, _, port = shop.dns.address.partition(":")
    code = dns.query.tcp(update, host, timeout=30, port=int(port)).rcode()
    if code != dns.rcode.NOERROR:
        raise SnapError(f"the demo's name server says {dns.rcode.to_text(code)}")


def _build(folder: Path, release: str, rebuilt: tuple[str, ...]) -> None:
    """A build tree as Next.js leaves it: chunks are named after their content."""
    chunks = folder / "static" / "chunks"
    chunks.mkdir(parents=True, exist_ok=True)
    manifest = {}
    for page in PAGES:
        content = _chunk(page, release if page in rebuilt else "2.3")
        manifest[page] = f"static/chunks/{page}-{hashlib.sha256(content).hexdigest()[:8]}.js"
        for old in chunks.glob(f"{page}-*.js"):
            old.unlink()
        (folder / manifest[page]).write_bytes(content)
    (folder / "build-manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    (folder / "BUILD_ID").write_text(f"build-{release}\n")
    (folder / "cache").mkdir(exist_ok=True)
    (folder / "cache" / "webpack.pack").write_bytes(release.encode() * 5000)


def _chunk(page: str, release: str) -> bytes:
    lines = (f'self.{page}[{number}] = () => "{page} {release}";' for number in range(200))
    return "\n".join(lines).encode()
