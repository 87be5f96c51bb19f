"""A real Prometheus on loopback, with a history that was made up and a page that it scrapes."""

from __future__ import annotations

import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from snapstore.embedded import free_port
from tests.serving import Handler, serving

PROMETHEUS = shutil.which("prometheus")
PASSWORD = "canary-prom-0123456789"
_HASH = "$2b$08$abcdefghijklmnopqrstuuCmXuuIdCKt.g.SsEzb1fjp8R7mbxT/."


@dataclass
class Page:
    """An HTTP server of our own: answers with ``body`` and ``status``, or not at all while ``hangs``."""

    url: str
    body: str | Callable[[], str] = ""
    kind: str = "text/plain; version=0.0.4"
    status: int = 200
    hangs: bool = False
    seen: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)
    """Path, headers and body of each request."""


@contextmanager
def page(body: str | Callable[[], str] = "") -> Iterator[Page]:
    over = Event()

    class Answers(Handler):
        def do_GET(self) -> None:
            served.seen.append((self.path, dict(self.headers), self.body()))
            if served.hangs:
                over.wait(60)
                self.close_connection = True
                return
            answer = (served.body if isinstance(served.body, str) else served.body()).encode()
            self.send(served.status, answer, [("Content-Type", served.kind)])

        do_POST = do_GET

    with serving(Answers) as port:
        served = Page(f"http://127.0.0.1:{port}", body)
        try:
            yield served
        finally:
            over.set()


def history(series: Mapping[str, list[float]], step: float = 15.0, end: float | None = None) -> str:
    """OpenMetrics of gauges, by name and labels; the last value is of ``end``, by default of now."""
    last = time.time() if end is None else end
    lines = []
    for name, values in series.items():
        family = f"# TYPE {name.partition('{')[0]} gauge"
        lines += [family] if family not in lines else []
        first = last - step * (len(values) - 1)
        lines += [f"{name} {value} {first + step * place:.3f}" for place, value in enumerate(values)]
    return "\n".join([*lines, "# EOF", ""])


@contextmanager
def prometheus(
    folder: Path, past: str = "", scrapes: str = "", auth: bool = False, every: str = "200ms"
) -> Iterator[str]:
    """A server's URL. ``scrapes`` is the address of a page's server, ``auth`` lets in only alice."""
    assert PROMETHEUS
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "data"
    if past:
        (folder / "past.om").write_text(past)
        make = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(folder / "past.om"), str(data)]
        subprocess.run(make, check=True, capture_output=True)
    jobs = [f"- job_name: shop\n  static_configs: [{{targets: ['{scrapes}']}}]"] if scrapes else []
    config = f"global: {{scrape_interval: {every}, scrape_timeout: {every}}}\nscrape_configs:\n"
    (folder / "prometheus.yml").write_text(config + "\n".join(jobs) + "\n" if jobs else "{}\n")
    (folder / "web.yml").write_text(f"basic_auth_users: {{alice: '{_HASH}'}}\n" if auth else "{}\n")
    port = free_port()
    words = [
        *(f"--config.file={folder / 'prometheus.yml'}", f"--web.config.file={folder / 'web.yml'}"),
        *(f"--storage.tsdb.path={data}", f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROMETHEUS, *words], stdout=log, stderr=log)
    try:
        _await(f"http://127.0.0.1:{port}/-/ready", process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        with suppress(OSError):
            try:
                urllib.request.urlopen(url, timeout=5)
                return
            except urllib.error.HTTPError as error:
                if error.code == 401:
                    return
        time.sleep(0.05)
    raise AssertionError(log.read_text())
