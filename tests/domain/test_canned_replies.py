"""Canned replies never go out half filled."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.domain.canned_replies import fill, variables_of
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
