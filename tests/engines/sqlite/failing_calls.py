"""Makes system calls of this process fail as a disk, a quota or a file system without locks would, by seccomp.

It lasts until the process ends, so it is for forked processes. Linux on x86-64 alone.
"""

import ctypes
import platform
import struct
import sys

OPENS = (2, 257)  # open, openat
WRITES = (18,)  # pwrite64
FLUSHES = (74, 75)  # fsync, fdatasync
LOCKS = 72  # fcntl
SET_LOCK = 6
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_FAIL, _ALLOW = 0x00050000, 0x7FFF0000
_NUMBER, _SECOND_ARGUMENT = 0, 24
_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2


def is_supported() -> bool:
    """Return whether calls can be made to fail here."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def fail(calls: tuple[int, ...], error: int) -> None:
    """Let every one of these calls fail with this error from now on."""
    code = [(_LOAD, 0, 0, _NUMBER)]
    for call in calls:
        code += [(_EQUAL, 0, 1, call), (_RETURN, 0, 0, _FAIL | error)]
    _install([*code, (_RETURN, 0, 0, _ALLOW)])


def fail_to_lock(error: int) -> None:
    """Let every lock of a file fail with this error from now on."""
    _install(
        [
            (_LOAD, 0, 0, _NUMBER),
            (_EQUAL, 0, 3, LOCKS),
            (_LOAD, 0, 0, _SECOND_ARGUMENT),
            (_EQUAL, 0, 1, SET_LOCK),
            (_RETURN, 0, 0, _FAIL | error),
            (_RETURN, 0, 0, _ALLOW),
        ]
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def _install(code: list[tuple[int, int, int, int]]) -> None:
    packed = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in code))
    program = _Program(len(code), ctypes.addressof(packed))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "no filter of system calls")
