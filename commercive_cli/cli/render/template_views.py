"""The answers of `chat templates`: canned replies with their variables, and what is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence

from commercive_cli.cli.render.columns import Column
from commercive_cli.cli.render.escape import escape_lines
from commercive_cli.cli.render.views import VIEWS, View
from commercive_cli.cli.session import Session
from commercive_cli.domain.answers.base import Answer
from commercive_cli.domain.canned_replies import problem_of, unknown_variables, variables_of
from commercive_cli.domain.errors import Invalid
from commercive_cli.domain.models import Sparse
from commercive_cli.settings.canned_replies import read_reply, reply_names


class TemplateShown(Sparse):
    """A canned reply: all its variables, of these the ones that only `--var` fills, and what is wrong with it."""

    template: str
    variables: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    problem: str | None = None
    text: str = ""


class Templates(Answer):
    """The canned replies by name."""

    templates: list[TemplateShown]


class TemplatesChecked(Templates):
    """The canned replies, to say what is wrong with them."""


class TemplateText(Answer):
    """The text of one canned reply, as it is or filled."""

    template: str
    text: str


def templates_listed(environ: Mapping[str, str]) -> Templates:
    """Return all canned replies."""
    return Templates(templates=[_shown(environ, name) for name in reply_names(environ)])


def templates_checked(environ: Mapping[str, str], names: Sequence[str] | None) -> TemplatesChecked:
    """Return these canned replies, None for all; raise Invalid when there is no such."""
    existing = reply_names(environ)
    for name in set(names or ()) - set(existing):
        read_reply(environ, name)  # raises, with the nearest name
    return TemplatesChecked(templates=[_shown(environ, name) for name in names or existing])


def show_text(session: Session, name: str, text: str) -> None:
    """Print the text alone, or a document in the format that was asked for."""
    if session.screen.output == "table":
        session.screen.write(iter([escape_lines(text).rstrip("\n") + "\n"]))
    else:
        session.show(TemplateText(template=name, text=text))


def _shown(environ: Mapping[str, str], name: str) -> TemplateShown:
    """Return one canned reply; one that cannot be read hides no other."""
    try:
        text = read_reply(environ, name)
    except Invalid as refusal:
        return TemplateShown(template=name, problem=refusal.message)
    return TemplateShown(
        template=name,
        variables=tuple(variables_of(text)),
        unknown=tuple(unknown_variables(text)),
        problem=problem_of(text),
        text=text,
    )


def _templates(answer: Templates) -> Iterator[TemplateShown]:
    return iter(answer.templates)


_NAME = Column("template", "id", names=True)
VIEWS[Templates] = View(
    _templates,
    (_NAME, Column("variables"), Column("text"), Column("problem", exceptional=True, look=lambda *_: "bad")),
    empty="There are no canned replies. Make one: commercive chat templates edit NAME",
)
VIEWS[TemplatesChecked] = View(
    _templates,
    (
        _NAME,
        Column("unknown", title="only by --var"),
        Column("problem", "prose", look=lambda value, _: "bad" if value else ""),
    ),
    empty="There are no canned replies.",
)
VIEWS[TemplateText] = View(lambda answer: (answer,), (_NAME, Column("text", "prose")))
