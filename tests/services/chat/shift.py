"""A shift at the desk under one seed: agents, users and others act between each other's requests, and lines break.

Every write is looked at where it is made: who holds what, and what an agent was shown before they answered.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from commercive_cli.cli.seen_messages import SeenMessages
from commercive_cli.domain.errors import Conflict, Invalid, Unavailable, WrittenSince
from commercive_cli.domain.models import Message
from commercive_cli.services.chat.claims import claim_key, valid_claim
from commercive_cli.services.chat.desk import DeskService
from commercive_cli.services.chat.listing import ConversationFilter
from commercive_cli.services.chat.service import ChatService
from commercive_cli.services.chat.waiting import unanswered
from commercive_cli.store.port import Store
from commercive_cli.store.schema import CONVERSATIONS, MESSAGES, OPS, Table
from commercive_cli.store.writes import Put, Write
from tests.services.fakes import Intervening, ManualClock
from tests.services.raw_data import rows

MINUTE = 60_000
OUTAGE = 10 * MINUTE
MOST = 10
"""Conversations, so that agents meet in them."""
_PAUSES = (0, 0, 0, 1_000, 1_000, 10_000, 10_000, 30_000, 30_000, 2 * MINUTE, 2 * MINUTE, 10 * MINUTE)
ACTS = {"reply": 30, "next": 15, "claim": 15, "show": 12, "release": 8, "snooze": 10, "note": 3, "close": 4, "look": 3}


@dataclass
class Command:
    """What an agent wants done under one key, until it is answered or refused; `began_at` is what stood there then."""

    act: str
    name: str
    key: str
    steal: bool = False
    close: bool = False
    minutes: int = 15
    began_at: str | None = None


class Line(Intervening):
    """An agent's way to the store: others act before a request, which may not arrive, or whose reply may be lost."""

    def __init__(self, shift: "Shift", agent: "Agent | None" = None) -> None:
        super().__init__(shift.store)
        self._shift, self._agent = shift, agent

    def _on(self, call: str, *tables: Table) -> Store:
        if self._agent is not None:
            self._shift.interrupt()
            self._agent.check_line()
        return super()._on(call, *tables)

    def transact(self, *writes: Write) -> None:
        store, shift = self._on("transact"), self._shift
        claims = {_pk(each): each for each in writes if each.table is OPS and _pk(each).startswith("claim#")}
        before = {pk: store.get(OPS, {"pk": pk, "sk": "claim"}) for pk in claims}
        last, at = shift.last_of(writes), shift.clock.now
        store.transact(*writes)
        for pk, item in before.items():
            if held := valid_claim(item, at):
                shift.check_claim(pk.partition("#")[2], held.holder, self._agent)
        shift.check_messages(writes, last, self._agent)
        if self._agent is not None:
            self._agent.lose_reply()


def _pk(write: Write) -> str:
    return str((write.item if isinstance(write, Put) else write.key)["pk"])


