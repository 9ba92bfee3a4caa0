"""The program: the global options, the groups of commands, and the handling of every error."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from commercive_cli import __version__
from commercive_cli.cli.completions import answer_shell, completion
from commercive_cli.cli.errors import INTERRUPTED, Interrupted, OutputClosed, report, say
from commercive_cli.cli.global_options import GlobalOptions, global_options_first
from commercive_cli.cli.groups import GROUPS, Group, example, load_group
from commercive_cli.cli.standard_streams import discard_unwritten, prepare_streams
from commercive_cli.domain.secrets import remember_secrets
from commercive_cli.settings import environment, secrets_of

PROGRAM = "commercive"


class Root(Group):
    """The root group. It has every group by name, and loads the commands of the called group alone."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, info in GROUPS.items():
            self.add_command(TyperGroup(name=name, help=info.help, rich_markup_mode=None))
        self.commands = dict(sorted(self.commands.items(), key=lambda pair: pair[0] not in GROUPS))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments name; load the commands of its group."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, load_group(name) if name in GROUPS else command, rest

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Parse the command line; this may print help."""
        with _translated_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _translated_errors():
            return super().invoke(ctx)


app = typer.Typer(
    name=PROGRAM,
    cls=Root,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    epilog=example(
        "commercive tables create --seed",
        "commercive chat list --sort waiting",
        "commercive leads list --status pending -o ids",
        "commercive --profile prod chat reply CONVERSATION_ID 'It has shipped'",
    ),
)
app.command("completion", epilog=example("commercive completion zsh > ~/.zfunc/_commercive"))(completion)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # the signature of an option's callback
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    *,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="Profile of the config file; also COMMERCIVE_PROFILE."),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            metavar="URL",
            help="sqlite://, sqlite:///file.db or dynamodb://REGION?prefix=commercive_v2_; also COMMERCIVE_STORE.",
        ),
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option("--as", metavar="ID", help="Who acts; also COMMERCIVE_ACTOR, else the OS user."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print details to stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print a traceback on failure.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; also NO_COLOR.")] = False,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin CSV with a byte order mark, by which Excel knows UTF-8.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Commercive's support chat and affiliate programme, from the command line."""
    context.obj = GlobalOptions(profile, store, actor, verbose, debug, no_color, bom)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code (ARCHITECTURE.md, "Errors"). Failures are one line on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    remember_secrets(secrets_of(environment()))
    prepare_streams()
    code = _exit_code(given)
    discard_unwritten()
    return code


def _exit_code(given: list[str]) -> int:
    try:
        answer_shell(command(), PROGRAM)
        code = command().main(global_options_first(given), prog_name=PROGRAM, standalone_mode=False)
        sys.stdout.flush()
    except (OutputClosed, BrokenPipeError):
        return 0
    except (Interrupted, KeyboardInterrupt):
        say("interrupted")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # users get no tracebacks without --debug
        return report(error, given, debug="--debug" in given)
    return code if isinstance(code, int) else 0


def command() -> TyperGroup:
    """Return the whole program as a command."""
    return get_group(app)


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate the closed pipe and Ctrl-C into our exceptions, which Typer does not turn into exit codes."""
    try:
        yield
    except BrokenPipeError as error:
        raise OutputClosed from error
    except KeyboardInterrupt as error:
        raise Interrupted from error
