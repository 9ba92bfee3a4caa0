"""Everything that writes, each as something that can be done again: actions, commands, and jobs over whole tables."""

import json
import os
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import BaseModel

from commercive_cli.api.actions import ACTIONS
from commercive_cli.api.http.outbound import Response
from commercive_cli.api.supabase import AffiliateTable, sync_primary_link
from commercive_cli.cli.app import main
from commercive_cli.domain.errors import CommerciveError
from commercive_cli.domain.models import Lead
from commercive_cli.domain.revisions import revision_of
from commercive_cli.services.adopt.service import AdoptionService, Steps, Wish
from commercive_cli.services.affiliates.service import AffiliateService
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.transfer.exporter import ExportService
from commercive_cli.store.schema import AFFILIATE_STATS, CONVERSATIONS, LEADS, MESSAGES, OPS, TABLES
from commercive_cli.store.table_changes import DropIndex
from commercive_cli.store.writes import Delete, Put, Update
from tests.api.requests import REQUESTS, UserItems, successes
from tests.api.world import SUPABASE, Answer, Client, FakeClock, Issuer, World, services_over, supabase_of
from tests.cli.conftest import streams
from tests.proof.memory import MemoryStore
from tests.proof.mortal import Mortal
from tests.proof.scene import ME, Scene
from tests.services.adopt.adopter import ELSEWHERE
from tests.services.adopt.old_backend import old_backend
from tests.services.audit.world import LEGACY
from tests.services.fakes import DAY, ManualClock

DIRECTORY = "DIR"
UNREAD = 130
"""Messages of the longest conversation: more than fit into one transaction."""


@dataclass
class Process:
    """What one process has: its store, clock and directory, and the ids that stand for names in a command line."""

    store: Mortal
    clock: ManualClock
    directory: Path
    names: Mapping[str, str]


@dataclass(frozen=True)
class Told:
    """What a process ended with: its exit code or status, and its answer."""

    code: int
    answer: str


Run = Callable[[Process], Told]


@dataclass(frozen=True)
class Case:
    """One way to write. `of` is the action or the command; `prepare` sets the scene for it.

    `same_answer` says that whoever asks again is promised the first answer. `rests` is how long (ms) whoever was cut
    off waits before asking again.
    """

    name: str
    of: str
    run: Run
    prepare: Callable[[Scene, MemoryStore, Path], object] = lambda *_: None
    same_answer: bool = True
    rests: int = 0
    code: int = 0
    forgets: tuple[str, ...] = field(default=())
    """Parts of what is stored that tell how it came to be, in words that a retry may say otherwise."""
    further_codes: tuple[int, ...] = ()
    """Other exit codes that a retry may end with where the first try had done everything."""


# Actions, called as a client calls them, with a key.


@cache
def _keys() -> tuple[ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey]:
    return ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)


def _called(process: Process, caller: str, ask: Callable[[Client], Answer]) -> Told:
    clock = FakeClock()
    clock.now = process.clock.now
    issuer = Issuer(clock, *_keys())
    world = World(services_over(process.store, process.clock), clock, issuer, supabase_of(issuer))
    client = world.open("jwt").as_(issuer.token(caller, admin=caller == ME))
    client.headers["idempotency-key"] = "key"
    answer = ask(client)
    return Told(answer.status, json.dumps(answer.body, sort_keys=True))


def _action(name: str, caller: str, ask: Callable[[Client, Mapping[str, str]], Answer], of: str = "") -> Case:
    return Case(
        f"{name} by {caller}",
        of or name,
        lambda process: _called(process, caller, lambda client: ask(client, process.names)),
        code=200,
    )


