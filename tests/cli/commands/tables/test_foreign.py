"""On an account with tables of another backend under our names: every command says so, and none changes them."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.session import Session

from commercive_cli.engines.dynamodb.store import DynamoDBStore
from commercive_cli.services.records.link_claims import code_claim_key
from commercive_cli.store.schema import AFFILIATE_LINKS, LEADS, OPS, TABLES
from tests.cli.conftest import Run
from tests.engines.dynamodb.doubles import Watch, serving, session_with_credentials

LIVE = {
    "leads": ("lead_id", {"created_at": {"N": "1763557023000"}, "status": {"S": "pending"}}),
    "affiliate_links": ("link_id", {"affiliate_id": {"S": "AFF-1"}, "created_at": {"N": "1763557023000"}}),
    "chat_conversations": ("conversation_id", {"created_at": {"N": "1763557023000"}, "user_id": {"S": "u"}}),
    "chat_messages": ("message_id", {"conversation_id": {"S": "c"}, "created_at": {"N": "1763557023000"}}),
}
"""Tables of the backend before this one, each with one item; the first two have names of ours."""

ID = "019a0000-0000-7000-8000-000000000000"
FORM = "--name N --email e@example.com"
LINES = [
    "leads list",
    "leads list --status pending",
    "leads show live",
    f"leads show {ID}",
    f"leads submit --link CODE1234 {FORM}",
    f"leads submit --link CODE1234 --key k {FORM}",
    f"leads submit --link OTHER {FORM}",
    f"leads approve {ID} --commission 1",
    "leads approve live --commission 1 --dry-run",
    f"leads reject {ID}",
    f"leads reset {ID}",
    "affiliates show AFF-1",
    "affiliates get-link AFF-1",
    "affiliates resolve-link OTHER",
    "affiliates create-link AFF-2 --email a@example.com --store-url s.example",
    "affiliates create-link AFF-2 --email a@example.com --store-url s.example --dry-run",
    "affiliates recompute AFF-1",
    "affiliates recompute --all",
    "tables audit",
    "tables audit --fix --yes",
    "tables describe --sample 10",
    "tables export DIR/out",
    "tables import DIR/books",
    "tables import DIR/books --on-conflict overwrite",
    "tables import DIR/books --dry-run",
    "tables seed --conversations 1 --messages 1 --affiliates 1 --leads 1 --yes",
    "tables person AFF-1 --export -",
    "tables person AFF-1 --erase --yes",
    "tables person AFF-1 --erase --dry-run",
    "tables backup",
    "tables restore NAME --to other_",
    "tables restore --latest --to other_",
    "tables export --s3 s3://bucket/path",
    "tables import --s3 s3://bucket/path",
    "api template --check",
    "api call admin/leads",
    "api call affiliate/create-link affiliate_id=AFF-2 affiliate_email=a@example.com store_url=s.example",
    "api call affiliate/submit-lead link_id=CODE1234 lead_data.name=N lead_data.email=e@example.com",
    f"api call admin/approve-lead lead_id={ID} decision=approve commission_amount=1",
]
"""Every way to read or write the leads and links."""

OF_MISSING_TABLES = [
    "chat list",
    f"chat show {ID}",
    "chat send --user u --store-url s.example Hello",
    f"chat reply {ID} Hello",
    f"chat close {ID}",
    "affiliates stats AFF-1",
    "affiliates list",
    "tables archive --older-than 1d DIR/archive --yes",
    "tables archive --older-than 1d --dry-run",
    "api call chat/send user_id=u message=Hello",
    "api call admin/conversations",
]
OF_TABLES = [
    ("tables create", 6),
    ("tables create --seed", 6),
    ("tables create --dry-run", 6),
    ("tables apply", 6),
    ("tables apply --yes", 6),
    ("tables apply --dry-run", 6),
    ("tables diff", 3),
    ("tables list", 0),
    ("tables describe", 0),
    ("tables describe leads", 0),
    ("tables template", 0),
    ("api template", 0),
]


@dataclass
class Account:
    """An account, as this program reaches it and as its owner does."""

    prefix: str
    endpoint: str
    watch: Watch
    client: Any
    store: DynamoDBStore

    @property
    def url(self) -> str:
        return f"dynamodb://eu-west-1?prefix={self.prefix}&endpoint={self.endpoint}"

    def contents(self) -> list[Any]:
        """Return the live tables as they are described, and their items."""
        names = [self.prefix + name for name in LIVE]
        described = [self.client.describe_table(TableName=name)["Table"] for name in names]
        return [described, [self.client.scan(TableName=name)["Items"] for name in names]]

    def changed(self) -> list[tuple[str, str]]:
        """Return the calls that changed a live table."""
        return [(what, name) for what, name in self.watch.changed if name.removeprefix(self.prefix) in LIVE]


@pytest.fixture
def account(real_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """Yield an account with the live tables alone."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    prefix, watch = f"live-{uuid4().hex[:8]}_", Watch(real_endpoint)
    with serving(watch) as server, closing(client_at(real_endpoint)) as client:
        for name, (key, item) in LIVE.items():
            client.create_table(
                TableName=prefix + name,
                AttributeDefinitions=[
                    {"AttributeName": key, "AttributeType": "S"},
                    {"AttributeName": "created_at", "AttributeType": "N"},
                ],
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                GlobalSecondaryIndexes=[
                    {
                        "IndexName": f"{key}-created_at-index",
                        "KeySchema": [
                            {"AttributeName": key, "KeyType": "HASH"},
                            {"AttributeName": "created_at", "KeyType": "RANGE"},
                        ],
                        "Projection": {"ProjectionType": "ALL"},
                    }
                ],
                BillingMode="PAY_PER_REQUEST",
            )
            client.put_item(TableName=prefix + name, Item={key: {"S": "live"}, **item})
        with closing(
            DynamoDBStore("eu-west-1", prefix=prefix, endpoint=real_endpoint, session=session_with_credentials())
        ) as store:
            yield Account(prefix, server.url, watch, client, store)
        for name in client.list_tables()["TableNames"]:
            if name.startswith(prefix):
                client.update_table(TableName=name, DeletionProtectionEnabled=False)
                client.delete_table(TableName=name)


