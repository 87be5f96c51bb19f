"""Secrets: the data key, who may read it, sealing and unsealing, and the redactor.

Importing this package loads no cryptography; that happens at the first value sealed or unsealed.
docs/secrets.md is the document of record for the formats and for what they do and do not protect.
"""

from snapstore.secrets.keys import Keys, check, create_keys, open_keys
from snapstore.secrets.redact import REDACTOR, Redactor

__all__ = ["REDACTOR", "Keys", "Redactor", "check", "create_keys", "open_keys"]
