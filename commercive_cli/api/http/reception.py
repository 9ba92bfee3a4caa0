"""Accepts connections, as many as there is place for, and lets go of them."""

import asyncio
import errno
import math
import resource
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial

from commercive_cli.api.http.connection import Connection, Limits, Request, Response
from commercive_cli.api.http.last_call import takes_no_more

_PAUSE_SECONDS = 1.0
_ROUND_TRIP_SECONDS = 0.2
_FULL = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)

Answer = Callable[[str, Request], Awaitable[Response]]
"""Answers a request from an IP address."""


class Reception:
    """Accepts connections at a listening socket; when all places are taken, who was waited for longest makes place."""

    def __init__(self, listener: socket.socket, answer: Answer, limits: Limits) -> None:
        self._listener = listener
        self._answer = answer
        self._limits = limits
        self._places = min(limits.connections, _most_files() // 2)
        self._loop = asyncio.get_running_loop()
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._is_paused = False
        self._ends = math.inf
        listener.settimeout(0)

    def open(self) -> None:
        """Begin to accept connections, or go on."""
        self._is_paused = False
        self._loop.add_reader(self._listener, self._accept_all)

    async def close(self) -> None:
        """Accept what has come and no more; return when all of it was answered, or told that the server stops."""
        self._ends = self._loop.time() + self._limits.drain
        for connection in self._connections.values():
            connection.finish(self._ends)
        self.open()
        if takes_no_more(self._listener):
            await asyncio.sleep(_ROUND_TRIP_SECONDS)  # for connections that have begun
        self._accept_all()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        if self._connections:
            await asyncio.wait(list(self._connections), timeout=self._ends + self._limits.parting - self._loop.time())

    def _accept_all(self) -> None:
        try:
            while self._has_place():
                self._accept(*self._listener.accept())
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno in _FULL and not self._is_closing and not self._make_place():
                self._pause()

    def _accept(self, client: socket.socket, address: tuple[str, int]) -> None:
        connection = Connection(client, partial(self._answer, address[0]), self._limits, self._go_on)
        if self._is_closing:
            connection.finish(self._ends)
        task = self._loop.create_task(connection.serve())
        self._connections[task] = connection
        task.add_done_callback(self._forget)

    @property
    def _is_closing(self) -> bool:
        return self._ends < math.inf

    def _has_place(self) -> bool:
        """Return whether there is a place, or make one; what has come before the server stops is in any case served."""
        if len(self._connections) < self._places or self._is_closing or self._make_place():
            return True
        self._pause()
        return False

    def _make_place(self) -> bool:
        """Close the connection that has waited longest for its client; return whether there is one that waits."""
        now = self._loop.time()
        waiting = [task for task, each in self._connections.items() if each.waits_since <= now]
        if waiting:
            longest = min(waiting, key=lambda task: self._connections[task].waits_since)
            longest.cancel()
            del self._connections[longest]
        return bool(waiting)

    def _pause(self) -> None:
        """Leave those who come to the operating system, until a connection ends or waits for its client."""
        self._is_paused = True
        self._loop.remove_reader(self._listener)
        self._loop.call_later(_PAUSE_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if self._is_paused:
            self.open()

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._connections.pop(task, None)
        self._go_on()


def _most_files() -> int:
    """Return how many files this process may have open, connections among them."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