@pytest.fixture
def mixed(account: Account) -> Account:
    """Return the account with the four tables of ours that have no namesake, and a link code in them."""
    for table in TABLES:
        if table not in (LEADS, AFFILIATE_LINKS):
            account.store.create_table(table)
    account.store.batch_put(OPS, [{**code_claim_key("CODE1234"), "affiliate_id": "AFF-1", "link_id": "CODE1234"}])
    return account


@pytest.fixture
def books(run: Run, home: Path) -> Path:
    """Return a directory with an export of the demo data."""
    assert run("tables", "create", "--seed").code == 0
    assert run("tables", "export", str(home / "books")).code == 0
    return home


def client_at(endpoint: str) -> Any:
    session = Session()
    session.set_credentials("local", "local")
    return session.create_client("dynamodb", "eu-west-1", endpoint_url=endpoint)


def test_whoever_reads_or_writes_a_live_table_is_told_and_changes_nothing(
    run: Run, mixed: Account, books: Path
) -> None:
    """Exit 78, with the table, its key, ours and the way out; not one call has changed anything in a live table."""
    before = mixed.contents()
    for line in LINES:
        ran = run("--store", mixed.url, *line.replace("DIR", str(books)).split())

        assert 78 == ran.code, (line, ran)
        if not line.startswith("api call"):
            assert "is not our table (its key is l" in ran.err, line
            assert "use another prefix" in ran.err, line
            assert "" == ran.out, line
        else:
            assert "misconfigured" == ran.json["code"], line
    assert [] == mixed.changed()
    assert before == mixed.contents()


@pytest.mark.parametrize(("made", "told"), [(0, "0 of the six tables are there"), (6, "CreateTables=false")])
def test_a_checked_template_says_whether_the_stack_makes_the_tables(
    made: int, told: str, run: Run, account: Account
) -> None:
    """Where all that is there is ours, it is printed as without a look."""
    own = DynamoDBStore(
        "eu-west-1", prefix=f"{account.prefix}v2_", endpoint=account.endpoint, session=session_with_credentials()
    )
    for table in TABLES[:made]:
        own.create_table(table)
    own.close()
    url = account.url.replace(account.prefix, own.prefix)
    checked, offline = (run("--store", url, "api", "template", *words) for words in (["--check"], []))

    assert (0, offline.out) == (checked.code, checked.out)
    assert told in checked.err


def test_tables_are_neither_created_nor_changed_beside_live_ones(run: Run, mixed: Account) -> None:
    """Exit 6 and no change in any table of the store; they are listed as foreign, and deletion leaves them."""
    before = mixed.contents()
    for line, code in OF_TABLES:
        assert code == run("--store", mixed.url, *line.split()).code, line
    drift = run("--store", mixed.url, "tables", "diff", "-o", "json").json["differences"]
    states = {
        each["table"].removeprefix(mixed.prefix): each["state"]
        for each in run("--store", mixed.url, "tables", "list", "-o", "json").json["tables"]
    }
    untouched = mixed.watch.changed.copy()
    deleted = run("--store", mixed.url, "tables", "delete", "--confirm", mixed.prefix)

    assert [("not our table", False)] * 2 == [(each["what"], each["fixable"]) for each in drift]
    assert {"leads": "foreign", "affiliate_links": "foreign"} == {
        name: state for name, state in states.items() if state != "unchanged"
    }
    assert [] == untouched
    assert (0, 2) == (deleted.code, deleted.err.count("is not our table and was left alone"))
    assert [] == mixed.changed()
    assert before == mixed.contents()


def test_on_the_account_as_it_is_today_nothing_at_all_is_changed(run: Run, account: Account, books: Path) -> None:
    """With the live tables alone there, no command changes anything: not in them, and nothing is put beside them."""
    before = account.contents()
    for line, code in [*OF_TABLES, *((line, 78) for line in [*OF_MISSING_TABLES, *LINES])]:
        ran = run("--store", account.url, *line.replace("DIR", str(books)).split())
        assert code == ran.code, line
        assert "create it with" not in ran.err, line
    drift = run("--store", account.url, "tables", "diff", "-o", "json")
    assert [False] * 6 == [each["fixable"] for each in drift.json["differences"]]
    assert all("another prefix" in each["remedy"] for each in drift.json["differences"])
    assert "0 of them `commercive tables apply` can fix" in drift.err

    assert [] == account.watch.changed
    assert before == account.contents()
