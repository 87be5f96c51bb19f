"""What of CloudFront has a name, a configuration and operations of its own beside distributions.

Their ids are given when they are made, so that one which was removed and made again has another: facts go by
names, and distributions that refer to one by its id are told as referring to the name.
"""

from __future__ import annotations

import msgspec

DISTRIBUTION, FUNCTION = "distribution", "function"


class Kind(msgspec.Struct, frozen=True):
    """``field`` is where distributions refer to one. ``shape`` is what the API calls the whole, ``plural``
    what the operation that lists all is called by; ``is_wrapped`` is whether a list has each inside of
    something that says whose it is."""

    name: str
    field: str
    shape: str
    plural: str
    is_wrapped: bool = True

    @property
    def config(self) -> str:
        return f"{self.shape}Config"

    @property
    def operation(self) -> str:
        return self.name.replace("-", "_")


KINDS = (
    Kind("cache-policy", "CachePolicyId", "CachePolicy", "cache_policies"),
    Kind("origin-request-policy", "OriginRequestPolicyId", "OriginRequestPolicy", "origin_request_policies"),
    Kind(
        name="response-headers-policy",
        field="ResponseHeadersPolicyId",
        shape="ResponseHeadersPolicy",
        plural="response_headers_policies",
    ),
    Kind(
        name="origin-access-control",
        field="OriginAccessControlId",
        shape="OriginAccessControl",
        plural="origin_access_controls",
        is_wrapped=False,
    ),
)
BY_NAME = {kind.name: kind for kind in KINDS}
BY_FIELD = {kind.field: kind for kind in KINDS}

ELSEWHERE = {
    "OriginAccessIdentity": "origin access identity",
    "FieldLevelEncryptionId": "field-level encryption",
    "RealtimeLogConfigArn": "real-time log configuration",
    "ContinuousDeploymentPolicyId": "continuous deployment",
    "VpcOriginId": "VPC origin",
    "LambdaFunctionARN": "Lambda function",
    "TrustedKeyGroups": "key group",
    "WebACLId": "web ACL",
}
"""Fields that refer to what is not captured: the reference comes back, what is behind it does not."""