def _of_action(name: str, request: str, who: str) -> Case:
    """Return the case of a request that the tests of the API make, by whom it is taken from."""
    caller = ME if who == "admin" else {"affiliate": "aff-1"}.get(name.partition("/")[0], "user-1")

    def ask(client: Client, names: Mapping[str, str]) -> Answer:
        things = UserItems(caller if caller != ME else "user-1", names["OPEN"], names["CODE"], names["PENDING"])
        return REQUESTS[request](client, things, caller)

    return _action(request, caller, ask, name)


_MORE_ACTIONS = (
    _action("chat/send", "user-1", lambda c, _: c.post("chat/send", user_id="user-1", message="a new one")),
    _action(
        "chat/answer",
        ME,
        lambda c, n: c.post("chat/answer", conversation_id=n["OPEN"], message="hi", if_last=n["LAST"]),
    ),
    _action("chat/reopen", ME, lambda c, n: c.post("chat/reopen", conversation_id=n["CLOSED"])),
    _action(
        "admin/approve-lead",
        ME,
        lambda c, n: c.post("admin/approve-lead", lead_id=n["PENDING"], decision="reject", rejection_reason="no"),
    ),
    _action(
        "admin/approve-lead",
        ME,
        lambda c, n: c.post(
            "admin/approve-lead", lead_id=n["APPROVED"], decision="approve", commission_amount=5, amend=True
        ),
    ),
)
"""What the requests of the API's tests do not do here."""


def actions() -> Iterator[Case]:
    """Yield a case for every request of every action that may write."""
    for action in ACTIONS:
        if action.method == "POST":
            found = [pair for pair in successes(action.name) if action.name != "chat/answer"]
            yield from (_of_action(action.name, request, who) for request, who in found)
    yield from _MORE_ACTIONS


# Commands, as they are typed.

ENVIRONMENT = ("COMMERCIVE_", "XDG_", "EDITOR", "VISUAL", "PAGER", "NO_COLOR", "FORCE_COLOR")


