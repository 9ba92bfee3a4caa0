"""Whatever another program writes into a table: everything else is still seen, and a person can set it right."""

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from commercive_cli.api.factory import create_application
from commercive_cli.api.http.outbound import Response
from commercive_cli.api.telemetry import Telemetry
from commercive_cli.bootstrap import Services
from commercive_cli.cli.app import main
from commercive_cli.domain.attributes import Attribute, Kind, attributes_of
from commercive_cli.domain.clock import FAR_FUTURE
from commercive_cli.services.audit.mend import Changes
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.search import SearchFilter
from commercive_cli.services.leads.listing import LeadFilter
from commercive_cli.settings.api import APISettings
from commercive_cli.store.dry_run import DryRun
from commercive_cli.store.items import Item
from commercive_cli.store.schema import LEADS, TABLES, Table
from tests.api.world import Client, services_over
from tests.e2e.any_items import odd_items, put_back
from tests.e2e.stores import ENGINES, engine_store
from tests.services.audit.world import World, made
from tests.services.fakes import START, ManualClock
from tests.services.raw_data import everything, rows

EXAMPLES = {"sqlite": 8, "server": 2}
RIGHT: dict[Kind, Any] = {
    Kind.TIME: START,
    Kind.COUNT: 0,
    Kind.SECONDS: 5,
    Kind.AMOUNT: 1,
    Kind.TOTAL: 0,
    Kind.FLAG: False,
    Kind.OBJECT: {},
}


