"""CloudFront in front of the Function URL, where the stack is told to make it.

A policy for requests to the origin may not name Authorization, so the cache key holds it (AWS Knowledge Center, "How do
I configure CloudFront to forward the Authorization header to the origin?"). That needs a time to live above zero, in
which nothing is kept, as every answer says no-store. Host stays behind: a Function URL answers to its own name alone.
"""

from typing import Any

from commercive_cli.api.http.cloudfront import SECRET_HEADER
from commercive_cli.settings.secret_values import ORIGIN_SECRET, SECOND

Template = dict[str, Any]
FORWARDED_HEADERS = (
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "CloudFront-Viewer-Address",
    "Content-Type",
    "Idempotency-Key",
    "Origin",
    "X-Commercive-Forwarded",
)
"""What reaches the function beside Authorization, spelled as AWS does. CloudFront takes ten at most."""

PARAMETERS = {
    "CloudFrontSecret": {
        "Type": "String",
        "Description": "Makes a CloudFront distribution, which proves itself with the secret of this name",
        "Default": "",
        "AllowedValues": ["", ORIGIN_SECRET, ORIGIN_SECRET + SECOND],
    },
    "WebAclArn": {
        "Type": "String",
        "Description": "Web application firewall of the distribution: an ARN of WAF in us-east-1",
        "Default": "",
        "AllowedPattern": "^$|^arn:[a-z-]+:wafv2:us-east-1:[0-9]{12}:global/webacl/.+$",
    },
    "OnlyCloudFront": {
        "Type": "String",
        "Description": "true refuses what comes past CloudFront",
        "Default": "false",
        "AllowedValues": ["true", "false"],
    },
}
CONDITIONS = {
    "HasCloudFront": {"Fn::Not": [{"Fn::Equals": [{"Ref": "CloudFrontSecret"}, ""]}]},
    "HasWebAcl": {"Fn::Not": [{"Fn::Equals": [{"Ref": "WebAclArn"}, ""]}]},
}
OUTPUTS = {
    "CloudFrontUrl": {
        "Condition": "HasCloudFront",
        "Description": "NEXT_PUBLIC_AWS_LAMBDA_URL of the dashboard, in place of ApiUrl",
        "Value": {"Fn::Sub": "https://${ApiDistribution.DomainName}/"},
    }
}
_ERRORS = (400, 403, 404, 405, 414, 500, 501, 502, 503, 504)
_SECRET = "{{resolve:secretsmanager:${ApiSecrets}:SecretString:${CloudFrontSecret}}}"  # noqa: S105 - where it is


def distribution() -> Template:
    """Return the distribution and its policies."""
    return {
        "ApiCachePolicy": _resource("CachePolicy", "CachePolicyConfig", _cache_policy()),
        "ApiOriginPolicy": _resource("OriginRequestPolicy", "OriginRequestPolicyConfig", _origin_policy()),
        "ApiDistribution": _resource("Distribution", "DistributionConfig", _distribution()),
    }


def _resource(kind: str, name: str, config: Template) -> Template:
    return {"Type": f"AWS::CloudFront::{kind}", "Condition": "HasCloudFront", "Properties": {name: config}}


def _cache_policy() -> Template:
    return {
        "Name": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"},
        "MinTTL": 0,
        "DefaultTTL": 0,
        "MaxTTL": 1,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": False,
            "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": ["Authorization"]},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "all"},
        },
    }


def _origin_policy() -> Template:
    return {
        "Name": {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"},
        "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": list(FORWARDED_HEADERS)},
        "CookiesConfig": {"CookieBehavior": "none"},
        "QueryStringsConfig": {"QueryStringBehavior": "all"},
    }


def _distribution() -> Template:
    return {
        "Enabled": True,
        "Comment": {"Fn::Sub": "${AWS::StackName}: API"},
        "HttpVersion": "http2and3",
        "WebACLId": {"Fn::If": ["HasWebAcl", {"Ref": "WebAclArn"}, {"Ref": "AWS::NoValue"}]},
        "Origins": [_origin()],
        "DefaultCacheBehavior": {
            "TargetOriginId": "api",
            "ViewerProtocolPolicy": "https-only",
            "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
            "CachePolicyId": {"Ref": "ApiCachePolicy"},
            "OriginRequestPolicyId": {"Ref": "ApiOriginPolicy"},
        },
        # CloudFront keeps errors for ten seconds unless it is told otherwise, and a retry would meet them again.
        "CustomErrorResponses": [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in _ERRORS],
    }


def _origin() -> Template:
    return {
        "Id": "api",
        "DomainName": {"Fn::Select": [2, {"Fn::Split": ["/", {"Fn::GetAtt": ["ApiUrl", "FunctionUrl"]}]}]},
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]},
        "OriginCustomHeaders": [{"HeaderName": SECRET_HEADER, "HeaderValue": {"Fn::Sub": _SECRET}}],
    }
