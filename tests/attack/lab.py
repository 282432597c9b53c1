# SPDX-License-Identifier: Apache-2.0
"""What the attacks share: a server, a client that speaks the direct protocol by hand, an ordinary
client whose waits are measured, and memory that holds a kernel lock."""

from __future__ import annotations

import array
import contextlib
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SCACHE_BIN", ROOT / "build/release/bin"))
sys.path[:0] = [str(ROOT / "python"), str(ROOT / "tests" / "e2e")]

# ruff: noqa: E402
import scache
from harness.sharing import Sharer

LIBC = ctypes.CDLL(None, use_errno=True)
NOBODY = 65534

SAVE, FIND, BIND, DROP, LIST, STATISTICS, PING = 1, 2, 3, 4, 5, 6, 7
ENDPOINT, DESTINATION, PROPERTIES, DESTINATION_PROPERTIES, TTL, BINDING, PREFIX = 1, 2, 3, 4, 5, 6, 11
CURSOR = 12
SAVED, ERROR = 129, 255
TEXT = 23

# What an ordinary client may wait while others attack, in milliseconds.
BAR = 20.0
# How long it rests between two requests, in seconds.
PAUSE = 0.005


# A configuration: connections with unread input stay in the cache.
ALLOW_INPUT = '[[hand_out]]\nendpoint = "*"\nallow_input = true\n'


class Server:
    """scached in a directory of its own; everybody may use it."""

    def __init__(
        self, configuration: str = "", stderr: int | None = None, user: int | None = None
    ) -> None:
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="scache-attack-"))
        self.directory.chmod(0o755)
        self.socket = str(self.directory / "socket")
        self.log = self.directory / "log"
        self._settings = self.directory / "scached.toml"
        self._settings.write_text(configuration)
        self._stderr = stderr
        self._user = user
        self._program = BIN / "scached"
        if user is not None:
            os.chown(self.directory, user, user)
            # The user may have no way to the folder of this tree.
            self._program = pathlib.Path(shutil.copy(self._program, self.directory))
        self.start()

    def start(self) -> None:
        """Starts it, and waits until it listens."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "--socket", self.socket, "--config", self._settings],
                stderr=log if self._stderr is None else self._stderr,
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
        for _ in range(2500):
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(self.socket)
                probe.recv(1000)
                # Without that of the probe.
                self._idle = self.descriptors - 1
                return
            time.sleep(0.002)
        raise SystemExit(f"no server: {self.log.read_text()}")

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    @property
    def memory(self) -> int:
        """In bytes."""
        status = pathlib.Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    @property
    def processor_time(self) -> float:
        """In seconds."""
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def connections(self) -> int:
        """How many there are in the cache."""
        with scache.Client(self.socket, timeout=5) as client:
            return client.stats()["connections"]

    def is_as_before(self, endpoint: bytes) -> None:
        """What attackers have left in the cache is dropped, and nothing else is left of them."""
        with scache.Client(self.socket, timeout=5) as client:
            client.drop(endpoint=endpoint)
        end = time.monotonic() + 10
        while (now := self.descriptors) > self._idle and time.monotonic() < end:
            time.sleep(0.05)
        print(f"  afterwards it has {now} descriptors, and had {self._idle}")
        if now > self._idle:
            raise Fault(f"the server has {now} descriptors, and had {self._idle}")

    def stop(self, number: int = signal.SIGKILL) -> None:
        self._process.send_signal(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(8)


@contextlib.contextmanager
def server(
    configuration: str = "", stderr: int | None = None, user: int | None = None
) -> Iterator[Server]:
    one = Server(configuration, stderr, user)
    try:
        yield one
    finally:
        one.stop()


def field(tag: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        value = struct.pack("<Q", value)
    return struct.pack("<HHI", tag, 0, len(value)) + value


def frame(kind: int, request: int, fields: bytes = b"", with_descriptor: bool = False) -> bytes:
    return struct.pack("<IBBHQQ", 24 + len(fields), kind, with_descriptor, 0, request, 0) + fields


class Raw:
    """One stream that speaks the direct protocol, frame by frame."""

    def __init__(self, path: str, timeout: float = 5.0) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self._input = b""
        self._requests = 0
        self._read_list()
        self.socket.sendall(b"request\0direct\0version\0001\0\0")
        self._read_list()

    def _read_list(self) -> None:
        while not self._input.endswith(b"\0\0"):
            self._receive()
        self._input = b""

    def _receive(self) -> None:
        data, control, _, _ = self.socket.recvmsg(1 << 18, 4096)
        for _, _, numbers in control:
            for number in array.array("i", numbers):
                os.close(number)
        if not data:
            raise EOFError("the server has closed the stream")
        self._input += data

    def send(self, kind: int, fields: bytes = b"", descriptor: int | None = None) -> None:
        self._requests += 1
        data = frame(kind, self._requests, fields, descriptor is not None)
        if descriptor is None:
            self.socket.sendall(data)
            return
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        self.socket.sendall(data[self.socket.sendmsg([data], rights) :])

    def reply(self) -> tuple[int, dict[int, bytes]]:
        while len(self._input) < 4 or len(self._input) < struct.unpack_from("<I", self._input)[0]:
            self._receive()
        size, kind = struct.unpack_from("<IB", self._input)
        body, self._input = self._input[24:size], self._input[size:]
        fields: dict[int, bytes] = {}
        while body:
            tag, _, length = struct.unpack_from("<HHI", body)
            fields[tag], body = body[8 : 8 + length], body[8 + length :]
        return kind, fields

    def ask(
        self, kind: int, fields: bytes = b"", descriptor: int | None = None
    ) -> tuple[int, dict[int, bytes]]:
        self.send(kind, fields, descriptor)
        return self.reply()

    def save(self, descriptor: int, endpoint: bytes, ttl: int = 60_000) -> str:
        """Answers "saved" or the server's words."""
        kind, fields = self.ask(SAVE, field(ENDPOINT, endpoint) + field(TTL, ttl), descriptor)
        return "saved" if kind == SAVED else fields[TEXT].decode()


