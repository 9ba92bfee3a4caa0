"""An index that is being filled, as on AWS for minutes or hours: the real server, before which one is not readable yet.

The test server has a new index at once, and refuses nothing meanwhile. So what AWS says in that time is put in place of
its replies; all else, and all data, is the server's own.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from commercive_cli.bootstrap import Services
from commercive_cli.cli.errors import exit_code
from commercive_cli.domain.errors import CommerciveError
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.waiting_index import WAITING_INDEX
from commercive_cli.store.schema import TABLES
from tests.api.world import services_over
from tests.engines.dynamodb.doubles import Reply, Request, carried, refusal, serving, store_at, tables_on
from tests.services.fakes import ManualClock

STATUS_INDEX = "ConversationStatusIndex"


@dataclass
class Filling:
    """Carries requests to the real server, and calls one index CREATING."""

    endpoint: str
    index: str = ""

    def __call__(self, request: Request) -> Reply:
        if self.index and request.parameters.get("IndexName") == self.index:
            return refusal("ValidationException", f"Cannot read from backfilling global secondary index: {self.index}")
        reply = carried(self.endpoint, request)
        if request.operation != "DescribeTable" or reply.status != 200:
            return reply
        answer = json.loads(reply.body)
        for each in answer["Table"].get("GlobalSecondaryIndexes", []):
            if each["IndexName"] == self.index:
                each |= {"IndexStatus": "CREATING", "Backfilling": True}
        return Reply(json.dumps(answer).encode())


@pytest.fixture
def server(real_endpoint: str) -> Filling:
    return Filling(real_endpoint)


@pytest.fixture
def services(server: Filling) -> Iterator[Services]:
    """Return services over tables of their own, in which three users wait and one does not."""
    with serving(server) as between, closing(store_at(between.url)) as store, tables_on(store, *TABLES):
        services = services_over(store, ManualClock())
        sent = [services.chat.send(f"user-{number}", "Hello").conversation_id for number in range(4)]
        services.chat.reply(sent[1], "admin-1", "Hi")
        yield services


def waiting(services: Services) -> list[str]:
    """Return who waits, read in pages of two."""
    found, cursor = list[str](), None
    while cursor is not None or not found:
        page = services.chat.list_conversations(ConversationFilter(sort="waiting"), limit=2, cursor=cursor)
        found += [each.user_id for each in page.conversations]
        cursor = page.next_cursor
    return found


def test_the_queue_is_the_same_while_its_index_is_filled(services: Services, server: Filling) -> None:
    """Lists, the next one and every write go on; what was written meanwhile stands in the index afterwards."""
    server.index = WAITING_INDEX
    assert ["user-0", "user-2", "user-3"] == waiting(services)
    late = services.chat.send("user-4", "Hello").conversation_id
    claimed = services.desk.claim_next("mira")
    assert claimed is not None
    services.chat.reply(claimed.conversation_id, "mira", "Hi")
    services.chat.close(late, "mira")
    services.chat.send("user-5", "Hello")
    meanwhile = waiting(services)
    server.index = ""

    assert ["user-2", "user-3", "user-5"] == meanwhile == waiting(services)
    assert [] == services.audit.run("root").findings


def test_a_list_says_to_wait_while_its_index_is_filled(services: Services, server: Filling) -> None:
    """Exit code 75 and what tells the end of it; what needs no such index goes on."""
    server.index = STATUS_INDEX
    with pytest.raises(CommerciveError, match="is being filled; try again later") as refused:
        services.chat.list_conversations(ConversationFilter())

    assert 75 == exit_code(refused.value)
    assert ["user-0", "user-2", "user-3"] == waiting(services)
    assert 1 == len(services.chat.conversations("user-1").conversations)
    assert services.chat.send("user-1", "again").is_new_conversation
    assert 5 == len(list(services.transcripts.transcripts()))
    assert [] == services.audit.run("root").findings
    server.index = ""
    assert 5 == len(services.chat.list_conversations(ConversationFilter()).conversations)