@dataclass
class Onlookers:
    """Everybody who reads: the services, the API, and on a file the command line."""

    world: World
    services: Services
    directory: Path

    def see_the_good_ones(self) -> None:
        """Assert that every list, show, export and report answers, and shows what is sound."""
        self._chat()
        self._leads()
        self._affiliates()
        self._reports()
        self._api()
        if self.services.store.target.startswith("sqlite"):
            self._commands()

    def _chat(self) -> None:
        world, chat = self.world, self.services.chat
        listed = chat.list_conversations(ConversationFilter(), limit=500).conversations
        waiting = chat.list_conversations(ConversationFilter(sort="waiting"), limit=500).conversations
        idle = list(chat.idle(START * 2))
        shown = chat.show(world.open)
        tail = chat.show(world.open, tail=200).messages
        own = chat.conversations("user-1").conversations
        written = next(
            each
            for each in self.services.transcripts.transcripts()
            if each.conversation == chat.conversation(world.open)
        )
        found_by_text = self.services.search.search(SearchFilter(written.messages[0].message_text))

        for found in (listed, waiting, idle, own):
            assert world.open in [each.conversation_id for each in found]
        assert world.keyed_message in [each.message_id for each in shown.messages]
        assert world.keyed_message in [each.message_id for each in tail]
        assert world.open in [each.conversation_id for each in chat.stream_conversations(ConversationFilter("open"))]
        assert chat.history(world.closed).history
        assert world.keyed_message in [each.message_id for each in written.messages]
        assert world.open in [hit.conversation_id for hit in found_by_text]
        assert self.services.chat_report.report(START - 1, START * 2).messages
        assert services_over(DryRun(self.services.store)).chat.mark_read(world.open, "admin").marked

    def _leads(self) -> None:
        world, leads = self.world, self.services.leads
        filters = (LeadFilter(), LeadFilter(affiliate_id="aff-1"), LeadFilter(search="jane"), LeadFilter("approved"))
        for wanted in filters:
            assert world.approved in [each.lead_id for each in leads.list_leads(wanted, limit=500).leads]
        assert world.approved == leads.show(world.approved).lead.lead_id
        assert leads.history(world.approved).history

    def _affiliates(self) -> None:
        affiliates = self.services.affiliates
        assert {"aff-1", "aff-2"} <= {each.affiliate_id for each in affiliates.list_affiliates(limit=500).affiliates}
        assert self.world.codes[0] in [each.link_id for each in affiliates.show("aff-1").affiliate_links]
        assert affiliates.get_link("aff-1").affiliate_link is not None
        assert affiliates.resolve_link(self.world.codes[0]).affiliate_link is not None

    def _reports(self) -> None:
        services, held = self.services, sum(map(len, everything(self.services.store).values()))
        with TemporaryDirectory(dir=self.directory) as directory:
            exported = services.exports.run(Path(directory) / "export")
        people: list[Item] = []
        services.privacy.export("user-1", lambda _table, item: people.append(item))

        assert held == sum(exported.items.values())
        assert self.world.open in [item.get("conversation_id") for item in people]
        assert services.cost_estimate.estimate(100, None).tables
        assert services.audit.run("root").checked["leads"] >= 3

    def _api(self) -> None:
        door = create_application(
            APISettings(auth="none", address_key=b"k" * 32),
            self.services,
            Telemetry(io.StringIO()),
            clock=self.services.clock,
            send=lambda *_: Response(500, b""),
        )
        client, world = Client(door, io.StringIO()), self.world
        for action, query, listing, name, good in (
            ("admin/conversations", "limit=500", "conversations", "conversation_id", world.open),
            ("chat/conversations", "user_id=user-1", "conversations", "conversation_id", world.open),
            ("chat/messages", f"conversation_id={world.open}", "messages", "message_id", world.keyed_message),
            ("admin/leads", "limit=500", "leads", "lead_id", world.approved),
        ):
            answer = client.get(action, query)
            assert 200 == answer.status, answer.body
            assert good in [each[name] for each in answer.body[listing]]
        for action in ("affiliate/stats", "affiliate/get-link"):
            assert 200 == client.get(action, "affiliate_id=aff-1").status

    def _commands(self) -> None:
        world = self.world
        lines = {f"chat list --all -o {form}": world.open for form in ("table", "json", "csv")} | {
            f"chat show {world.open}": world.keyed_message,
            "leads list --all": world.approved,
            "affiliates show aff-1": "aff-1",
            "affiliates list -o csv": "aff-1",
        }
        for line, good in lines.items():
            out, err = io.StringIO(), io.StringIO()
            with redirect_stdout(out), redirect_stderr(err):
                code = main(["--store", f"sqlite:///{self.directory}/store.db", *line.split()])
            assert (0, True) == (code, good in out.getvalue()), (line, err.getvalue())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_odd_item_hides_nothing_and_can_be_mended(
    engine: str, table: Table, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Every reader answers and shows what is sound; mending what is damaged leaves the audit nothing malformed."""
    clock = ManualClock()
    with engine_store(engine, request, tmp_path) as store:
        world = made(store, clock)
        before = everything(store)
        onlookers = Onlookers(world, services_over(store, clock), tmp_path)

        @settings(
            max_examples=EXAMPLES[engine],
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],  # an example takes long, and says what it is
            suppress_health_check=[*HealthCheck],
        )
        @given(odd_items(world, table))
        def holds(item: Item) -> None:
            store.batch_put(table, [item])
            try:
                onlookers.see_the_good_ones()
                _mend(onlookers.services, table, item)
            finally:
                put_back(store, before)

        holds()


def _mend(services: Services, table: Table, item: Item) -> None:
    """Set right what the item's record calls damaged, and let the audit do the rest."""
    record, key = table.record_of(item), table.key_of(item)
    if record is not None:
        far = [a.name for a in attributes_of(record).values() if a.ordering and _is_far(item.get(a.name))]
        changes = _right(table, item, [*record.of(item).damaged, *far])
        if changes.names:
            services.mending.mend(table.name, " ".join(map(str, key.values())), "root", changes)
            kept = next(each for each in rows(services.store, table) if table.key_of(each) == key)
            assert () == record.of(kept).damaged
    services.audit.run("root", fix=True)
    malformed = [each.id for each in services.audit.run("root").findings if each.invariant == "malformed"]

    assert [] == malformed


def _is_far(value: object) -> bool:
    return type(value) is int and value >= FAR_FUTURE


def _right(table: Table, item: Item, damaged: list[str]) -> Changes:
    record = table.record_of(item)
    assert record is not None
    declared = attributes_of(record)
    values = {name: _right_value(declared[name]) for name in damaged if declared[name].required}
    removed = [name for name in damaged if name not in values]
    if table is LEADS and {"status", "commission_amount"} & {*damaged}:
        values["status"] = "rejected"
        removed = [*{*removed, "commission_amount"}]
    return Changes(values, removed)


def _right_value(attribute: Attribute) -> Any:
    return attribute.choices[0] if attribute.choices else RIGHT.get(attribute.kind, "x")