@contextmanager
def _at_home(directory: Path, **more: str) -> Iterator[None]:
    """Let the settings of this process lead into a directory, and nowhere else."""
    saved = dict(os.environ)
    for name in saved:
        if name.startswith(ENVIRONMENT):
            del os.environ[name]
    os.environ.update(
        {
            "COMMERCIVE_CONFIG": f"{directory}/config.toml",
            "COMMERCIVE_STORE": f"sqlite:///{directory}/elsewhere.db",
            "COMMERCIVE_ACTOR": ME,
            "XDG_STATE_HOME": f"{directory}/state",
            "XDG_CACHE_HOME": f"{directory}/cache",
            **more,
        }
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


def _typed(process: Process, words: str, stdin: str) -> Told:
    names = {**process.names, DIRECTORY: str(process.directory)}
    line = [_with_names(word, names) for word in shlex.split(words)]
    given = _with_names(stdin, names)
    with _at_home(process.directory), streams(given.encode()) as (out, _):
        code = main(line if line[0] == "api" else [*line, "-o", "json"], process.clock, lambda: process.store)
    return Told(code, out.getvalue().decode())


def _with_names(text: str, names: Mapping[str, str]) -> str:
    return re.sub(r"[A-Z]+", lambda found: names.get(found[0], found[0]), text)


def _line(words: str, *, stdin: str = "", of: str = "", **options: Any) -> Case:
    """Return the case of a command line; its command is the first two words unless another is named."""
    run = partial(_typed, words=words, stdin=stdin)
    named = f"{words} < {' '.join(stdin.split())}" if stdin else words
    return Case(named, of or " ".join(words.split()[:2]), run, **options)


def _with_key(words: str, **options: Any) -> Case:
    return _line(f"{words} --key k", **options)


_FORM = "--name N --email n@example.com --phone 1 --product-link x.example --order-volume 1-5 --pending-orders 3"
_SINGLE = (
    "chat send --user u --store-url s.example Hello",
    "chat send --user user-1 --conversation OPEN More",
    "chat reply OPEN Hello",
    "chat reply CLOSED Hello --reopen --close",
    "chat reply OTHERS Hello --steal",
    "chat mark-read OPEN",
    "chat mark-read OPEN --up-to LAST",
    "chat close OPEN",
    "chat close HELD",
    "chat reopen CLOSED",
    "chat note OPEN remark",
    "chat claim OPEN",
    "chat claim OTHERS --steal",
    "chat release HELD",
    "chat snooze OPEN --until 3d",
    f"leads submit --link CODE {_FORM}",
    "leads approve PENDING --commission 12.50 --despite-flags",
    "leads approve APPROVED --commission 1 --amend --despite-flags",
    "leads reject PENDING --reason small",
    "leads reset APPROVED",
    "affiliates create-link aff-new --email a@example.com --store-url s.example",
    "affiliates create-link aff-1 --email a@example.com --store-url another.example",
    "affiliates set-email aff-1 new@example.com",
)
_BULK = (
    ("chat mark-read -", "OPEN\nANSWERED"),
    ("chat close -", "OPEN\nHELD\nOTHERS"),
    ("chat reopen -", "CLOSED\nOPEN"),
    ("chat claim -", "OPEN\nLATER"),
    ("chat release -", "HELD\nOPEN"),
    ("chat snooze - --until 3d", "OPEN\nHELD"),
    ("leads approve - --commission 5 --despite-flags", "PENDING\nSECOND"),
    ("leads reject -", "PENDING\nSECOND"),
    ("leads reset -", "APPROVED\nREJECTED"),
    ("affiliates recompute -", "aff-1\naff-2"),
)


def _with_many_messages(scene: Scene, store: MemoryStore, _: Path) -> None:
    """Let a conversation have more messages than one transaction can mark read."""
    chat = ChatService(store, ManualClock(scene.now - DAY))
    for number in range(UNREAD):
        chat.send("user-6", f"more {number}", conversation_id=scene.names["LONG"])


def _with_expired_key(scene: Scene, store: MemoryStore, _: Path) -> None:
    """Let a request with the key have been carried out so long ago that the key is free again."""
    claim = {
        "pk": f"request#chat/close#{ME}",
        "sk": "k",
        "fingerprint": "f",
        "answer": {},
        "created_at": scene.now - 8 * DAY,
        "expires_at": scene.now // 1000 - DAY // 1000,
    }
    store.transact(Put(OPS, claim))


def _stats_are_wrong(_scene: Scene, store: MemoryStore, _: Path) -> None:
    for affiliate in ("aff-1", "aff-2"):
        store.transact(Update(AFFILIATE_STATS, {"affiliate_id": affiliate}, set={"total_leads": 99}))


def _damaged(scene: Scene, store: MemoryStore, directory: Path) -> None:
    """Break a counter, a preview, the stats, an audit row's subject and a link's claim."""
    _stats_are_wrong(scene, store, directory)
    for name, changes in (("OPEN", {"unread_admin": 7}), ("ANSWERED", {"last_message": "other", "updated_at": 5})):
        key = next(CONVERSATIONS.key_of(each) for each in store.raw(CONVERSATIONS) if _is(each, scene.names[name]))
        store.transact(Update(CONVERSATIONS, key, set=changes))
    claims = [OPS.key_of(each) for each in store.raw(OPS) if each["pk"].startswith(("primary#", "link#"))]
    for key in claims[:2]:
        store.transact(Delete(OPS, key))


def _is(item: Mapping[str, Any], name: str) -> bool:
    return name in item.values()


def _snooze_is_over(scene: Scene, store: MemoryStore, _: Path) -> None:
    desk = DeskService(ChatService(store, ManualClock(scene.now - DAY)))
    desk.snooze(scene.names["LATER"], ME, scene.now - 60_000)


def _next_twice() -> Case:
    """Take the next one twice, as a snooze that is over is ended by whoever comes by: that belongs to no request."""

    def run(process: Process) -> Told:
        first = _typed(process, "chat next --key k", "")
        if first.code:
            return first
        second = _typed(process, "chat next --key k2", "")
        return Told(second.code, first.answer + second.answer)

    return Case("chat next, twice", "chat next", run, prepare=_snooze_is_over)


def _decisions(scene: Scene, store: MemoryStore, directory: Path) -> None:
    lines = ["lead_id;decision;commission_amount;rejection_reason;revision"]
    for name, decided in (("PENDING", "approve;5,25;"), ("SECOND", "reject;;no")):
        lead = next(each for each in store.raw(LEADS) if each["lead_id"] == scene.names[name])
        lines.append(f"{lead['lead_id']};{decided};{revision_of(Lead.of(lead))}")
    (directory / "d.csv").write_text("\n".join(lines))


def _without_index(_scene: Scene, store: MemoryStore, _directory: Path) -> None:
    store.change_table(LEADS, DropIndex("LinkLeadsIndex"))


def _without_tables(_scene: Scene, store: MemoryStore, _directory: Path) -> None:
    for table in TABLES:
        store.delete_table(table)


def _without_legacy(store: MemoryStore) -> None:
    """Delete what comes from the old system in a form that no import takes."""
    for table in (CONVERSATIONS, MESSAGES):
        for each in [each for each in store.raw(table) if _is(each, LEGACY)]:
            store.transact(Delete(table, table.key_of(each)))


def _exported(scene: Scene, store: MemoryStore, directory: Path) -> None:
    """Export the store, and empty it."""
    _without_legacy(store)
    ExportService(store).run(directory / "export")
    _emptied(scene, store, directory)


def _exported_and_changed(_scene: Scene, store: MemoryStore, directory: Path) -> None:
    """Export the store, and lose a half of the leads."""
    _without_legacy(store)
    ExportService(store).run(directory / "export")
    for each in list(store.raw(LEADS))[::2]:
        store.transact(Delete(LEADS, LEADS.key_of(each)))


def _emptied(scene: Scene, store: MemoryStore, directory: Path) -> None:
    _without_tables(scene, store, directory)
    for table in TABLES:
        store.create_table(table)


def _synced(process: Process) -> Told:
    """Let Supabase show an affiliate's link, with a key; its row lies in a file."""
    row = process.directory / "row.json"

    def send(method: str, _url: str, _headers: Mapping[str, str], body: bytes) -> Response:
        shown = json.loads(row.read_text())
        if method == "PATCH":
            row.write_text(json.dumps({**shown, **json.loads(body)}))
        return Response(200, json.dumps([shown]).encode())

    table = AffiliateTable(SUPABASE, send)
    affiliates = AffiliateService(process.store, process.clock)
    return _told(lambda: sync_primary_link(affiliates, table, "aff-1", actor=ME, key="k"))


def _with_row(_scene: Scene, _store: MemoryStore, directory: Path) -> None:
    shown = {"user_id": "user-1", "affiliate_id": "aff-1", "store_url": "", "form_url": "https://older.example"}
    (directory / "row.json").write_text(json.dumps(shown))


def _sync() -> Case:
    """Return the case of what is written outside first: a claim of the key that comes too late tells of less."""
    told = ('"before":.*', "true|false")
    return Case("affiliates sync", "affiliates sync", _synced, prepare=_with_row, same_answer=False, forgets=told)


def _told(call: Callable[[], BaseModel]) -> Told:
    """Return what whoever calls a service is told."""
    try:
        return Told(0, call().model_dump_json())
    except CommerciveError as error:
        return Told(1, error.message)


def _exported_and_renamed(_scene: Scene, store: MemoryStore, directory: Path) -> None:
    """Export the store, and give the leads other names."""
    _without_legacy(store)
    ExportService(store).run(directory / "export")
    for each in list(store.raw(LEADS)):
        store.transact(Update(LEADS, LEADS.key_of(each), set={"lead_name": "Other"}))


_JOBS = (
    _with_key("chat close --idle 1h", same_answer=False),
    _with_key("chat next"),
    _next_twice(),
    _with_key(
        "chat mark-read LONG", prepare=_with_many_messages, same_answer=False, forgets=(r'"marked":\{"N":"\d+"\}',)
    ),
    _line("chat show OPEN --mark-read", same_answer=False),
    _line("chat close OPEN --key k", prepare=_with_expired_key),
    _with_key("affiliates recompute aff-1", prepare=_stats_are_wrong),
    _with_key("affiliates recompute --all", prepare=_stats_are_wrong, same_answer=False),
    _with_key("leads decide DIR/d.csv --despite-flags", prepare=_decisions),
    _line(
        "leads decide DIR/d.csv --despite-flags",
        prepare=_decisions,
        same_answer=False,
        forgets=("approved|rejected|unchanged",),
    ),
    _line("tables audit --fix --yes", prepare=_damaged, same_answer=False),
    _line("tables mend leads PENDING --set lead_name=Ann --remove lead_email --yes", same_answer=False),
    _line("tables mend leads APPROVED --set commission_amount:=7.5 --yes", same_answer=False),
    _line("tables seed --conversations 3 --messages 8 --affiliates 2 --leads 4 --yes", same_answer=False),
    _line("tables create", prepare=_without_tables, same_answer=False),
    _line("tables apply --yes", prepare=_without_index, same_answer=False),
    _line("tables delete --confirm commercive_", same_answer=False),
    _line("tables import DIR/export --yes", prepare=_exported, same_answer=False),
    _line("tables import DIR/export --yes", prepare=_exported_and_changed, same_answer=False),
    _line(
        "tables import DIR/export --only leads --on-conflict overwrite --yes",
        prepare=_exported_and_renamed,
        same_answer=False,
    ),
    _line(
        "tables import DIR/export --only leads --on-conflict skip --yes",
        prepare=_exported_and_renamed,
        same_answer=False,
    ),
    _line("tables archive --older-than 1d DIR/archive --yes", same_answer=False),
    # Who was erased is known to nobody, so whoever asks once more finds nothing.
    _line("tables person user-1 --erase --yes", same_answer=False, further_codes=(5,)),
    _line("tables person aff-1 --erase --yes", same_answer=False, further_codes=(5,)),
    _line(f"api call chat/reply conversation_id=OPEN admin_id={ME} message=hi client_message_id=k", of="api call"),
)


def commands() -> Iterator[Case]:
    """Yield a case for each command that writes, in each of its ways."""
    yield from map(_with_key, _SINGLE)
    for words, stdin in _BULK:
        yield _with_key(words, stdin=stdin, prepare=_stats_are_wrong if "recompute" in words else _nothing_more)
    yield from _JOBS
    yield _sync()
    yield _adoption()


def _nothing_more(*_: object) -> None:
    """Leave the scene as it is."""


_OLD = old_backend(11, messy=True, conversations=4, leads=8)


def _adopted(process: Process) -> Told:
    """Adopt from another machine than the one that died, so that its place is free once its time is over."""
    service = AdoptionService(process.store, process.clock, holder=lambda: ELSEWHERE, sleep=lambda _: None)
    return _told(lambda: service.run(_OLD, ME, Wish(), Steps()))


def _adoption() -> Case:
    return Case("tables adopt", "tables adopt", _adopted, prepare=_emptied, same_answer=False, rests=90_000)


NOT_CUT = {
    "api serve": "it serves the actions, each of which is cut off",
    "chat search": "--yes agrees to what is read",
    "completion install": "no store",
    "leads review": "a person decides after every failure: tests/cli/test_review.py",
    "tables backup": "the server's own, or a file's: tests/engines",
    "tables restore": "the server's own, or a file's: tests/engines",
}
"""Commands that seem to write and are not cut off here, each with the reason."""