class Agent:
    """Somebody at a terminal, who does one thing after the other, and sends it again when a line broke."""

    def __init__(self, shift: "Shift", name: str, directory: Path) -> None:
        self.shift, self.name = shift, name
        self.desk = DeskService(ChatService(Line(shift, self), shift.clock))
        self.seen = SeenMessages(directory, name)
        self.shown: defaultdict[str, set[str]] = defaultdict(set)
        self.command: Command | None = None
        self.is_busy = False
        self._offline_until = 0

    def act(self) -> None:
        """Go on with what was begun, or begin something."""
        if self.is_busy or self.shift.clock.now < self._offline_until:
            return
        self.command = self.command or self.shift.some_command()
        self.is_busy = True
        try:
            self._carry_out(self.command)
        except Unavailable:
            self.shift.told["line broke"] += 1
            return
        except WrittenSince as refused:
            self.shift.told["written since"] += 1
            self._saw_refusal(refused)
        except (Conflict, Invalid) as refused:
            self.shift.told[type(refused).__name__] += 1
        finally:
            self.is_busy = False
        self.command = None

    def check_line(self) -> None:
        """Raise Unavailable while the line is broken, or breaks now."""
        if self.shift.clock.now < self._offline_until or self._breaks():
            raise Unavailable("the line is broken")

    def lose_reply(self) -> None:
        """Raise Unavailable when the line breaks behind a write."""
        if self._breaks():
            self.shift.told["reply lost"] += 1
            raise Unavailable("the reply was lost")

    def _breaks(self) -> bool:
        breaks = self.shift.dice.random() < self.shift.faults
        if breaks:
            self._offline_until = self.shift.clock.now + self.shift.dice.randrange(OUTAGE)
        return breaks

    def _carry_out(self, command: Command) -> None:
        desk, name, key = self.desk, command.name, command.key
        acts: dict[str, Callable[[], object]] = {
            "show": lambda: self._saw(name, desk.show(name).messages),
            "look": lambda: self._saw(name, desk.show(name, tail=1).messages),
            "next": lambda: self._next(command),
            "claim": lambda: desk.claim(
                name, self.name, duration=command.minutes * MINUTE, steal=command.steal, key=key
            ),
            "release": lambda: desk.release(name, self.name, key=key),
            "snooze": lambda: self._snooze(command),
            "note": lambda: desk.note(name, self.name, key, key=key),
            "close": lambda: desk.chat.close(name, self.name, key=key),
            "reply": lambda: self._reply(command),
        }
        acts[command.act]()
        self.shift.told[command.act] += 1

    def _next(self, command: Command) -> None:
        claim = self.desk.claim_next(self.name, duration=command.minutes * MINUTE, key=command.key)
        if claim is not None:
            self._saw(claim.conversation_id, self.desk.show(claim.conversation_id).messages)

    def _snooze(self, command: Command) -> None:
        until = self.shift.clock.now + command.minutes * 5 * MINUTE
        self.desk.snooze(command.name, self.name, until, asked=f"{command.minutes}", key=command.key)

    def _reply(self, command: Command) -> None:
        """Answer as `chat reply` on a terminal does."""
        name, command.began_at = command.name, None
        last = self.seen.last(name)
        if last is None:
            last = command.began_at = self.desk.chat.show(name, tail=1).messages[-1].message_id
        sent = self.desk.chat.reply(
            name,
            self.name,
            command.key,
            if_last=last,
            close=command.close,
            heed_claims=not command.steal,
            key=command.key,
        )
        self.shift.acknowledged.add(command.key)
        self._remember(name, sent.message_id)

    def _saw(self, name: str, messages: list[Message]) -> None:
        self.shown[name].update(each.message_id for each in messages)
        self._remember(name, messages[-1].message_id)

    def _saw_refusal(self, refused: WrittenSince) -> None:
        if refused.last is not None and self.command is not None:
            self._remember(self.command.name, refused.last)

    def _remember(self, name: str, message_id: str) -> None:
        self.shown[name].add(message_id)
        self.seen.remember(name, message_id)


