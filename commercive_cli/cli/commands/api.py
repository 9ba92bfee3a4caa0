"""`commercive api`: serves and calls the API on this machine, and makes what its deployment needs."""

import io
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from commercive_cli.cli import options as o
from commercive_cli.cli.completers import action_names, parameter_names
from commercive_cli.cli.errors import BUG, EXIT_CODES, USAGE, answering, say
from commercive_cli.cli.groups import example, new_group
from commercive_cli.cli.render.escape import escape_json
from commercive_cli.cli.session import Session
from commercive_cli.domain.errors import Invalid, NotFound
from commercive_cli.domain.quoting import quoted, shortened
from commercive_cli.settings import environment, set_by_environment
from commercive_cli.settings.api import AuthMode, exact_origin, load_api

app = new_group("api")

DEFAULT_PORT = 8787
_INDENT = 2
_NARROW = 1
"""What `aws cloudformation deploy` takes without a bucket has 51,200 bytes at most."""

_HTTP_ALONE = {"wrong_method": USAGE, "too_large": USAGE, "unknown_action": EXIT_CODES[NotFound]}
"""Codes that only the API has."""


@app.command(epilog=example("commercive api serve --auth none --origin http://localhost:3000"))
def serve(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(metavar="HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = DEFAULT_PORT,
    auth: Annotated[
        AuthMode | None,
        typer.Option(help="jwt checks access tokens, none trusts everybody; jwt by default."),
    ] = None,
    origin: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="Origin of pages that may call the API; repeatable.")
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Host name to answer to, beside the address's own; repeatable."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Let other machines reach an API that trusts everybody.")
    ] = False,
    yes: o.Yes = False,
) -> None:
    """Serve the API on this machine. Requests reach the same handler as on Lambda; logs go to stderr."""
    from commercive_cli.api.factory import create_application
    from commercive_cli.api.http.server import LocalServer, place_of
    from commercive_cli.api.telemetry import Telemetry

    origins = tuple(map(exact_origin, origin or ()))
    with set_by_environment():
        settings = load_api(environment(), auth=auth, origins=origins)
    place = place_of(host, port)
    if settings.auth == "none" and not (place.is_loopback or insecure):
        raise Invalid(
            f"in auth mode none whoever reaches {shortened(host)} may do everything; listen on 127.0.0.1, "
            "or pass --insecure"
        )
    session = Session(context)
    with session.writing(yes=yes) as services:
        telemetry = Telemetry(sys.stderr, on_access=session.log_access_of_api)
        server = LocalServer(create_application(settings, services, telemetry), place, allow_host or ())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, server.stop)
        session.note(f"listening on {server.url}, auth {settings.auth}, store {services.store.target}; Ctrl-C stops")
        server.run()
        telemetry.close()
        session.note("stopped")


@app.command(
    epilog=example(
        "commercive api call chat/conversations user_id=user-123",
        "commercive api call affiliate/submit-lead link_id=ABC12345 lead_data.name=Ann lead_data.email=ann@example.com",
        "commercive api call admin/approve-lead lead_id=ID decision=approve commission_amount:=25.5",
    )
)
def call(
    context: typer.Context,
    *,
    action: Annotated[
        str, typer.Argument(metavar="ACTION", help="The action, such as chat/send.", autocompletion=action_names)
    ],
    values: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE...]",
            help="Its parameters; KEY:=VALUE takes JSON.",
            autocompletion=parameter_names,
        ),
    ] = None,
    yes: o.Yes = False,
) -> None:
    """Call one action through the API's handler in mode none. Prints its JSON; the exit code is that of its error."""
    from commercive_cli.api.actions import BY_NAME
    from commercive_cli.api.factory import create_application
    from commercive_cli.api.http.events import body_of
    from commercive_cli.api.http.local_events import action_event
    from commercive_cli.api.telemetry import Telemetry

    session = Session(context)
    with set_by_environment():
        settings = replace(load_api(environment(), auth="none"), fallback=None)
    log = sys.stderr if session.options.verbose else io.StringIO()
    given = read_values(values or [])
    if unused := sorted(given.keys() - BY_NAME[action].params.accepted() if action in BY_NAME else ()):
        say(f"{action} takes no {shortened(', '.join(unused))}, which is ignored")
    with session.writing(yes=yes) as services:
        event = action_event(action, given)
        telemetry = Telemetry(log, on_access=lambda line: session.log_access_of_api({**line, "actor": session.actor}))
        reply = create_application(settings, services, telemetry)(event)
        telemetry.close()
    text = body_of(reply).decode()
    code = exit_code_of(json.loads(text).get("code"))
    with answering(changed=code == 0 and event["requestContext"]["http"]["method"] == "POST"):
        typer.echo(escape_json(text))
    raise typer.Exit(code)


