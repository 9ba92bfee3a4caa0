"""Closing a listening socket without resetting those who are just connecting: it takes no more first, and closes then.

Whoever connects between the last `accept` and `close` is reset by the operating system, though it may have sent its
request. Linux can drop the first packet of every new connection at the socket meanwhile: to the client, it was lost.
"""

import ctypes
import socket
import struct
import sys

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_FLAGS, _SYN, _SYN_OR_ACK = 13, 0x02, 0x12  # of TCP's header
_FILTER = (  # linux/bpf_common.h
    (0x30, 0, 0, _FLAGS),  # load this byte
    (0x54, 0, 0, _SYN_OR_ACK),  # keep these bits
    (0x15, 0, 1, _SYN),  # when this is all of them,
    (0x06, 0, 0, 0),  # drop it,
    (0x06, 0, 0, 0xFFFFFFFF),  # else take all of it
)


def takes_no_more(listener: socket.socket) -> bool:
    """Drop new connections, but not those that have begun; return whether the system can do so."""
    if sys.platform != "linux":
        return False
    steps = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _FILTER))
    try:
        listener.setsockopt(
            socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(_FILTER), ctypes.addressof(steps))
        )
    except OSError:
        return False
    return True
