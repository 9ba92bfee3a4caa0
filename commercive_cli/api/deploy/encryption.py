"""The stack's customer-managed key: for tables, log, variables and secrets, with what its users are granted.

Without one, AWS encrypts with keys of its own. What a service needs is in AWS's guides: DynamoDB, "Authorizing use of
your customer managed key"; CloudWatch Logs, "Encrypt log data in CloudWatch Logs using AWS KMS"; Lambda, "Securing
Lambda environment variables"; Secrets Manager, "Secret encryption and decryption".
"""

from typing import Any

Template = dict[str, Any]
NEW_KEY = "new"
_THROUGH_TABLES = ("Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "DescribeKey", "CreateGrant")
_FOR_LOGS = ("Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "Describe*")

KEY = {"Fn::If": ["MakesKey", {"Fn::GetAtt": ["DataKey", "Arn"]}, {"Ref": "EncryptionKey"}]}
KEY_OR_NONE = {"Fn::If": ["HasKey", KEY, {"Ref": "AWS::NoValue"}]}
"""The key's ARN where there is one."""

PARAMETER = {
    "Type": "String",
    "Description": "Customer-managed key of tables, log, variables and secrets: `new` makes one, an ARN takes that key",
    "Default": "",
    "AllowedPattern": f"^$|^{NEW_KEY}$|^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{{12}}:key/[A-Za-z0-9-]+$",
}
CONDITIONS = {
    "HasKey": {"Fn::Not": [{"Fn::Equals": [{"Ref": "EncryptionKey"}, ""]}]},
    "MakesKey": {"Fn::Equals": [{"Ref": "EncryptionKey"}, NEW_KEY]},
}


def data_key() -> Template:
    """Return the key that the stack makes. Its policy leaves it to the account's policies who uses it, but for logs."""
    return {
        "DataKey": {
            "Type": "AWS::KMS::Key",
            "Condition": "MakesKey",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "Description": "Commercive: tables, log, variables and secrets of the API",
                "EnableKeyRotation": True,
                "KeyPolicy": {"Version": "2012-10-17", "Statement": [_owner_statement(), logs_statement()]},
            },
        }
    }


def _owner_statement() -> Template:
    account = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    return {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}


def logs_statement() -> Template:
    """Return what the policy of a key must hold, also of one that the stack does not make, so that logs can use it."""
    logs = {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:*"}
    return {
        "Effect": "Allow",
        "Principal": {"Service": {"Fn::Sub": "logs.${AWS::Region}.${AWS::URLSuffix}"}},
        "Action": _actions(_FOR_LOGS),
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
    }


def role_statements() -> list[Template]:
    """Return what the function's role may do with the key: through tables, and to read variables and secrets."""
    return [through_tables(), _through(("lambda", "secretsmanager"), ("Decrypt",))]


def through_tables() -> Template:
    """Return what whoever uses the tables may do with the key, through DynamoDB alone."""
    return _through(("dynamodb",), _THROUGH_TABLES)


def encrypted_table(table: Template) -> Template:
    """Return a table that is encrypted with the key where there is one, and as declared where there is none."""
    properties = table["Properties"]
    with_key = {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    chosen = {"Fn::If": ["HasKey", with_key, properties["SSESpecification"]]}
    return {**table, "Properties": {**properties, "SSESpecification": chosen}}


def _through(services: tuple[str, ...], operations: tuple[str, ...]) -> Template:
    names = [{"Fn::Sub": f"{service}.${{AWS::Region}}.amazonaws.com"} for service in services]
    return {
        "Effect": "Allow",
        "Action": _actions(operations),
        "Resource": [KEY],
        "Condition": {"StringEquals": {"kms:ViaService": names}},
    }


def _actions(operations: tuple[str, ...]) -> list[str]:
    return [f"kms:{operation}" for operation in operations]
