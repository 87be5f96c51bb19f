"""Talking to a service of AWS: what came, what may have been lost, and what it says no to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

from snapstore.errors import SnapError
from snapstore.remote.lost import LostError, in_trouble, no_answer, put_off

_THROTTLED = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded", "SlowDown"),
        *("TooManyRequestsException", "RequestThrottled", "RequestThrottledException"),
        "PriorRequestNotComplete",
    }
)
"""Codes that say that nothing was done, and that it can be later."""
_LATER = 429
_BREATH = 1.0
"""Seconds that one waits at least before one asks a service again that has too much to do."""
_PATIENCE = 60.0
_REGION = "us-east-1"
"""Where requests to services without regions are signed for, unless the configuration of AWS has another."""


class RefusedError(SnapError):
    """The service has said no, and done nothing; ``name`` is its code for why."""

    def __init__(self, what: str, where: str, fix: str, name: str) -> None:
        super().__init__(what, where=where, fix=fix)
        self.name = name


class Aws:
    """A service. Nothing is asked twice in here: whoever calls knows what bears that."""

    def __init__(self, client: Any, resource: str, page: str) -> None:
        self._client = client
        self._resource = resource
        self._page = page
        self._name = client.meta.service_model.metadata["serviceId"]

    def call(self, operation: str, **words: Any) -> Any:
        """The answer to an operation, by its name in Python. LostError where nobody knows whether it was
        done, RefusedError where it was not."""
        from botocore import exceptions, parsers

        try:
            return getattr(self._client, operation)(**words)
        except exceptions.ClientError as error:
            raise self._said(error.response, operation) from error
        except (exceptions.EndpointConnectionError, exceptions.ConnectTimeoutError) as error:
            raise LostError("it cannot be reached", sent=False) from error
        except exceptions.ReadTimeoutError as error:
            raise LostError("it did not answer in time") from error
        except (exceptions.HTTPClientError, parsers.ResponseParserError) as error:
            raise LostError("it closed the connection, or its answer makes no sense") from error
        except exceptions.BotoCoreError as error:
            raise self._refused(str(error), type(error).__name__) from error

    def lost(self, why: Exception) -> SnapError:
        fix = "check the network and the address, then run the command again"
        return no_answer(self._name, why, self._resource, fix)

    def _said(self, answer: Any, operation: str) -> Exception:
        code, status = str(answer["Error"].get("Code", "")), answer["ResponseMetadata"]["HTTPStatusCode"]
        if code in _THROTTLED or status == _LATER:
            return put_off(code or status, _asked_to_wait(answer))
        if status >= 500:
            return in_trouble(status)
        return self._refused(f"it says {code} to {operation}: {answer['Error'].get('Message', '')}", code)

    def _refused(self, text: str, name: str) -> RefusedError:
        fix = f"see {self._page} for the permissions that this needs, and where its key comes from"
        if name.startswith("NoSuch"):
            fix = f"check the ids of this resource: one of them is not there, or of another account; {fix}"
        return RefusedError(f"{self._name}: {text[:500]}", self._resource, fix, name)


def _asked_to_wait(answer: Any) -> float:
    with suppress(KeyError, ValueError):
        return min(float(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"]), _PATIENCE)
    return _BREATH


@cache
def _session(profile: str) -> Any:
    """Kept, since it reads what it knows of all of AWS from files."""
    import boto3

    return boto3.session.Session(profile_name=profile or None)


@contextmanager
def aws(
    service: str, *, profile: str, endpoint: str, timeout: float, resource: str, page: str
) -> Iterator[Aws]:
    """A service, with the credentials that AWS's own tools would take; ``endpoint`` is "" for AWS itself.
    ``page`` is the page of the documentation that has what it has to allow."""
    try:
        import boto3  # noqa: F401
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError:
        raise SnapError("AWS needs boto3", where=resource, fix="pip install 'snapstore[aws]'") from None
    config = Config(
        connect_timeout=timeout, read_timeout=timeout, retries={"total_max_attempts": 1, "mode": "standard"}
    )
    try:
        session = _session(profile)
        region = session.region_name or _REGION
        client = session.client(service, region_name=region, endpoint_url=endpoint or None, config=config)
    except (BotoCoreError, ValueError) as error:
        raise SnapError(f"AWS: {error}", where=f"resources.{resource}", fix=f"see {page}") from error
    try:
        yield Aws(client, resource, page)
    finally:
        client.close()