class Ordinary(threading.Thread):
    """A client that looks something up every five milliseconds."""

    def __init__(
        self, path: str, seconds: float, timeout: float = 2.0, pause: float = PAUSE
    ) -> None:
        super().__init__(daemon=True)
        self._path, self._seconds, self._timeout, self._pause = path, seconds, timeout, pause
        self.waits: list[float] = []
        self.errors: list[str] = []
        self.start()

    def run(self) -> None:
        end = time.monotonic() + self._seconds
        with scache.Client(self._path, timeout=self._timeout) as client:
            while time.monotonic() < end:
                begun = time.perf_counter()
                try:
                    client.find(endpoint="nobody")
                except scache.Error as error:
                    self.errors.append(str(error))
                self.waits.append((time.perf_counter() - begun) * 1000)
                time.sleep(self._pause)

    def end(self) -> None:
        """Waits for its end."""
        self.join(self._seconds + 3 * self._timeout)

    def verdict(self, what: str) -> None:
        """Prints its waits. Raises Fault where they are too long, or it was not served."""
        self.end()
        verdict(what, "lookups", self.waits, self.errors)


class Fault(Exception):
    """An attack that has succeeded."""


def most(waits: list[float]) -> float:
    """What 99 of 100 waits do not exceed."""
    return sorted(waits)[int(len(waits) * 0.99)] if waits else float("inf")


def verdict(what: str, things: str, waits: list[float], errors: list[str]) -> None:
    """Prints what somebody waited for these things. Raises Fault where it was too long."""
    waits = sorted(waits) or [float("inf")]
    median, last = waits[len(waits) // 2], most(waits)
    print(
        f"  {what}: {len(waits)} {things}, median {median:.2f} ms, 99 % within {last:.2f} ms,"
        f" longest {waits[-1]:.1f} ms, {len(errors)} errors",
        flush=True,
    )
    if errors:
        raise Fault(f"{what}: {errors[0]}")
    if last > BAR:
        raise Fault(f"{what}: 99 % of the waits are within {last:.1f} ms, to be {BAR:.0f}")


def ordinary(path: str, what: str, seconds: float = 3.0, pause: float = PAUSE) -> None:
    Ordinary(path, seconds, pause=pause).verdict(what)


def others(path: str, what: str, seconds: float = 3.0) -> None:
    """Two ordinary clients: one that looks for nothing, and one that saves and finds a connection."""
    sharer = Sharer(path, "an ordinary client", timeout=2.0, pause=PAUSE)
    try:
        ordinary(path, what, seconds)
    finally:
        sharer.stop()
    verdict(what, "saves and finds", sharer.waits, sharer.faults)


@contextlib.contextmanager
def child(work: Callable[[], object], user: int = 0) -> Iterator[int]:
    """`work` runs in a process of its own, which lives, with the result, until the block is left."""
    number = os.fork()
    if number == 0:
        held: list[object] = []
        with contextlib.suppress(BaseException):
            if user:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            held.append(work())
        time.sleep(120)
        os._exit(0)
    try:
        yield number
    finally:
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)


def slow_page() -> tuple[int, int]:
    """The address of memory whose first touch never ends, in the kernel neither, and the
    userfaultfd(2) that holds it up."""
    number = LIBC.syscall(323, os.O_CLOEXEC)
    if number < 0:
        raise OSError(ctypes.get_errno(), "userfaultfd")
    LIBC.mmap.restype = ctypes.c_void_p
    address = LIBC.mmap(None, ctypes.c_size_t(4096), 3, 0x22, -1, ctypes.c_size_t(0))
    api = ctypes.create_string_buffer(struct.pack("<QQQ", 0xAA, 0, 0))
    assert LIBC.ioctl(number, ctypes.c_ulong(0xC018AA3F), api) == 0
    wanted = ctypes.create_string_buffer(struct.pack("<QQQQ", address, 4096, 1, 0))
    assert LIBC.ioctl(number, ctypes.c_ulong(0xC020AA00), wanted) == 0
    return address, number


def write_for_ever(pipe: int) -> None:
    """Holds a pipe's lock."""
    address, _ = slow_page()
    LIBC.write(pipe, ctypes.c_void_p(address), ctypes.c_size_t(4096))


def receive_for_ever(connection: int) -> None:
    """Holds a TCP socket's lock, once there is something to receive."""
    address, _ = slow_page()
    LIBC.recv(connection, ctypes.c_void_p(address), ctypes.c_size_t(4096), 0)


def send_for_ever(connection: int) -> None:
    """Holds a TCP socket's lock; nothing arrives at it."""
    address, _ = slow_page()
    LIBC.send(connection, ctypes.c_void_p(address), ctypes.c_size_t(4096), 0)
