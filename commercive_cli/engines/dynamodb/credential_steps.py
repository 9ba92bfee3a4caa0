"""The steps by which AWS's library gets credentials: who is asked in each, and what to do where none come of it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from commercive_cli.domain.errors import NoCredentials
from commercive_cli.domain.secrets import redact
from commercive_cli.engines.dynamodb.errors import (
    CREDENTIALS_HELP,
    configuration_words,
    failed_exchange,
    filtered,
    refusal_words,
)

METADATA = "iam-role"
"""botocore's name for credentials from the instance metadata service."""

_TRUST = "check role_arn and the sources of its credentials in AWS's config file, and whom the role trusts"
_JUNK = "what it gave is no credentials"


@dataclass(frozen=True)
class Step:
    """Who is asked for credentials, what mends it, and what it said, as far as a library does not keep that."""

    who: str
    mend: str
    said: str = ""


START = Step("AWS's own configuration", CREDENTIALS_HELP)


class NoAnswer(ValueError):
    """What came instead of credentials is none; the text says how it is wrong, and holds nothing of it."""


def step_of(source: str, profile: str, metadata: str) -> Step:
    """Return the step of one of botocore's sources, by its name there; `metadata` is the metadata service's URL."""
    match source:
        case "env":
            return Step("the environment", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and what goes with them")
        case "assume-role":
            return Step(f"profile {filtered(profile)}, which takes a role", _TRUST)
        case "assume-role-with-web-identity":
            return Step("the file with the web identity token", "check AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN")
        case "sso":
            return Step(f"the SSO session of profile {filtered(profile)}", sso_mend(profile))
        case "login":
            return Step(f"the sign-in of profile {filtered(profile)}", f"run `aws login --profile {filtered(profile)}`")
        case "custom-process":
            return step_of_process("", profile)
        case "container-role":
            return step_of_container("")
        case "iam-role":
            return Step(
                f"the instance metadata service at {_address(metadata)}",
                "check that this machine has a role, or leave metadata=1 out of the store URL",
            )
    return Step(f"AWS's own files ({source})", CREDENTIALS_HELP)


def step_of_container(url: str, said: str = "") -> Step:
    """Return the step that asks a container's endpoint, whose URL is known once it is asked."""
    who = "the container's credentials" + (f" at {_address(url)}" if url else "")
    return Step(who, "check AWS_CONTAINER_CREDENTIALS_FULL_URI or ..._RELATIVE_URI, and what answers there", said)


def step_of_process(command: str, profile: str) -> Step:
    """Return the step that runs a command; only its name is told, as its arguments may be secret."""
    return Step(
        "the credential process" + (f" '{redact(command)}'" if command else ""),
        f"run what credential_process says in profile {filtered(profile)} of AWS's config file, and see why",
    )


def step_of_call(service: str, url: str, body: Any, profile: str) -> Step:
    """Return the step that calls one of AWS's services; `body` are the parameters of a call to STS."""
    if service != "sts":
        signs_in = service == "signin"
        mend = f"run `aws login --profile {filtered(profile)}`" if signs_in else sso_mend(profile)
        return Step(f"AWS's sign-in service at {_address(url)}", mend)
    given: dict[str, Any] = body if isinstance(body, dict) else {}
    role, web = filtered(given.get("RoleArn", "?")), "WebIdentityToken" in given
    mend = (
        "renew the token in its file (AWS_WEB_IDENTITY_TOKEN_FILE), and check whom the role trusts" if web else _TRUST
    )
    return Step(f"STS at {_address(url)}, asked for the role {role}", mend)


def sso_mend(profile: str) -> str:
    """Return how to sign in again."""
    return f"run `aws sso login --profile {filtered(profile)}`"


def too_long(step: Step, seconds: float) -> NoCredentials:
    """Return the error for a step that has not ended in time."""
    how = f"{step.said}, but no credentials came" if step.said else "no answer"
    return _error(step, f"{how} within {seconds:g} s; check the network")


def nothing_given(step: Step) -> NoCredentials:
    """Return the error for a step that ended without credentials."""
    return _error(step, "it gave none")


def failed(error: Exception, step: Step) -> NoCredentials:
    """Return the error for a step that failed; the texts of other programs and libraries are not repeated."""
    return _error(step, _words(error, step))


def no_code(why: str, prompt: str) -> NoCredentials:
    """Return the error for an MFA code that nobody gave when the prompt asked for it."""
    return NoCredentials(
        f"no AWS credentials: {why} ({filtered(prompt.strip(' :'))}); run this on a terminal, or take a profile "
        "without mfa_serial"
    )


def _error(step: Step, how: str) -> NoCredentials:
    return NoCredentials(f"no AWS credentials from {step.who}: {how}; {step.mend}")


def _words(error: Exception, step: Step) -> str:
    match error:
        case NoAnswer():
            return str(error)
        case ClientError():
            return refusal_words(error)
        case aws.CredentialRetrievalError() | aws.MetadataRetrievalError():
            cause = error.__context__
            return _words(cause, step) if isinstance(cause, Exception) else step.said or _JUNK
        case OSError():
            return error.strerror or "it cannot be read"
        case RuntimeError():  # botocore's word for credentials that are new and yet too old
            return "what it gave has expired"
        case ValueError() if str(error).startswith("Invalid endpoint"):  # botocore has no type of its own for it
            return "an endpoint in AWS's own configuration is not a URL"
        case ResponseParserError() | ValueError() | KeyError() | TypeError() | AttributeError():
            return _JUNK
    words = configuration_words(error)
    if words or not isinstance(error, BotoCoreError):
        return words or "it failed"
    return f"{failed_exchange(error)}; check the network"


def _address(url: str) -> str:
    """Return the scheme, host and port of a URL: the rest may be secret."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is no URL"
    return filtered(f"{parts.scheme}://{parts.hostname or '?'}{port}")