@dataclass
class Shift:
    """Everybody over one store, all chance from one seed; `told` counts what happened, `broken` what never may."""

    store: Store
    clock: ManualClock
    directory: Path
    seed: int
    faults: float = 0.03
    told: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=dict)
    put_off: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.others = DeskService(ChatService(Line(self), self.clock))
        self.agents = [Agent(self, name, self.directory) for name in ("mira", "jonas")]
        self._commands = 0
        for _ in range(MOST // 2):
            self._write()

    def run(self, commands: int) -> Iterator[int]:
        """Let everybody act until the agents began so many commands; yield their number now and then."""
        while self._commands < commands:
            before = self._commands // 100
            self.clock.advance(self.dice.choice(_PAUSES))
            self._somebody()
            if self._commands // 100 > before:
                yield self._commands

    def interrupt(self) -> None:
        """Let somebody act between two requests of an agent, at times."""
        if self.dice.random() < 0.1:
            self._somebody()

    def some_command(self) -> Command:
        """Return what an agent does next."""
        self._commands += 1
        act = self.dice.choices(list(ACTS), list(ACTS.values()))[0]
        return Command(
            act,
            self.dice.choice(list(self.names)),
            f"command-{self._commands}",
            steal=self.dice.random() < 0.25,
            close=self.dice.random() < 0.1,
            minutes=self.dice.randint(1, 15),
        )

    def queue(self) -> list[str]:
        """Return the queue as lists show it, read in pages."""
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = self.others.list_conversations(ConversationFilter(sort="waiting"), limit=5, cursor=cursor)
            found += [each.conversation_id for each in page.conversations]
            cursor = page.next_cursor
            if cursor is None:
                return found

    def who_waits(self) -> list[str]:
        """Return who waits by what was written and put off alone, those who wait longest first."""
        messages: dict[str, list[Message]] = defaultdict(list)
        for item in rows(self.store, MESSAGES):
            messages[item["conversation_id"]].append(Message.of(item))
        opened = [item["conversation_id"] for item in rows(self.store, CONVERSATIONS) if item["status"] == "open"]
        times = {name: unanswered(messages[name], human_requested=None) for name in opened}
        return sorted(
            (name for name in opened if times[name] and self.put_off.get(name, 0) <= self.clock.now),
            key=lambda name: (times[name][0], name),
        )

    def answers(self) -> Counter[str]:
        """Return how often each command's answer is stored."""
        return Counter(item["message_text"] for item in rows(self.store, MESSAGES) if item["sender_type"] == "admin")

    def last_of(self, writes: tuple[Write, ...]) -> str | None:
        """Return the last message of the conversation into which the writes put one."""
        if not any(isinstance(each, Put) and each.table is MESSAGES for each in writes):
            return None
        place = next(each for each in writes if each.table is CONVERSATIONS)
        item = None if isinstance(place, Put) else self.store.get(CONVERSATIONS, place.key)
        return None if item is None else str(item["last_message_id"])

    def check_claim(self, name: str, holder: str, agent: Agent | None) -> None:
        """Note when a valid claim of somebody else was written over, or ended by who may not."""
        command = agent.command if agent is not None else None
        if command is None or agent is None or holder == agent.name:
            return
        self.told["taken over"] += 1
        if not (command.steal or command.act == "close"):
            self.broken.append(f"{agent.name} ended {holder}'s claim of {name} by {command}")

    def check_messages(self, writes: tuple[Write, ...], last: str | None, agent: Agent | None) -> None:
        """Note when an agent answered what they had not seen; keep who is put off until when."""
        for each in writes:
            if not isinstance(each, Put):
                closed = each.table is CONVERSATIONS and getattr(each, "set", {}).get("status") == "closed"
                if closed:
                    self._check_closed(each.key["conversation_id"])
            elif each.table is MESSAGES:
                self.put_off.pop(each.item["conversation_id"], None)
                self._check_seen(each.item["conversation_id"], last, agent)
            elif each.item.get("pk", "").startswith("snooze#"):
                self.put_off[each.item["conversation_id"]] = each.item["until"]

    def _check_closed(self, name: str) -> None:
        self.put_off.pop(name, None)
        if valid_claim(self.store.get(OPS, claim_key(name)), self.clock.now):
            self.broken.append(f"{name} is closed and held")

    def _check_seen(self, name: str, last: str | None, agent: Agent | None) -> None:
        if agent is None or agent.command is None or last is None:
            return
        self.told["answers"] += 1
        began_at = agent.command.began_at
        if last not in agent.shown[name] and not (last == began_at and not agent.shown[name]):
            self.broken.append(f"{agent.name} answered {last} of {name} unseen: {agent.command}")

    def _somebody(self) -> None:
        who = self.dice.choices(
            [self.agents[0].act, self.agents[1].act, self._write, self._answer, self._dashboard, self._reopen],
            [30, 30, 14, 3, 2, 4],
        )[0]
        with suppress(Conflict):
            who()

    def _write(self) -> None:
        """A user writes, in a conversation of theirs that is open, or begins one."""
        if not self.names or (len(self.names) < MOST and self.dice.random() < 0.2):
            user = f"user-{len(self.names)}"
            self.names[self.others.chat.send(user, "Hello").conversation_id] = user
        else:
            name = self.dice.choice(list(self.names))
            self.others.chat.send(self.names[name], "more", conversation_id=name)

    def _answer(self) -> None:
        name = self.dice.choice(list(self.names))
        self.others.chat.answer(name, "soon", if_last=str(self.others.chat.conversation(name).last_message_id))

    def _dashboard(self) -> None:
        self.others.chat.reply(self.dice.choice(list(self.names)), "dashboard", f"web-{self.dice.random()}")

    def _reopen(self) -> None:
        self.others.chat.reopen(self.dice.choice(list(self.names)), "root")
