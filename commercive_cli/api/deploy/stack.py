"""The deployable stack as a CloudFormation template: function, URL, role, tables, log, secrets and alarms.

URL and function get the origins: the URL answers preflights and sends CORS headers, the function refuses others.
"""

from typing import Any

from commercive_cli.api.deploy import encryption, front
from commercive_cli.api.deploy.encryption import encrypted_table
from commercive_cli.api.deploy.package import HANDLER
from commercive_cli.api.deploy.permissions import operators_statements, statements
from commercive_cli.api.deploy.runtimes import DEFAULT, Runtime
from commercive_cli.api.http.cors import EXPOSED_HEADERS, MAX_AGE_SECONDS, METHODS, REQUEST_HEADERS
from commercive_cli.domain.links import DASHBOARD_URL
from commercive_cli.services.tables.cloudformation import table_resources
from commercive_cli.settings.api import ASSURANCE_LEVELS, LOG_READS, ONLY_CLOUDFRONT, SHARE
from commercive_cli.settings.limits import LIMIT
from commercive_cli.settings.secret_values import ADDRESS_KEY, DOCUMENT

Template = dict[str, Any]

TIMEOUT_SECONDS = 15
"""More than the ten seconds after which the store gives up, so that clients get its error."""

MEMORY_MB = 1024
_EXTENSION = "{{resolve:ssm:/aws/service/aws-parameters-and-secrets-lambda-extension/%s/latest}}"
SECRETS_EXTENSION = {"x86_64": _EXTENSION % "x86", "arm64": _EXTENSION % "arm64"}
"""The newest layer of an architecture, in any region, as parameters of AWS's own.

AWS Systems Manager User Guide, "Retrieving the latest Lambda extension ARN".
"""

_LOG_DAYS = 30
_PERIOD_SECONDS = 300


def api_stack(prefix: str, runtime: Runtime = DEFAULT) -> Template:
    """Return the template for tables whose names start with `prefix`, and for a package made for `runtime`."""
    tables = {
        name: {**encrypted_table(table), "Condition": "MakesTables"} for name, table in table_resources(prefix).items()
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Commercive: support chat and affiliate programme, API and tables",
        "Parameters": _parameters(),
        "Conditions": {
            "MakesTables": {"Fn::Equals": [{"Ref": "CreateTables"}, "true"]},
            "HasExtraCorsHeaders": _is_given("ExtraCorsHeaders"),
            "HasReservedConcurrency": _is_given("ReservedConcurrency"),
            "HasAlarmTopic": _is_given("AlarmTopic"),
            **encryption.CONDITIONS,
            **front.CONDITIONS,
        },
        "Resources": {
            **tables,
            **encryption.data_key(),
            **_secrets(),
            **_function(prefix, runtime),
            **_operators(prefix),
            **_url(),
            **front.distribution(),
            **_alarms(),
        },
        "Outputs": {
            "ApiUrl": {
                "Description": "NEXT_PUBLIC_AWS_LAMBDA_URL of the dashboard",
                "Value": {"Fn::GetAtt": ["ApiUrl", "FunctionUrl"]},
            },
            "Secrets": {
                "Description": "ARN of the secret that holds the API's secrets, by the names of their variables",
                "Value": {"Ref": "ApiSecrets"},
            },
            "OperatorsPolicy": {
                "Description": "ARN of the policy for those who run `commercive` on these tables",
                "Value": {"Ref": "OperatorsPolicy"},
            },
            **front.OUTPUTS,
        },
    }


