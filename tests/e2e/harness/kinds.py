# SPDX-License-Identifier: Apache-2.0
"""All kinds of descriptors that a process can send, and what the server must do with each."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import enum
import os
import pathlib
import platform
import pty
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator

from harness import sandbox

_LIBC = ctypes.CDLL(None, use_errno=True)

# System calls that no library has. From 424 on their numbers are the same everywhere.
_NUMBERS = {
    "x86_64": {"perf_event_open": 298, "seccomp": 317, "bpf": 321, "userfaultfd": 323},
    "aarch64": {"perf_event_open": 241, "seccomp": 277, "bpf": 280, "userfaultfd": 282},
}.get(platform.machine(), {}) | {
    "io_uring_setup": 425,
    "open_tree": 428,
    "fsopen": 430,
    "landlock_create_ruleset": 444,
    "memfd_secret": 447,
}

_SCTP, _UDP_LITE, _MPTCP, _SMC, _XDP = 132, 136, 262, 43, 44
_TCP_ULP = 31


class Fate(enum.Enum):
    """What becomes of a descriptor that is sent with a save."""

    # It is saved, and a lookup returns the same open file.
    KEPT = enum.auto()
    # It is saved, but its connection is over or has input: no lookup returns it.
    OVER = enum.auto()
    # It is refused, because of its kind.
    REFUSED = enum.auto()
    # It is refused, because it is a client's stream to the server.
    OWN = enum.auto()


class Workshop(contextlib.ExitStack):
    """Makes one descriptor, with all that belongs to it; closes everything at the end."""

    def __init__(self, directory: pathlib.Path, server: pathlib.Path) -> None:
        super().__init__()
        self.directory = directory
        self.server = server

    def own(self, descriptor: int) -> int:
        """Closes it at the end."""
        self.callback(os.close, descriptor)
        return descriptor

    def ends(self, descriptors: Iterable[int]) -> list[int]:
        """Closes all of them at the end."""
        return [self.own(descriptor) for descriptor in descriptors]

    def fresh(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket that nothing was done with."""
        return self.enter_context(socket.socket(family, kind, protocol))

    def pair(self, kind: int = socket.SOCK_STREAM) -> tuple[socket.socket, socket.socket]:
        """Two sockets that are connected to each other."""
        one, other = socket.socketpair(socket.AF_UNIX, kind)
        return self.enter_context(one), self.enter_context(other)

    def listener(self, family: int, protocol: int = 0) -> socket.socket:
        """A stream socket that listens on the loopback interface."""
        made = self.fresh(family, socket.SOCK_STREAM, protocol)
        made.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        made.listen(0)
        return made

    def connected(self, family: int, protocol: int = 0) -> tuple[socket.socket, socket.socket]:
        """Both ends of a connection over the loopback interface."""
        listener = self.listener(family, protocol)
        one = self.fresh(family, socket.SOCK_STREAM, protocol)
        one.connect(listener.getsockname())
        other, _ = listener.accept()
        return one, self.enter_context(other)

    @contextlib.contextmanager
    def path(self) -> Iterator[pathlib.Path]:
        """A name in the directory. Its file is removed."""
        path = self.directory / f"made-{os.getpid()}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def open(self, path: pathlib.Path | str, flags: int = os.O_RDONLY) -> int:
        """An open file."""
        return self.own(os.open(path, flags | os.O_NOCTTY | os.O_CLOEXEC, 0o600))

    def call(self, name: str, *arguments: object) -> int:
        """A descriptor that a function of the C library returns."""
        return self._returned(getattr(_LIBC, name)(*arguments))

    def system_call(self, name: str, *arguments: object) -> int:
        """A descriptor that a system call returns."""
        if name not in _NUMBERS:
            raise OSError(f"the number of {name}(2) is not known here")
        return self._returned(_LIBC.syscall(_NUMBERS[name], *arguments))

    def _returned(self, descriptor: int) -> int:
        if descriptor < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return self.own(descriptor)


