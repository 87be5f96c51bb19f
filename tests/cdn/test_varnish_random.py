"""The law on a real Varnish: restore, read it all, undo, read it all. ``SNAPSTORE_CDN_ROUNDS`` rounds."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.cdn.conftest import clean
from tests.cdn.varnish import Varnish
from tests.project import Project, goes_and_comes, in_rounds

ROUNDS = int(os.environ.get("SNAPSTORE_CDN_ROUNDS", "6"))
Op = tuple[str, ...]

BACKENDS = [
    'backend web { .host = "127.0.0.1"; .port = "9"; }\n',
    'backend web { .host = "127.0.0.1"; .port = "8"; .probe = { .interval = 60s; .initial = 0; } }\n'
    "backend other none;\n",
    'import directors;\nbackend web { .host = "127.0.0.1"; .port = "9"; }\n'
    "sub vcl_init { new rr = directors.round_robin(); rr.add_backend(web); }\n",
]
RECEIVING = [
    "",
    "sub vcl_recv { return (vcl(one)); }\n",
    'sub vcl_recv { if (req.url == "/x") { return (vcl(two)); } }\n',
    'include "part.vcl";\n',
    '# ümläut \\ "quoted" \t {"\n',
]
PARTS = [
    'sub vcl_recv { set req.http.part = "1"; }\n',
    "vcl 4.0; sub vcl_recv { unset req.http.part; } // end",
]
PROGRAMS = st.builds("vcl 4.1;\n{}{}".format, st.sampled_from(BACKENDS), st.sampled_from(RECEIVING))
NAMES = st.sampled_from(["a", "b", "c", "d"])
LABELS = st.sampled_from(["one", "two"])
VALUES = {
    "default_ttl": ["10", "0.5", "1000000"],
    "feature": ["+http2", "-validate_headers", "+esi_ignore_https,-http2", "default", "none"],
    "vsl_mask": ["+Debug", "-Hash,+Hash", "-VCL_Log", "default"],
    "pool_req": ["5,50,5", "10,100,10"],
    "http_gzip_support": ["on", "off"],
    "thread_pool_max": ["100", "300"],
    "thread_pool_min": ["10", "90", "250"],
    "workspace_client": ["96k", "20001b"],
    "vcc_allow_inline_c": ["on", "off"],
    "cc_warnings": ["-Wall", '-Wall "-Wextra"'],
}


def op(*words: Any) -> st.SearchStrategy[Op]:
    return st.tuples(*(word if isinstance(word, st.SearchStrategy) else st.just(word) for word in words))


OPS = st.one_of(
    op("load", NAMES, PROGRAMS),
    op("vcl.use", st.one_of(NAMES, NAMES, LABELS)),
    op("vcl.label", LABELS, NAMES),
    op("vcl.discard", st.one_of(NAMES, LABELS)),
    op("vcl.state", NAMES, st.sampled_from(["cold", "warm", "auto"])),
    op(
        "backend.set_health",
        st.builds("{}.{}".format, NAMES, st.sampled_from(["web", "other", "rr"])),
        st.sampled_from(["sick", "healthy", "auto"]),
    ),
    op("part", st.sampled_from(PARTS)),
    *(op("param.set", name, st.sampled_from(values)) for name, values in VALUES.items()),
)
STATES = st.tuples(
    st.lists(op("load", NAMES, PROGRAMS), min_size=2, max_size=4), st.lists(OPS, min_size=5, max_size=25)
)


def run(server: Varnish, state: tuple[list[Op], list[Op]]) -> None:
    """Do it all as far as it goes: what the server refuses has not happened."""
    for name, *words in (*state[0], *state[1]):
        if name == "load":
            server.ask("vcl.inline", *words)
        elif name == "part":
            (server.folder / "part.vcl").write_text(words[0])
        else:
            server.ask(name, *words)


def test_whatever_was_changed_is_restored_and_undone_exactly(varnish: Varnish, place: Project):
    @in_rounds(ROUNDS, 6)
    @given(STATES, STATES)
    def there_and_back(state: Any, mutation: Any) -> None:
        clean(varnish)
        (varnish.folder / "part.vcl").write_text(PARTS[0])
        varnish.call("param.set", "vcl_path", str(varnish.folder))
        run(varnish, state)
        goes_and_comes(place, varnish.everything, lambda: run(varnish, mutation))

    there_and_back()
