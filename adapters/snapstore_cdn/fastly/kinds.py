"""What a version of a service is made of, and where the API has it."""

from __future__ import annotations

_PLAIN = """
    condition healthcheck domain backend director cache_settings request_settings response_object header gzip
    vcl snippet acl dictionary apex-redirects wordpress
"""
_LOGGING = """
    azureblob bigquery cloudfiles datadog digitalocean elasticsearch ftp gcs grafanacloudlogs heroku honeycomb
    https kafka kinesis logentries loggly logshuttle newrelic newrelicotlp openstack papertrail pubsub s3
    scalyr sftp splunk sumologic syslog
"""
SETTINGS = "settings"
DICTIONARY, ACL, SNIPPET, POOL = "dictionary", "acl", "snippet", "pool"
"""Those that can hold what no version does: it is told and changed by the id of the holder, in all versions
that have this holder, at once."""
LIMITER, LINK = "rate-limiter", "resource"
PRODUCTS = {POOL: POOL, LIMITER: "rate-limiters", LINK: LINK}
"""The same as ``KINDS``, of what not every service may have."""
KINDS = {
    **{name: name for name in _PLAIN.split()},
    **{f"logging-{name}": f"logging/{name}" for name in _LOGGING.split()},
}
"""Paths by kind, in the order in which they can be made: what others refer to by name comes first."""
BY_ID = {LIMITER: "/rate-limiters", LINK: f"{{place}}/{LINK}"}
"""What is changed by its id, which may be another one in each version, and where."""
HTTP3 = "http3"
"""Whether a version speaks it: it is there, or it is not."""
IMAGES = "image-optimizer"
"""What the image optimizer does unless it is told otherwise. It can be set and not unset."""
IMAGE_DEFAULTS = {
    "resize_filter": "lanczos3",
    "webp": False,
    "webp_quality": 85,
    "jpeg_type": "auto",
    "jpeg_quality": 85,
    "upscale": False,
    "allow_video": False,
}
"""What it does where nothing is set: the same as having set that."""
PACKAGE = "package"
"""What runs in a service of Compute: Fastly tells what it is, and gives it to nobody."""
NUMBERS = "numbers"
"""The hint that has the numbers of the versions of each service with a package."""
ALONE = {HTTP3: HTTP3, IMAGES: "image_optimizer_default_settings", PACKAGE: PACKAGE}
"""Paths of what a version has one of, or none."""
DIRECTOR, BACKENDS = "director", "backends"
"""Which backends a director has is told by operations of its own."""
ITEM, ENTRY, CONTENT, SERVER, PRIVATE = "item", "entry", "snippet-content", "server", "private-items"
"""What they hold: items of a dictionary, entries of an ACL, the text of a dynamic snippet, servers of a pool;
and of a dictionary whose items nobody is told, how many they are and a hash of them."""
HELD = (ITEM, ENTRY, CONTENT, SERVER, PRIVATE)
ORDER = {kind: place for place, kind in enumerate([SETTINGS, *ALONE, *KINDS, *PRODUCTS, *HELD])}

VOLATILE = frozenset(
    {
        *("id", "service_id", "version", "created_at", "updated_at", "deleted_at", "locked"),
        *("name_id", "customer_id", "ipv4", "ipv6", "hostname_id"),
        *("href", "resource_type"),
    }
)
"""What is told of everything and is no configuration of it."""