def _parameters() -> Template:
    return {
        "CodeBucket": {"Type": "String", "Description": "S3 bucket that holds the zip of `commercive api package`"},
        "CodeKey": {"Type": "String", "Description": "Key of the zip in the bucket"},
        "SupabaseUrl": {
            "Type": "String",
            "Description": "Project whose access tokens are accepted, such as https://PROJECT.supabase.co",
            "AllowedPattern": "^https://[a-z0-9.-]+(:[0-9]{1,5})?$",
        },
        "AllowAnonymous": {
            "Type": "String",
            "Description": "true lets anonymous users in, who may chat like any user",
            "Default": "false",
            "AllowedValues": ["true", "false"],
        },
        "AdminRoles": {
            "Type": "String",
            "Description": "Roles of app_metadata that are admins, such as admin,employee=chat/*+admin/conversations",
            "Default": "admin",
        },
        "ApprovalCeiling": _amount("The most that an approval may give for one lead, in USD, such as 500.00"),
        "CommissionMin": _amount("The least commission of an approval, in USD: less is a slip"),
        "CommissionMax": _amount("The largest commission of an approval, in USD: more is a slip"),
        "AdminAal": {
            "Type": "String",
            "Description": "aal2 lets nobody be an admin without a second factor",
            "Default": "",
            "AllowedValues": ["", *ASSURANCE_LEVELS],
        },
        "AllowedOrigins": {
            "Type": "CommaDelimitedList",
            "Description": "Exact origins of the pages that may call",
            "Default": DASHBOARD_URL,
            "AllowedPattern": "^https?://[a-z0-9.-]+(:[0-9]{1,5})?$",
        },
        "ExtraCorsHeaders": {
            "Type": "String",
            "Description": "Headers that pages may send beyond the usual, separated by commas",
            "Default": "",
            "AllowedPattern": "^$|^[A-Za-z0-9][A-Za-z0-9_-]*(,[A-Za-z0-9][A-Za-z0-9_-]*)*$",
        },
        "FallbackUrl": {
            "Type": "String",
            "Description": "Backend that goes on serving the actions of FallbackActions",
            "Default": "",
            "AllowedPattern": "^$|^https://[^?#@]+$",
        },
        "FallbackActions": {
            "Type": "String",
            "Description": "What the names of its actions begin with, such as crm/,preferences/",
            "Default": "",
        },
        "Limits": {
            "Type": "String",
            "Description": "Rate limits other than the usual, such as link=2000+300/m,address-day=500/d",
            "Default": "",
            "AllowedPattern": f"^$|^{LIMIT}(,{LIMIT})*$",
        },
        "DashboardUrl": {"Type": "String", "Default": DASHBOARD_URL},
        "CreateTables": {
            "Type": "String",
            "Description": "false where `commercive tables create` has made the tables",
            "Default": "true",
            "AllowedValues": ["true", "false"],
        },
        "ReservedConcurrency": {
            "Type": "String",
            "Description": "The most calls at once; blank: the account's limit, of which 100 must stay unreserved",
            "Default": "",
            "AllowedPattern": "^$|^[1-9][0-9]{0,4}$",
        },
        "LogLevel": {
            "Type": "String",
            "Description": "WARNING and ERROR leave out the records of requests, and with them the access log",
            "Default": "INFO",
            "AllowedValues": ["DEBUG", "INFO", "WARNING", "ERROR"],
        },
        "LogReads": {
            "Type": "String",
            "Description": "Share of successful reads that leave a record, such as 0.01; metrics and errors all stay",
            "Default": "1",
            "AllowedPattern": SHARE,
        },
        "EncryptionKey": encryption.PARAMETER,
        **front.PARAMETERS,
        "SlowMs": {"Type": "Number", "Description": "Alarm when 1 in 100 calls takes longer", "Default": 3000},
        "AlarmTopic": {"Type": "String", "Description": "ARN of the SNS topic that alarms are sent to", "Default": ""},
    }


def _secrets() -> Template:
    """Return the secret of all secrets, which begins with the one that nobody else has to know.

    A change of how it is generated would generate it anew, and what operators put beside it would be gone.
    """
    generated = {
        "SecretStringTemplate": "{}",
        "GenerateStringKey": ADDRESS_KEY,
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }
    return {
        "ApiSecrets": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {
                "Description": "The secrets of the API, by the names of their variables",
                "KmsKeyId": encryption.KEY_OR_NONE,
                "GenerateSecretString": generated,
            },
        }
    }


def _function(prefix: str, runtime: Runtime) -> Template:
    return {
        "ApiLog": {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {"RetentionInDays": _LOG_DAYS, "KmsKeyId": encryption.KEY_OR_NONE},
        },
        "ApiRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": _policy(
                    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ),
                "Policies": [
                    {"PolicyName": "tables", "PolicyDocument": _policy(*statements(prefix))},
                    {"PolicyName": "log", "PolicyDocument": _policy(_log_statement())},
                    {"PolicyName": "secrets", "PolicyDocument": _policy(_secrets_statement())},
                    _if("HasKey", {"PolicyName": "key", "PolicyDocument": _policy(*encryption.role_statements())}),
                ],
            },
        },
        "ApiFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Description": "The actions of the dashboard",
                "Handler": HANDLER,
                "Runtime": runtime.identifier,
                "Architectures": [runtime.architecture],
                "MemorySize": MEMORY_MB,
                "Timeout": TIMEOUT_SECONDS,
                "ReservedConcurrentExecutions": _if("HasReservedConcurrency", {"Ref": "ReservedConcurrency"}),
                "KmsKeyArn": encryption.KEY_OR_NONE,
                "Layers": [SECRETS_EXTENSION[runtime.architecture]],
                "Role": {"Fn::GetAtt": ["ApiRole", "Arn"]},
                "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}},
                "LoggingConfig": {"LogGroup": {"Ref": "ApiLog"}},
                "Environment": {"Variables": _variables(prefix)},
            },
        },
    }


def _operators(prefix: str) -> Template:
    """Return the policy that somebody may attach to operators."""
    allowed = _policy(*operators_statements(prefix), _if("HasKey", encryption.through_tables()))
    description = "Commercive: every command of the command line, on the tables of the stack and restored ones"
    properties = {"Description": description, "PolicyDocument": allowed}
    return {"OperatorsPolicy": {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}}


