"""Short ids on terminals: eight characters, or as many as tell a record from every other."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from commercive_cli.cli.render.short_ids import ShortIds

FIRST = "01a21b92-8f8f-793a-847e-a582ad0eeb34"
OTHER = "01a2198c-bba6-70d9-a8b8-7efcad0eeb34"
TWIN = "01a2198c-bba6-70d9-a8b9-a582ad0eeb34"


def test_a_uuid_is_its_last_eight_characters() -> None:
    """Ids that are no UUIDs, such as codes, are shown whole."""
    ids = ShortIds()
    ids.know([FIRST])

    assert ("ad0eeb34", "WCPF0A04", "user-1") == (ids.short(FIRST), ids.short("WCPF0A04"), ids.short("user-1"))


def test_equal_ends_are_told_apart() -> None:
    """Two records that end alike are shown with as many characters as differ."""
    ids = ShortIds()
    ids.know([FIRST, OTHER])

    assert ("2ad0eeb34", "cad0eeb34") == (ids.short(FIRST), ids.short(OTHER))


def test_the_difference_may_be_before_a_hyphen() -> None:
    """What is shown never begins with a hyphen, which would look like an option."""
    ids = ShortIds()
    ids.know([FIRST, TWIN])

    assert ("e-a582ad0eeb34", "9-a582ad0eeb34") == (ids.short(FIRST), ids.short(TWIN))


def test_whole_ids_stay_whole() -> None:
    """`-o wide` and wide terminals show everything."""
    assert ShortIds(whole=True).short(FIRST) == FIRST


@given(st.lists(st.builds(lambda a, b: str(UUID(int=a << 64 | b)), st.integers(0, 3), st.integers(0, 3)), unique=True))
def test_no_two_records_look_alike(known: list[str]) -> None:
    """Whatever ids there are, each short one is the end of one of them alone."""
    ids = ShortIds()
    ids.know(known)
    shown = [ids.short(each) for each in known]

    assert len(set(shown)) == len(known)
    assert all(sum(other.endswith(short) for other in known) == 1 for short in shown)
