"""The program: the global options, the groups of commands, and the handling of every error."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from commercive_cli import __version__
from commercive_cli.cli.completers import profile_names
from commercive_cli.cli.completions import REQUEST
from commercive_cli.cli.errors import INTERRUPTED, Interrupted, OutputClosed, report, say, say_notes
from commercive_cli.cli.first_run import FirstRun
from commercive_cli.cli.global_options import GlobalOptions, Output, asked_format, global_options_first
from commercive_cli.cli.groups import COMMANDS, GROUPS, Command, Group, example, load_command, load_group
from commercive_cli.cli.late_signals import signals_heard
from commercive_cli.cli.render.formats import TimeStyle
from commercive_cli.cli.standard_streams import discard_unwritten, prepare_streams
from commercive_cli.domain.errors import BeginAnew, CommerciveError, IllFormed
from commercive_cli.domain.secrets import remember_secrets
from commercive_cli.settings import environment, secrets_of
from commercive_cli.settings.places import default_store_path, nothing_configured

if TYPE_CHECKING:
    from commercive_cli.cli.global_options import OpenStore
    from commercive_cli.domain.clock import Clock

PROGRAM = "commercive"


class Root(Group):
    """The root group. It has every group by name, and loads the commands of the called group alone."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, info in GROUPS.items():
            self.add_command(TyperGroup(name=name, help=info.help, rich_markup_mode=None))
        for name, text in COMMANDS.items():
            self.add_command(TyperCommand(name=name, help=text, rich_markup_mode=None))
        self.commands = dict(sorted(self.commands.items(), key=lambda pair: pair[0] not in GROUPS))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command that the arguments name; load its module, or the commands of its group."""
        name, command, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            return name, load_command(name), rest
        return name, load_group(name, *rest[:1]) if name in GROUPS else command, rest

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the global options; without any argument, a new user is told how to begin, above the help."""
        if not args and not ctx.resilient_parsing and nothing_configured(environment()):
            begin = FirstRun(default_store_path())
            typer.echo("\n".join((begin.message.capitalize(), *begin.ways, "")))
        return super().parse_args(ctx, args)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Parse the command line; this may print help."""
        with _translated_errors():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            with _translated_errors():
                return super().invoke(ctx)
        except CommerciveError as error:
            error.answer_begun = ctx.obj is not None and ctx.obj.answer_begun
            raise


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


@app.command("commands", cls=Command, epilog=example("commercive commands -o json | jq '.commands[].command'"))
def commands(context: typer.Context, *, output: Output = "table") -> None:
    """Describe every command, option, type and exit code, for programs and for people who look for one."""
    from commercive_cli.cli.commands_document import commands_document
    from commercive_cli.cli.session import Session

    Session(context, output).show(commands_document(command()))


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
        typer.Option(
            "--profile",
            metavar="NAME",
            help="Profile of the config file; also COMMERCIVE_PROFILE.",
            autocompletion=profile_names,
        ),
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
    access_log: Annotated[
        str | None,
        typer.Option(
            "--access-log",
            metavar="FILE",
            help="Add to FILE who read or changed which records, without content; also COMMERCIVE_ACCESS_LOG.",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print details to stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Print a traceback on failure.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; also NO_COLOR.")] = False,
    no_pager: Annotated[bool, typer.Option("--no-pager", help="Never a pager; also PAGER=cat.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only results and errors.")] = False,
    times: Annotated[
        TimeStyle | None,
        typer.Option("--time", help="How a terminal shows times; lists relative and threads local by default."),
    ] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B,C", help="These columns only, of a table or CSV.")
    ] = None,
    bom: Annotated[
        bool, typer.Option("--bom", help="Begin CSV with a byte order mark, by which Excel knows UTF-8.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Commercive's support chat and affiliate programme, from the command line."""
    clock, open_store = context.obj
    chosen = tuple(columns.split(",")) if columns else ()
    context.obj = GlobalOptions(
        profile, store, actor, verbose, debug, no_color, no_pager, quiet, times, chosen, access_log, bom
    )
    context.obj.clock, context.obj.open_store = clock, open_store


def main(
    arguments: Sequence[str] | None = None, clock: "Clock | None" = None, open_store: "OpenStore | None" = None
) -> int:
    """Run one command line and return its exit code (ARCHITECTURE.md, "Errors"). Failures are one line on stderr.

    `clock` stands for that of this machine, and `open_store` opens another store than the one that the settings name.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    remember_secrets(secrets_of(environment()))
    prepare_streams()
    code = _exit_code(given, clock, open_store)
    discard_unwritten()
    return code


def _exit_code(given: list[str], clock: "Clock | None", open_store: "OpenStore | None") -> int:
    try:
        if REQUEST in environment():
            return _answer_shell(given)
        with signals_heard():
            code = _run(global_options_first(given), clock, open_store)
        sys.stdout.flush()
    except (OutputClosed, BrokenPipeError):
        return 0
    except (Interrupted, KeyboardInterrupt) as error:
        say("interrupted")
        say_notes(error)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  # users get no tracebacks without --debug
        if isinstance(error, IllFormed):
            _explain_by_locale(error, given)
        as_document = asked_format(given) in ("json", "jsonl")
        return report(error, given, debug="--debug" in given, document=as_document)
    return code if isinstance(code, int) else 0


def _run(arguments: list[str], clock: "Clock | None", open_store: "OpenStore | None") -> object:
    """Run the command; where the store has shown that the clock was wrong, once more with the right time."""
    try:
        return _ran(arguments, clock, open_store)
    except BeginAnew as again:
        return _ran(arguments, again.clock, open_store)


def _ran(arguments: list[str], *outside: object) -> object:
    return command().main(arguments, prog_name=PROGRAM, standalone_mode=False, obj=outside)


def _answer_shell(given: list[str]) -> int:
    from commercive_cli.cli.completion_requests import answer_request

    answer_request(command(), environment(), " ".join(given))
    sys.stdout.flush()
    return 0


def _explain_by_locale(error: IllFormed, given: Sequence[str]) -> None:
    """Let an error about text name the locale as its cause when arguments hold bytes that Python could not decode."""
    if any("\udc80" <= character <= "\udcff" for argument in given for character in argument):
        error.message = (
            f"the command line is not {sys.getfilesystemencoding()} text, which the locale says it is: set LC_ALL to a "
            "locale in the encoding of your terminal, such as C.UTF-8, or pass the text on stdin, as -"
        )


@cache
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
