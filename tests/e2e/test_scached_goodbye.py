# SPDX-License-Identifier: Apache-2.0
"""[[goodbye]] of scached.toml: what connections say when they leave the cache."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from harness import cargo as cargos
from harness import ctl
from harness.cargo import Cargo
from harness.scached import Scached
from harness.waiting import PATIENCE, until

pytestmark = pytest.mark.only("ours")
Load = Callable[..., Cargo]

SMTP = '[[goodbye]]\nendpoint = "smtp:*"\nprotocol = "smtp"\n'


def heard(cargo: Cargo, answer: bytes = b"bye") -> bytes:
    """What the other side hears, which answers at once."""
    return cargo.hears(answer)


def counted(scached: Scached) -> dict[str, int]:
    """The counters of goodbyes."""
    told = ctl.told(scached.path, "stats")
    return {name: value for name, value in told.items() if name.startswith("goodbyes")}


@pytest.mark.parametrize(
    ("key", "bytes_"),
    [
        ('protocol = "smtp"', b"QUIT\r\n"),
        ('protocol = "postgresql"', b"X\0\0\0\4"),
        ('protocol = "mysql"', b"\1\0\0\0\1"),
        ('send = "so long\\u0000"', b"so long\0"),
        ("send = [0, 255]", b"\0\xff"),
        ('send = ""', b""),
    ],
)
def test_each_goodbye(scached: Scached, load: Load, key: str, bytes_: bytes) -> None:
    scached.configure(f'[[goodbye]]\nendpoint = "*"\n{key}\n')
    scached.start_here()
    cargo = load(cargos.tcp)
    scached.client().save_endp("e", "p", cargo, 1)
    assert heard(cargo) == bytes_


def test_by_pattern_and_after_a_reload(scached: Scached, load: Load) -> None:
    scached.configure(SMTP)
    scached.start_here()
    client, first, second, third = scached.client(), *(load(cargos.tcp) for _ in range(3))
    client.save_endp("smtp:a", "p", first, 1)
    client.save_endp("http:a", "p", second, 1)
    assert heard(first) == b"QUIT\r\n"
    assert heard(second) == b""
    scached.configure(SMTP.replace("smtp:", "http:"))
    scached.reload()
    client.save_endp("http:a", "p", third, 1)
    assert heard(third) == b"QUIT\r\n"


def test_a_drop_does_not_wait_for_answers(scached: Scached, load: Load) -> None:
    scached.configure(SMTP + 'wait = "1m"\n')
    scached.start_here()
    cargo = load(cargos.tcp)
    scached.client().save_endp("smtp:a", "p", cargo)
    begun = time.monotonic()
    assert ctl.run(scached.path, "drop", "--endpoint", "smtp:a").returncode == 0
    assert time.monotonic() - begun < PATIENCE / 2
    assert cargo.other.recv(100) == b"QUIT\r\n"
    assert counted(scached)["goodbyes"] == 1
    cargo.other.sendall(b"221\r\n")
    until(lambda: counted(scached)["goodbyes_answered"] == 1, "the answer to be counted")


def test_the_server_says_goodbye_at_its_end(scached: Scached, load: Load) -> None:
    scached.configure(SMTP)
    scached.start_here()
    cargo = load(cargos.unix)
    scached.client().save_endp("smtp:a", "p", cargo)
    scached.signal(signal.SIGTERM)
    assert heard(cargo) == b"QUIT\r\n"
    assert scached.end() == 0


def test_at_its_end_it_waits_for_a_limited_time(scached: Scached, load: Load) -> None:
    scached.configure(SMTP + 'wait = "1m"\n')
    scached.start_here()
    cargo = load(cargos.unix)
    scached.client().save_endp("smtp:a", "p", cargo)
    begun = time.monotonic()
    assert scached.stop() == 0
    assert 1.8 < time.monotonic() - begun < 8
    assert heard(cargo, answer=b"") == b"QUIT\r\n"


def test_a_second_signal_ends_it_at_once(scached: Scached, load: Load) -> None:
    scached.configure(SMTP + 'wait = "1m"\n')
    scached.start_here()
    cargo = load(cargos.tcp)
    scached.client().save_endp("smtp:a", "p", cargo)
    scached.signal(signal.SIGTERM)
    assert cargo.other.recv(100) == b"QUIT\r\n"
    begun = time.monotonic()
    scached.signal(signal.SIGTERM)
    assert scached.end() == 0
    assert time.monotonic() - begun < 1.5


def test_many_that_expire_at_once_all_say_it(scached: Scached, load: Load) -> None:
    """More than have a place at the same time: the others wait for theirs."""
    scached.configure(SMTP)
    scached.start_here()
    client = scached.client()
    cargos_ = [load(cargos.unix) for _ in range(200)]
    for cargo in cargos_:
        client.save_endp("smtp:a", "p", cargo, 1)
    assert [heard(cargo) for cargo in cargos_] == [b"QUIT\r\n"] * 200
    assert counted(scached)["goodbyes"] == 200
    assert counted(scached)["goodbyes_skipped"] == 0


def test_errors_have_their_lines(scached: Scached) -> None:
    scached.configure('[[goodbye]]\nendpoint = "*"\nprotocol = "gopher"\n')
    scached.start_here(ready=False)
    assert scached.end() == 1
    assert "scached.toml:3:12: goodbye.protocol must be one of" in scached.log()