def _variables(prefix: str) -> Template:
    return {
        "COMMERCIVE_STORE": {"Fn::Sub": f"dynamodb://${{AWS::Region}}?prefix={prefix}"},
        "COMMERCIVE_API_AUTH": "jwt",
        "COMMERCIVE_SUPABASE_URL": {"Ref": "SupabaseUrl"},
        "COMMERCIVE_ALLOW_ANONYMOUS": {"Ref": "AllowAnonymous"},
        DOCUMENT: {"Ref": "ApiSecrets"},
        ONLY_CLOUDFRONT: {"Ref": "OnlyCloudFront"},
        "COMMERCIVE_ADMIN_ROLES": {"Ref": "AdminRoles"},
        "COMMERCIVE_APPROVAL_CEILING": {"Ref": "ApprovalCeiling"},
        "COMMERCIVE_COMMISSION_MIN": {"Ref": "CommissionMin"},
        "COMMERCIVE_COMMISSION_MAX": {"Ref": "CommissionMax"},
        "COMMERCIVE_ADMIN_AAL": {"Ref": "AdminAal"},
        "COMMERCIVE_FALLBACK_URL": {"Ref": "FallbackUrl"},
        "COMMERCIVE_FALLBACK_ACTIONS": {"Ref": "FallbackActions"},
        "COMMERCIVE_CORS_ORIGINS": {"Fn::Join": [",", {"Ref": "AllowedOrigins"}]},
        "COMMERCIVE_CORS_HEADERS": "url",
        "COMMERCIVE_LIMITS": {"Ref": "Limits"},
        "COMMERCIVE_DASHBOARD_URL": {"Ref": "DashboardUrl"},
        "POWERTOOLS_LOG_LEVEL": {"Ref": "LogLevel"},
        LOG_READS: {"Ref": "LogReads"},
        "SECRETS_MANAGER_TTL": "0",  # of the extension, which then keeps nothing: the function asks once a minute
    }


def _url() -> Template:
    function = {"Fn::GetAtt": ["ApiFunction", "Arn"]}
    return {
        "ApiUrl": {
            "Type": "AWS::Lambda::Url",
            "Properties": {
                "TargetFunctionArn": function,
                "AuthType": "NONE",
                "Cors": {
                    "AllowOrigins": {"Ref": "AllowedOrigins"},
                    "AllowMethods": list(METHODS),
                    "AllowHeaders": {"Fn::Split": [",", _allowed_headers()]},
                    "ExposeHeaders": list(EXPOSED_HEADERS),
                    "MaxAge": MAX_AGE_SECONDS,
                },
            },
        },
        # Since October 2025 Lambda requires both: permission to call the URL, and to invoke the function by it.
        "ApiUrlIsPublic": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": function,
                "Action": "lambda:InvokeFunctionUrl",
                "Principal": "*",
                "FunctionUrlAuthType": "NONE",
            },
        },
        "ApiIsInvokedByUrl": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": function,
                "Action": "lambda:InvokeFunction",
                "Principal": "*",
                "InvokedViaFunctionUrl": True,
            },
        },
    }


def _allowed_headers() -> Template:
    usual = ",".join(REQUEST_HEADERS)
    return {"Fn::If": ["HasExtraCorsHeaders", {"Fn::Sub": f"{usual},${{ExtraCorsHeaders}}"}, usual]}


def _alarms() -> Template:
    return {
        "ErrorsAlarm": _alarm("The function failed", "Errors", 1, Statistic="Sum"),
        "ServerErrorsAlarm": _alarm("Clients got 5xx", "Url5xxCount", 1, Statistic="Sum"),
        "ThrottlesAlarm": _alarm("Calls were refused: as many ran as may at once", "Throttles", 1, Statistic="Sum"),
        "LatencyAlarm": _alarm(
            "1 in 100 calls is slow", "Duration", {"Ref": "SlowMs"}, ExtendedStatistic="p99", EvaluationPeriods=3
        ),
    }


def _alarm(description: str, metric: str, threshold: Any, **more: Any) -> Template:
    properties = {
        "AlarmDescription": description,
        "Namespace": "AWS/Lambda",
        "MetricName": metric,
        "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": "ApiFunction"}}],
        "Period": _PERIOD_SECONDS,
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": threshold,
        "TreatMissingData": "notBreaching",
        "AlarmActions": _if("HasAlarmTopic", [{"Ref": "AlarmTopic"}]),
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties | more}


def _log_statement() -> Template:
    return {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": [{"Fn::GetAtt": ["ApiLog", "Arn"]}],
    }


def _secrets_statement() -> Template:
    return {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [{"Ref": "ApiSecrets"}]}


def _policy(*parts: Template) -> Template:
    return {"Version": "2012-10-17", "Statement": list(parts)}


def _amount(description: str) -> Template:
    pattern = r"^$|^[0-9]{1,6}(\.[0-9]{1,2})?$|^1000000(\.00?)?$"
    return {
        "Type": "String",
        "Description": f"{description}; none by default",
        "Default": "",
        "AllowedPattern": pattern,
    }


def _is_given(parameter: str) -> Template:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _if(condition: str, value: Any) -> Template:
    return {"Fn::If": [condition, value, {"Ref": "AWS::NoValue"}]}
