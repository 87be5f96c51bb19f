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
KINDS = {
    **{name: name for name in _PLAIN.split()},
    **{f"logging-{name}": f"logging/{name}" for name in _LOGGING.split()},
}
"""Paths by kind, in the order in which they can be made: what others refer to by name comes first."""
HTTP3 = "http3"
"""Whether a version speaks it: it is there, or it is not."""
BESIDE = {
    "image_optimizer_default_settings": "defaults of the image optimizer",
    "package": "a package of Compute",
    "pool": "pools of servers",
    "rate-limiters": "rate limiters",
    "resource": "links to stores",
}
"""What a version may have besides, by its path: it is seen and not captured."""
DIRECTOR, BACKENDS = "director", "backends"
"""Which backends a director has is told by operations of its own."""
DICTIONARY, ACL, SNIPPET = "dictionary", "acl", "snippet"
"""Those that can hold what no version does: it is told and changed by the id of the holder, in all versions
that have this holder, at once."""
ITEM, ENTRY, CONTENT, PRIVATE = "item", "entry", "snippet-content", "private-items"
"""What they hold: items of a dictionary, entries of an ACL, the text of a dynamic snippet; and of a
dictionary whose items nobody is told, how many they are and a hash of them."""
HELD = (ITEM, ENTRY, CONTENT, PRIVATE)
ORDER = {kind: place for place, kind in enumerate([SETTINGS, HTTP3, *KINDS, *HELD])}

VOLATILE = frozenset(
    {
        *("id", "service_id", "version", "created_at", "updated_at", "deleted_at", "locked"),
        *("name_id", "customer_id", "ipv4", "ipv6", "hostname_id"),
    }
)
"""What is told of everything and is no configuration of it."""