@app.command(epilog=example("commercive api openapi > openapi.json"))
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the actions."""
    from commercive_cli.api.openapi import document

    typer.echo(json.dumps(document(), indent=_INDENT))


@app.command(
    epilog=example(
        "commercive api template --package commercive-api.zip > stack.json",
        "commercive --store dynamodb://eu-west-1 api template --check > stack.json",
    )
)
def template(
    context: typer.Context,
    *,
    package: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", exists=True, dir_okay=False, help="Zip of `api package`, whose runtime the function gets."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Look at the tables first; print nothing when one is not ours.")
    ] = False,
) -> None:
    """Print the CloudFormation template of API and tables. Table names start with the prefix of the DynamoDB store.

    Runtime and architecture are those of the package, without --package the ones that `api package` takes by default.
    Asks nobody, unless --check is given: that wants a DynamoDB store, and exits 78 when one of its tables is not ours.
    """
    from commercive_cli.api.deploy import stack
    from commercive_cli.api.deploy.manifest import runtime_of_package
    from commercive_cli.api.deploy.runtimes import DEFAULT

    session = Session(context)
    runtime = runtime_of_package(package) if package else DEFAULT
    if check:
        _check_tables(session)
    typer.echo(json.dumps(stack.api_stack(session.settings.store.dynamodb_prefix, runtime), indent=_NARROW))


@app.command(
    epilog=example(
        "commercive api package commercive-api.zip",
        "commercive api package commercive-api.zip --python 3.14 --arch arm64",
    )
)
def package(
    context: typer.Context,
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the zip.")] = Path(
        "commercive-api.zip"
    ),
    *,
    python: Annotated[
        str, typer.Option(metavar="VERSION", help="Python runtime of Lambda: 3.12, 3.13 or 3.14.")
    ] = "3.13",
    arch: Annotated[Literal["x86_64", "arm64"], typer.Option(help="Architecture of the function.")] = "x86_64",
    lock: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            exists=True,
            dir_okay=False,
            help="Lock file of the libraries; the program's own by default.",
        ),
    ] = None,
) -> None:
    """Write the zip that Lambda runs: our code and its libraries.

    pip fetches the libraries in the versions and with the hashes of the lock file, as wheels that the runtime can load,
    whatever this machine and Python are. Bytecode is added where this machine has the runtime's Python. A manifest in
    the zip tells `api template` the runtime.
    """
    from commercive_cli.api.deploy.lock import LOCK
    from commercive_cli.api.deploy.package import check_place, write_package
    from commercive_cli.api.deploy.runtimes import runtime_of

    runtime = runtime_of(python, arch)
    check_place(target)
    context.obj.note(f"fetching the libraries for {runtime}")
    manifest = write_package(target, runtime, lock or LOCK)
    context.obj.note(
        f"{target}: {target.stat().st_size:,} bytes for {runtime}; {len(manifest.libraries)} libraries, "
        f"of {lock or 'the lock file of this program'}"
    )
    if manifest.bytecode is None:
        say(
            f"there is no {runtime.identifier} here, so the zip has no bytecode; it runs, but each instance takes a "
            "second or two longer to start"
        )


def _check_tables(session: Session) -> None:
    """Say whether the stack has to make the tables."""
    if session.settings.store.engine != "dynamodb":
        raise Invalid("--check looks at tables on DynamoDB; name them with --store dynamodb://REGION?prefix=PREFIX")
    with session.reading() as services:
        there = services.tables.check()
    session.note(
        f"{there} of the six tables are there, and ours" + ("; deploy with CreateTables=false" if there else "")
    )


def read_values(pairs: list[str]) -> dict[str, Any]:
    """Return the values of KEY=VALUE and KEY:=JSON; a dot in a key makes an object, as in lead_data.name=Ann."""
    values: dict[str, Any] = {}
    for pair in pairs:
        key, found, text = pair.partition("=")
        if not found or not key.rstrip(":"):
            raise Invalid(f"{quoted(pair)} is not KEY=VALUE")
        *path, name = key.removesuffix(":").split(".")
        target = values
        for step in path:
            target = target.setdefault(step, {})
            if not isinstance(target, dict):
                raise Invalid(f"{quoted(key)} goes through a value that is not an object")
        target[name] = _json(pair, text) if key.endswith(":") else text
    return values


def _json(pair: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid(f"{quoted(pair)}: what follows := must be JSON") from None


def exit_code_of(code: str | None) -> int:
    """Return the exit code for an answer's error code, 0 for a success (ARCHITECTURE.md, "Errors")."""
    if code is None:
        return 0
    if code in _HTTP_ALONE:
        return _HTTP_ALONE[code]
    return next((number for error, number in EXIT_CODES.items() if error.code == code), BUG)
