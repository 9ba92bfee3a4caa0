"""Canned replies never go out half filled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.canned_replies import fill, fill_for, problem_of, unknown_variables, variables_of
from commercive_cli.domain.errors import Invalid


def test_every_variable_is_replaced() -> None:
    """Each {{name}} becomes its value, with or without spaces inside the braces."""
    filled = fill("Dear {{name}}, order {{ order }} of {{name}} has shipped", {"name": "Ana", "order": "#7"})

    assert "Dear Ana, order #7 of Ana has shipped" == filled


@pytest.mark.parametrize("values", [{}, {"name": ""}, {"name": "  "}])
def test_an_unfilled_variable_is_refused(values: dict[str, str]) -> None:
    """A variable without a value is named, and nothing is sent."""
    with pytest.raises(Invalid, match="name"):
        fill("Dear {{name}}", values)


def test_a_value_without_a_variable_is_refused() -> None:
    """A value for a variable that the reply does not have, as when it is mistyped, is an error that names it."""
    with pytest.raises(Invalid, match="nmae"):
        fill("Dear {{name}}", {"name": "Ana", "nmae": "Ana"})


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(min_size=1).filter(str.strip), min_size=1))
def test_values_are_taken_as_they_are(values: dict[str, str]) -> None:
    """Braces and backslashes in a value are text: the result is the values in order, whatever they hold."""
    reply = "|".join(f"{{{{{name}}}}}" for name in values)

    assert list(values) == variables_of(reply)
    assert "|".join(values.values()) == fill(reply, values)


def of_conversation() -> dict[str, str]:
    return {"store_url": "shop.example", "user_id": "u-1", "agent": "mira"}


def test_a_conversation_fills_its_own_variables() -> None:
    """Shop, user and agent need no value; one that is given wins, and the braces in it stay text."""
    reply = "{{agent}} to {{user_id}} of {{store_url}}: {{order}}"

    assert "mira to u-1 of shop.example: #7" == fill_for(reply, {"order": "#7"}, of_conversation)
    assert "mira to u-1 of {{agent}}: #7" == fill_for(reply, {"order": "#7", "store_url": "{{agent}}"}, of_conversation)


def test_a_conversation_is_read_only_where_it_is_needed() -> None:
    """A reply without such variables costs no read."""

    def never() -> dict[str, str]:
        raise AssertionError("nobody asked for the conversation")

    assert "#7, Ana" == fill_for("{{order}}, {{agent}}", {"order": "#7", "agent": "Ana"}, never)


def test_what_a_conversation_does_not_have_is_refused() -> None:
    """An empty shop is no value, and leaves no gap in a sentence; a value for no variable is refused here, too."""
    with pytest.raises(Invalid, match="store_url"):
        fill_for("Hi {{store_url}}", {}, lambda: {"store_url": "", "agent": "mira"})
    with pytest.raises(Invalid, match="user_id"):
        fill_for("Hi {{user_id}}", {}, lambda: {"agent": "mira"})
    with pytest.raises(Invalid, match="nmae"):
        fill_for("Hi {{agent}}", {"nmae": "x"}, of_conversation)


def test_unknown_variables_are_named_with_what_may_be_meant() -> None:
    """Those that only --var fills, each once."""
    assert ["order", "store_ulr (did you mean store_url?)"] == unknown_variables(
        "{{order}} {{agent}} {{store_ulr}} {{order}}"
    )


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ("Order {{order-id}} has shipped", "'{{order-id}}"),
        ("Dear {{name}, hello", "'{{name}, hello'"),
        ("Dear name}}", "'}}'"),
        (" \n", "the text is empty"),
        ("x" * 10_001, "10,001 characters"),
    ],
)
def test_what_is_wrong_with_a_reply_is_said(reply: str, problem: str) -> None:
    """Braces that would be sent as they are, and texts that would be refused."""
    assert problem in str(problem_of(reply))


@pytest.mark.parametrize("reply", ["Dear {{ name }}", "{one} brace", "{{a}}{{b}}"])
def test_nothing_is_wrong_with_a_sound_reply(reply: str) -> None:
    """Variables, and single braces, are fine."""
    assert None is problem_of(reply)
