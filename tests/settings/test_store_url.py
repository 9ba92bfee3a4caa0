"""Store URLs: the meaning of each form, and errors that never quote a secret."""

from pathlib import Path

import pytest

from commercive_cli.domain.errors import Invalid
from commercive_cli.settings.store_url import StoreURL, parse_store_url

DEFAULT = Path("/data/commercive.db")


def parse(url: str) -> StoreURL:
    return parse_store_url(url, "--store", DEFAULT)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite://", DEFAULT),
        ("sqlite:///file.db", Path("file.db")),
        ("sqlite:////abs/file.db", Path("/abs/file.db")),
        ("sqlite:///tmp/x.db", Path("/tmp/x.db")),  # noqa: S108 - a directory that every machine has
        ("sqlite:///no-such-root/x.db", Path("no-such-root/x.db")),
        ("sqlite:///./tmp/x.db", Path("tmp/x.db")),
        ("sqlite:///with%20space.db", Path("with space.db")),
        ("sqlite:///~/x.db", Path("~/x.db").expanduser()),
    ],
)
def test_sqlite_urls_name_files(url: str, path: Path) -> None:
    """Three slashes are relative unless the directory exists at the root; four are absolute."""
    assert StoreURL("sqlite", path=path) == parse(url)


def test_a_prefix_may_be_given_to_either_engine() -> None:
    """Several sets of tables can live in one place."""
    assert [parse("sqlite:///x.db?prefix=test_").prefix, parse("dynamodb://eu-west-1?prefix=a-b.c_").prefix] == [
        "test_",
        "a-b.c_",
    ]


@pytest.mark.parametrize(
    ("url", "prefix", "of_templates"),
    [
        ("sqlite://", "commercive_", "commercive_v2_"),
        ("sqlite://?prefix=mine_", "mine_", "mine_"),
        ("dynamodb://eu-west-1", "commercive_v2_", "commercive_v2_"),
        ("dynamodb://eu-west-1?prefix=commercive_", "commercive_", "commercive_"),
    ],
)
def test_what_stands_before_names_by_default(url: str, prefix: str, of_templates: str) -> None:
    """Files keep `commercive_`, which other tables have on DynamoDB; no template takes those without being told."""
    assert (prefix, of_templates) == (parse(url).prefix, parse(url).dynamodb_prefix)


def test_a_dynamodb_url_names_region_and_endpoint() -> None:
    """A DynamoDB-compatible server is reached by its endpoint."""
    url = parse("dynamodb://eu-west-1?prefix=p_&endpoint=http://127.0.0.1:8000&metadata=1")

    assert StoreURL("dynamodb", region="eu-west-1", prefix="p_", endpoint="http://127.0.0.1:8000", metadata=True) == url


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("x.db", "no scheme"),
        ("postgres://u:hunter2@h/db", "'postgres'"),
        ("sqlite://file.db", "three slashes"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:///dir/", "must name a file"),
        ("sqlite:///x.db?prefx=a", "did you mean prefix?"),
        ("sqlite:///x.db?prefix=a&prefix=b", "twice"),
        ("sqlite:///x.db?prefix=a/b", "letters, digits"),
        ("dynamodb://?prefix=a", "must name a region"),
        ("dynamodb://AKIAHUNTER2:hunter2@eu-west-1", "must name a region"),
        ("dynamodb://eu-west-1?endpoint=ftp://h", "must look like http://127.0.0.1:8000"),
        ("dynamodb://eu-west-1?endpoint=http://u:hunter2@h", "without credentials"),
        ("dynamodb://eu-west-1?endpoint=http://h:99999999", "must look like"),
        ("dynamodb://eu-west-1?metadata=perhaps", "must be 1 or 0"),
        ("dynamodb://eu-west-1?hunter2/x=1", "a parameter"),
    ],
)
def test_refusals_name_the_mistake_and_repeat_no_secret(url: str, says: str) -> None:
    """A store URL may hold credentials by mistake, so its text is never echoed."""
    with pytest.raises(Invalid) as refusal:
        parse(url)

    assert says in refusal.value.message
    assert "--store" in refusal.value.message
    assert "hunter2" not in refusal.value.message.lower()