Make = Callable[[Workshop], int]


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind."""

    name: str
    fate: Fate
    make: Make

    @contextlib.contextmanager
    def made(self, directory: pathlib.Path, server: pathlib.Path) -> Iterator[int]:
        """A descriptor of this kind. OSError where the kernel has none, or does not send it."""
        with Workshop(directory, server) as shop:
            descriptor = self.make(shop)
            one, other = shop.pair()
            socket.send_fds(one, [b"x"], [descriptor])
            _, received, _, _ = socket.recv_fds(other, 1, 1)
            for number in received:
                os.close(number)
            yield descriptor


_KINDS: list[Kind] = []


def _is(name: str, fate: Fate = Fate.REFUSED) -> Callable[[Make], Make]:
    def note(make: Make) -> Make:
        _KINDS.append(Kind(name, fate, make))
        return make

    return note


# Connections.

_NETWORKS = {
    "TCP over IPv4": (socket.AF_INET, 0),
    "TCP over IPv6": (socket.AF_INET6, 0),
    "Multipath TCP": (socket.AF_INET, _MPTCP),
}


def _networks(name: str, family: int, protocol: int) -> None:
    @_is(name, Fate.KEPT)
    def ours(shop: Workshop) -> int:
        return shop.connected(family, protocol)[0].fileno()

    @_is(f"{name}, the accepted end", Fate.KEPT)
    def theirs(shop: Workshop) -> int:
        return shop.connected(family, protocol)[1].fileno()

    @_is(f"{name}, closed by its peer", Fate.OVER)
    def left(shop: Workshop) -> int:
        one, other = shop.connected(family, protocol)
        other.close()
        # Multipath TCP says it from a thread of the kernel.
        poll = select.poll()
        poll.register(one, select.POLLRDHUP)
        poll.poll(10_000)
        return one.fileno()

    @_is(f"{name}, not connected", Fate.OVER)
    def made(shop: Workshop) -> int:
        return shop.fresh(family, socket.SOCK_STREAM, protocol).fileno()

    @_is(f"{name}, listening")
    def listening(shop: Workshop) -> int:
        return shop.listener(family, protocol).fileno()


for _name, (_family, _protocol) in _NETWORKS.items():
    _networks(_name, _family, _protocol)


@_is("TCP, connecting", Fate.OVER)
def _connecting(shop: Workshop) -> int:
    listener = shop.listener(socket.AF_INET)
    # The queue has room for one more than was asked for; the others get no answer.
    for _ in range(3):
        last = shop.fresh(socket.AF_INET, socket.SOCK_STREAM)
        last.setblocking(False)
        last.connect_ex(listener.getsockname())
    return last.fileno()


@_is("TCP, shut down for sending", Fate.KEPT)
def _shut_down(shop: Workshop) -> int:
    one, _ = shop.connected(socket.AF_INET)
    one.shutdown(socket.SHUT_WR)
    return one.fileno()


@_is("TCP with TLS of the kernel", Fate.KEPT)
def _kernel_tls(shop: Workshop) -> int:
    one, _ = shop.connected(socket.AF_INET)
    one.setsockopt(socket.IPPROTO_TCP, _TCP_ULP, b"tls")
    return one.fileno()


@_is("UNIX-domain stream", Fate.KEPT)
def _unix(shop: Workshop) -> int:
    with shop.path() as path, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        one = shop.fresh(socket.AF_UNIX, socket.SOCK_STREAM)
        one.connect(str(path))
        shop.own(listener.accept()[0].detach())
    return one.fileno()


@_is("UNIX-domain stream of a pair", Fate.KEPT)
def _unix_pair(shop: Workshop) -> int:
    return shop.pair()[0].fileno()


@_is("UNIX-domain stream with descriptors in flight", Fate.OVER)
def _loaded(shop: Workshop) -> int:
    one, other = shop.pair()
    socket.send_fds(other, [b"x"], [other.fileno(), *shop.ends(os.pipe())])
    return one.fileno()


@_is("UNIX-domain stream in flight in itself", Fate.OVER)
def _in_itself(shop: Workshop) -> int:
    one, other = shop.pair()
    socket.send_fds(other, [b"x"], [one.fileno()])
    return one.fileno()


@_is("UNIX-domain stream, closed by its peer", Fate.OVER)
def _unix_left(shop: Workshop) -> int:
    one, other = shop.pair()
    other.close()
    return one.fileno()


@_is("UNIX-domain stream, shut down for sending", Fate.OVER)
def _unix_shut_down(shop: Workshop) -> int:
    one, _ = shop.pair()
    one.shutdown(socket.SHUT_WR)
    return one.fileno()


@_is("a client's own stream", Fate.OWN)
def _own(shop: Workshop) -> int:
    one = shop.fresh(socket.AF_UNIX, socket.SOCK_STREAM)
    one.connect(str(shop.server))
    return one.fileno()


_is("pipe, the end that is read", Fate.KEPT)(lambda shop: shop.ends(os.pipe())[0])
_is("pipe, the end that is written", Fate.KEPT)(lambda shop: shop.ends(os.pipe())[1])
_is("pipe of packets", Fate.KEPT)(lambda shop: shop.ends(os.pipe2(os.O_DIRECT))[1])


@_is("pipe without the other end", Fate.KEPT)
def _half_pipe(shop: Workshop) -> int:
    read, write = os.pipe()
    os.close(write)
    return shop.own(read)


def _fifo(name: str, flags: int) -> None:
    @_is(name, Fate.KEPT)
    def opened(shop: Workshop) -> int:
        with shop.path() as path:
            os.mkfifo(path)
            shop.open(path, os.O_RDWR)
            return shop.open(path, flags)


_fifo("FIFO for reading", os.O_RDONLY)
_fifo("FIFO for writing", os.O_WRONLY)
_fifo("FIFO for both", os.O_RDWR)


# Sockets that are no connected streams.


def _sockets(name: str, family: int, kind: int, protocol: int = 0) -> None:
    _is(name)(lambda shop: shop.fresh(family, kind, protocol).fileno())


_sockets("UNIX-domain stream, never connected", socket.AF_UNIX, socket.SOCK_STREAM)
_sockets("UNIX-domain datagrams, not bound", socket.AF_UNIX, socket.SOCK_DGRAM)
_sockets("UNIX-domain packets, never connected", socket.AF_UNIX, socket.SOCK_SEQPACKET)
_sockets("UDP over IPv4", socket.AF_INET, socket.SOCK_DGRAM)
_sockets("UDP over IPv6", socket.AF_INET6, socket.SOCK_DGRAM)
_sockets("UDP-Lite", socket.AF_INET, socket.SOCK_DGRAM, _UDP_LITE)
_sockets("ping over IPv4", socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
_sockets("ping over IPv6", socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_ICMPV6)
_sockets("raw ICMP", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
_sockets("raw TCP", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
_sockets("raw TCP over IPv6", socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_TCP)
_sockets("raw IP", socket.AF_INET, socket.SOCK_RAW, 255)
_sockets("SCTP", socket.AF_INET, socket.SOCK_STREAM, _SCTP)
_sockets("DCCP", socket.AF_INET, 6, 33)
_sockets("SMC", _SMC, socket.SOCK_STREAM)
_sockets("packet", socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
_sockets("packet without its header", socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
_sockets("XDP", _XDP, socket.SOCK_RAW)
_sockets("netlink, routes", socket.AF_NETLINK, socket.SOCK_RAW, 0)
_sockets("netlink, diagnoses", socket.AF_NETLINK, socket.SOCK_RAW, 4)
# The protocol has the same number as TCP.
_sockets("netlink, transformations", socket.AF_NETLINK, socket.SOCK_RAW, 6)
_sockets("netlink, audit", socket.AF_NETLINK, socket.SOCK_RAW, 9)
_sockets("netlink, filters", socket.AF_NETLINK, socket.SOCK_RAW, 12)
_sockets("netlink, devices", socket.AF_NETLINK, socket.SOCK_DGRAM, 15)
_sockets("netlink, generic", socket.AF_NETLINK, socket.SOCK_RAW, 16)
_sockets("stream of virtual machines", socket.AF_VSOCK, socket.SOCK_STREAM)
_sockets("datagrams of virtual machines", socket.AF_VSOCK, socket.SOCK_DGRAM)
_sockets("packets of virtual machines", socket.AF_VSOCK, socket.SOCK_SEQPACKET)
_sockets("ciphers of the kernel", socket.AF_ALG, socket.SOCK_SEQPACKET)
_sockets("keys", 15, socket.SOCK_RAW, 2)
_sockets("TIPC", 30, socket.SOCK_STREAM)
_sockets("CAN", 29, socket.SOCK_RAW, 1)
_sockets("Bluetooth", 31, socket.SOCK_STREAM, 3)
_sockets("RDS", 21, socket.SOCK_SEQPACKET)
_sockets("multiplexed messages", 41, socket.SOCK_DGRAM)


@_is("UNIX-domain stream, listening")
def _unix_listening(shop: Workshop) -> int:
    listener = shop.fresh(socket.AF_UNIX, socket.SOCK_STREAM)
    # A name of the kernel's choice.
    listener.bind("")
    listener.listen()
    return listener.fileno()


@_is("UNIX-domain datagrams of a pair")
def _datagrams(shop: Workshop) -> int:
    return shop.pair(socket.SOCK_DGRAM)[0].fileno()


@_is("UNIX-domain packets of a pair")
def _packets(shop: Workshop) -> int:
    return shop.pair(socket.SOCK_SEQPACKET)[0].fileno()


@_is("UDP, connected")
def _udp_connected(shop: Workshop) -> int:
    one, other = (shop.fresh(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    other.bind(("127.0.0.1", 0))
    one.connect(other.getsockname())
    return one.fileno()


# Files and devices.


@_is("a file")
def _file(shop: Workshop) -> int:
    with shop.path() as path:
        return shop.open(path, os.O_RDWR | os.O_CREAT)


@_is("a file without a name")
def _nameless(shop: Workshop) -> int:
    return shop.open(shop.directory, os.O_RDWR | os.O_TMPFILE)


@_is("a directory")
def _directory(shop: Workshop) -> int:
    return shop.open("/", os.O_DIRECTORY)


@_is("a place")
def _place(shop: Workshop) -> int:
    return shop.open("/", os.O_PATH)


@_is("the place of a FIFO")
def _place_of_a_fifo(shop: Workshop) -> int:
    with shop.path() as path:
        os.mkfifo(path)
        return shop.open(path, os.O_PATH)


@_is("the place of a socket")
def _place_of_a_socket(shop: Workshop) -> int:
    with shop.path() as path:
        shop.fresh(socket.AF_UNIX, socket.SOCK_STREAM).bind(str(path))
        return shop.open(path, os.O_PATH)


@_is("the place of a link")
def _place_of_a_link(shop: Workshop) -> int:
    with shop.path() as path:
        path.symlink_to("nothing")
        return shop.open(path, os.O_PATH | os.O_NOFOLLOW)


_is("terminal, the master's end")(lambda shop: shop.ends(pty.openpty())[0])
_is("terminal")(lambda shop: shop.ends(pty.openpty())[1])


def _files(path: str, flags: int = os.O_RDONLY) -> None:
    _is(path)(lambda shop: shop.open(path, flags))


_files("/dev/null", os.O_RDWR)
_files("/dev/zero", os.O_RDWR)
_files("/dev/full", os.O_RDWR)
_files("/dev/random")
_files("/dev/kmsg")
_files("/dev/loop0")
_files("/dev/loop-control", os.O_RDWR)
_files("/dev/fuse", os.O_RDWR)
_files("/dev/kvm", os.O_RDWR)
_files("/dev/net/tun", os.O_RDWR)
_files("/proc/self/mem")
_files("/proc/self/maps")
_files("/proc/self/ns/net")
_files("/proc/self/ns/user")
_files("/proc/self/fd", os.O_DIRECTORY)
_files("/proc/self", os.O_DIRECTORY)
_files("/proc/sys/kernel/hostname")
_files("/sys/kernel/mm", os.O_DIRECTORY)
_files("/sys/fs/cgroup", os.O_DIRECTORY)


# Descriptors that have no file.


def _of_the_library(name: str, function: str, *arguments: object) -> None:
    _is(name)(lambda shop: shop.call(function, *arguments))


_of_the_library("epoll", "epoll_create1", 0)
_of_the_library("eventfd", "eventfd", 0, 0)
_of_the_library("eventfd as a semaphore", "eventfd", 1, 1)
_of_the_library("timerfd", "timerfd_create", 1, 0)
_of_the_library("signalfd", "signalfd", -1, ctypes.create_string_buffer(128), 0)
_of_the_library("inotify", "inotify_init1", 0)
_of_the_library("fanotify", "fanotify_init", 0, 0)
_of_the_library("memfd", "memfd_create", b"made", 0)
_of_the_library("memfd with seals", "memfd_create", b"made", 2)
_of_the_library("memfd of huge pages", "memfd_create", b"made", 4)


def _of_the_system(name: str, function: str, *arguments: object) -> None:
    _is(name)(lambda shop: shop.system_call(function, *arguments))


def _buffer(data: bytes, size: int = 0) -> object:
    return ctypes.create_string_buffer(data, max(size, len(data)))


_of_the_system("userfaultfd", "userfaultfd", 0)
_of_the_system("memfd_secret", "memfd_secret", 0)
_of_the_system("io_uring", "io_uring_setup", 8, _buffer(b"", 120))
# An array of one element of four bytes.
_of_the_system("BPF map", "bpf", 0, _buffer(struct.pack("IIII", 2, 4, 4, 1), 128), 128)
# The clock of the processor, switched off: type, size and, behind four other numbers, a flag.
_PERF = struct.pack("IIQQQQQIIQ", 1, 64, 0, 0, 0, 0, 1, 0, 0, 0)
_of_the_system("performance events", "perf_event_open", _buffer(_PERF), 0, -1, -1, 0)
_RULES = _buffer(struct.pack("Q", 1))
_of_the_system("Landlock rules", "landlock_create_ruleset", _RULES, ctypes.c_size_t(8), 0)
_of_the_system("a file system to be", "fsopen", b"tmpfs", 0)
_of_the_system("a mount", "open_tree", -100, b"/", 0)
_of_the_system("a mount of nobody", "open_tree", -100, b"/", 1)


@_is("epoll of a pipe")
def _epoll_of_a_pipe(shop: Workshop) -> int:
    watching = shop.call("epoll_create1", 0)
    for end in shop.ends(os.pipe()):
        with select.epoll.fromfd(os.dup(watching)) as epoll:
            epoll.register(end, select.EPOLLIN)
    return watching


@_is("a process")
def _process(shop: Workshop) -> int:
    return shop.own(os.pidfd_open(os.getpid()))


@_is("message queue")
def _messages(shop: Workshop) -> int:
    name = f"/scache-{os.getpid()}".encode()
    made = shop.call("mq_open", name, os.O_RDWR | os.O_CREAT, 0o600, None)
    _LIBC.mq_unlink(name)
    return made


@_is("a filter of system calls that asks")
def _asking_filter(shop: Workshop) -> int:
    """It holds for the thread that installs it, which ends."""
    made: list[int] = []
    problems: list[OSError] = []

    def install() -> None:
        try:
            made.append(shop.system_call("seccomp", 1, 8, sandbox.program(sandbox.asking(9999))))
        except OSError as problem:
            problems.append(problem)

    thread = threading.Thread(target=install)
    thread.start()
    thread.join()
    for problem in problems:
        raise problem
    return made[0]


KINDS = tuple(_KINDS)


def each(
    directory: pathlib.Path, server: pathlib.Path, missing: list[str]
) -> Iterator[tuple[Kind, int]]:
    """A descriptor of each kind that this kernel has; the others are added to `missing`."""
    for kind in KINDS:
        with contextlib.ExitStack() as stack:
            try:
                descriptor = stack.enter_context(kind.made(directory, server))
            except OSError as problem:
                missing.append(f"{kind.name} ({problem.strerror or problem})")
                continue
            yield kind, descriptor
