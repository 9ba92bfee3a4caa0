"""The programs that ours are held against: what a user could not have for less with the same libraries."""

import json
import sys
from importlib import import_module
from pathlib import Path

WORKERS = 8


def constant() -> None:
    """Print what a file holds, in a program of Typer with one command in a group."""
    import typer

    _run(typer.Typer(), lambda source: Path(source).read_text())


def query() -> None:
    """Print what one query of a boto3 client finds, in such a program."""
    import boto3
    import typer

    def ask(request: str) -> str:
        client = boto3.client("dynamodb")
        return json.dumps(client.query(**json.loads(request))["Items"])

    _run(typer.Typer(), ask)


def imports() -> None:
    """Import the modules that a file names, then make one query of a boto3 client."""
    names, request = sys.argv[1:]
    for name in json.loads(Path(names).read_text()):
        import_module(name)
    import boto3

    boto3.client("dynamodb").query(**json.loads(request))


def requests() -> None:
    """Send the requests that a file holds, eight at a time, each line its own after another."""
    from concurrent.futures import ThreadPoolExecutor

    import boto3
    from botocore import xform_name

    client = boto3.client("dynamodb")

    def send(line: str) -> None:
        for operation, parameters in json.loads(line):
            getattr(client, xform_name(operation))(**parameters)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(send, Path(sys.argv[1]).read_text().splitlines()))


def _run(app, answer) -> None:  # type: ignore[no-untyped-def]  # typer is imported late, as programs do
    import typer

    group = typer.Typer()

    @group.command("show")
    def show(source: str, output: str = typer.Option("table", "--output", "-o")) -> None:
        del output
        typer.echo(answer(source))

    @group.command("list")
    def other() -> None:
        pass

    app.add_typer(group, name="chat")
    app()
