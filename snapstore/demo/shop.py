"""The application of the demo: made in a folder and a database, then changed by a bad deploy."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

CONFIG = """\
[resources.db]
adapter = "postgres"
url = "${DATABASE_URL}"

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

PAGES = ("account", "cart", "checkout", "dashboard", "framework", "home", "polyfills", "product", "search")
REBUILT = ("dashboard", "home")


@dataclass(frozen=True)
class Shop:
    """Where the application is: the folder with ``snapstore.toml``, and its database."""

    folder: Path
    url: str


def create(shop: Shop) -> None:
    """The application at rest, in a folder that exists and an empty database."""
    _run_sql(shop, "application.sql")
    values = {name: secrets.token_urlsafe(24) for name in ("password", "session", "payment")}
    environment = shop.folder / ".env.production"
    environment.touch(0o600)
    environment.write_text(ENVIRONMENT.format(**values))
    (shop.folder / "webpack.config.js").write_text(WEBPACK)
    (shop.folder / "snapstore.toml").write_text(CONFIG)
    _build(shop.folder / ".next", "2.3", rebuilt=())


def deploy(shop: Shop) -> None:
    """Release 2.4: every part of the application changes, and not for the better."""
    _run_sql(shop, "deploy.sql")
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
