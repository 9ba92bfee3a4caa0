"""A small store in which everything is there that somebody may do something about, and the names of it all."""

from collections.abc import Mapping
from dataclasses import dataclass

from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.leads.service import LeadService
from commercive_cli.store.schema import TABLES
from tests.proof.memory import MemoryStore
from tests.services.audit.world import FORM, World, made
from tests.services.fakes import DAY, ManualClock

START = 1_770_000_000_000
ME, OTHER = "admin-1", "bob"


@dataclass(frozen=True)
class Scene:
    """The store, its world, what the clock shows then, and what stands for which id in a command line."""

    store: MemoryStore
    world: World
    now: int
    names: Mapping[str, str]


def scene() -> Scene:
    """Make one."""
    clock = ManualClock(START)
    store = MemoryStore(clock)
    for table in TABLES:
        store.create_table(table)
    world = made(store, clock)
    chat, leads = ChatService(store, clock), LeadService(store, clock)
    desk = DeskService(chat)
    names = {
        "OPEN": world.open,
        "CLOSED": world.closed,
        "ANSWERED": world.answered,
        "PENDING": world.pending,
        "APPROVED": world.approved,
        "REJECTED": world.rejected,
        "CODE": world.codes[0],
        "LAST": world.last_message(world.open),
    }
    for name, holder in (("HELD", ME), ("OTHERS", OTHER)):
        names[name] = chat.send("user-4", f"for {holder}").conversation_id
        desk.claim(names[name], holder)
    names["LATER"] = chat.send("user-5", "Not now").conversation_id
    desk.snooze(names["LATER"], OTHER, clock.now + 30 * DAY)
    names["LONG"] = chat.send("user-6", "First").conversation_id
    names["SECOND"] = leads.submit(world.codes[2], FORM | {"name": "Joe", "email": "joe@example.com"}).lead_id
    clock.advance(DAY)
    return Scene(store, world, clock.now, names)
