"""The key of a server, and how it is spelled."""

from __future__ import annotations

import binascii

import dns.exception
import dns.name
import dns.tsig

from snapstore.errors import SnapError
from snapstore.secrets import REDACTOR

DEFAULT_ALGORITHM = "hmac-sha256"
_KNOWN = {
    algorithm.to_text(omit_final_dot=True): algorithm
    for algorithm in (
        *(dns.tsig.HMAC_SHA1, dns.tsig.HMAC_SHA224, dns.tsig.HMAC_SHA256, dns.tsig.HMAC_SHA256_128),
        *(dns.tsig.HMAC_SHA384, dns.tsig.HMAC_SHA384_192, dns.tsig.HMAC_SHA512, dns.tsig.HMAC_SHA512_256),
        dns.tsig.HMAC_MD5,
    )
} | {"hmac-md5": dns.tsig.HMAC_MD5}


def key_of(text: str, resource: str) -> dns.tsig.Key | None:
    """The key of ``[algorithm:]name:secret``, None for no text. SnapError, which quotes none of it."""
    if not text:
        return None
    REDACTOR.add(text)
    algorithm, _, rest = text.partition(":")
    if algorithm.lower() not in _KNOWN:
        algorithm, rest = DEFAULT_ALGORITHM, text
    name, _, secret = rest.partition(":")
    REDACTOR.add(secret)
    try:
        raw = binascii.a2b_base64(secret, strict_mode=True)
        if not raw or not name:
            raise ValueError
        return dns.tsig.Key(dns.name.from_text(name), raw, _KNOWN[algorithm.lower()])
    except (dns.exception.DNSException, UnicodeError, ValueError):
        raise SnapError(
            "this is no TSIG key",
            where=f"resources.{resource}.key",
            fix="write it as [algorithm:]name:secret with the secret in base64, and let it come from the "
            'environment: key = "${DNS_KEY}"',
        ) from None
