# SPDX-License-Identifier: Apache-2.0
"""A live Postfix whose connections scached keeps, without a scache of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from harness import ctl
from harness.scached import Scached
from harness.waiting import until
from lab import letters, traffic
from lab.at_once import at_once
from lab.instance import Postfix
from lab.sink import Sink

pytestmark = pytest.mark.only("ours")

# Passes a socket as a service manager does: as descriptor 3, with the process id.
_ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""

# What smtp(8) logs while nobody listens.
_LOST = r"smtp\[\d+\]: warning: .*private/scache"


def listen(postfix: Postfix) -> str:
    """The configuration of a server that keeps the connections of an instance."""
    return f'''\
[[listen]]
postfix = "{postfix.base}/etc"

[[goodbye]]
endpoint = "smtp*"
protocol = "smtp"
'''


@contextlib.contextmanager
def instance(sink: Sink, *settings: dict[str, str]) -> Iterator[tuple[Postfix, Scached]]:
    """An instance without the line of scache in master.cf, and a server for it."""
    parameters = {name: value for each in (traffic.ALWAYS, *settings) for name, value in each.items()}
    transports = {"d1.test": f"smtp:{sink.target}"}
    with Postfix(transports, has_server=False, parameters=parameters) as postfix:
        with contextlib.closing(Scached()) as scached:
            scached.configure(listen(postfix))
            scached.start_here()
            yield postfix, scached


@at_once
def test_a_reload_and_a_restart_of_postfix_lose_nothing() -> None:
    ids = traffic.names(5)
    with Sink() as sink, instance(sink, traffic.LONG) as (postfix, scached):
        for number, letter in enumerate(ids):
            traffic.one_by_one(postfix, [(letter, "d1.test")])
            if number == 2:
                postfix.restart()
            else:
                postfix.reload()
        assert len(sink.sessions) == 1
        assert ctl.told(scached.path, "stats")["connections"] == 1
        traffic.assert_quiet(postfix)
        assert scached.stop() == 0
        sink.wait_all_ended()
    traffic.assert_all_once(ids, sink)
    assert sink.ends() == {"quit": 1}


@at_once
def test_reloads_under_load_open_no_further_sessions() -> None:
    ids = traffic.names(60)
    with Sink() as sink, instance(sink, traffic.LONG, traffic.concurrency(1)) as (postfix, _):
        stop = threading.Event()

        def reload() -> None:
            while not stop.wait(1):
                postfix.reload()

        reloading = threading.Thread(target=reload)
        reloading.start()
        try:
            for letter in ids:
                letters.send(postfix.inlet, [(letter, "d1.test")])
            traffic.wait_arrived(postfix, sink, len(ids))
        finally:
            stop.set()
            reloading.join()
        assert len(sink.sessions) <= 2, "one delivery at a time, but where a reload overlaps"
    traffic.assert_all_once(ids, sink)


@at_once
def test_mail_flows_without_the_server_and_finds_it_again() -> None:
    """A process of smtp(8) that has lost the server works without it; a new one looks again."""
    with Sink() as sink, instance(sink, traffic.LONG, {"max_idle": "1s"}) as (postfix, scached):
        traffic.one_by_one(postfix, [("with", "d1.test")])
        assert scached.stop() == 0
        sink.wait_all_ended()
        traffic.one_by_one(postfix, [("without", "d1.test")])
        assert len(postfix.log.lines(_LOST)) == 2
        assert len(postfix.log.lines("warning: disabling connection caching")) == 1
        until(lambda: not postfix.pids("smtp"), "the processes of smtp(8) to end")
        scached.start_here()
        traffic.one_by_one(postfix, [("again", "d1.test"), ("still", "d1.test")])
        assert len(sink.sessions) == 3
    traffic.assert_all_once(["with", "without", "again", "still"], sink)


@at_once
def test_a_socket_of_the_service_manager_bridges_a_restart() -> None:
    """While the server is away, smtp(8) waits for it, and nobody warns."""
    with Sink() as sink, instance(sink, traffic.LONG) as (postfix, scached):
        assert scached.stop() == 0
        place = postfix.base / "queue/private/scache"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(place))
            os.chown(place, postfix.owner, -1)
            listening.listen(100)

            def start() -> None:
                number = listening.fileno()
                wrapper = [sys.executable, "-c", _ACTIVATE, str(number)]
                scached.start_here(wrapper=wrapper, pass_fds=[number])

            start()
            traffic.one_by_one(postfix, [("before", "d1.test")])
            assert scached.stop() == 0
            letters.send(postfix.inlet, [("meanwhile", "d1.test")])
            start()
            traffic.wait_arrived(postfix, sink, 2)
            traffic.one_by_one(postfix, [("after", "d1.test")])
        assert len(sink.sessions) == 2
        traffic.assert_quiet(postfix)


@at_once
def test_the_limits_of_main_cf_hold() -> None:
    with Sink() as sink, instance(
        sink, traffic.LONG, {"connection_cache_ttl_limit": "1s"}
    ) as (postfix, _):
        place = postfix.base / "queue/private/scache"
        assert (place.stat().st_uid, place.stat().st_mode & 0o777) == (postfix.owner, 0o600)
        traffic.one_by_one(postfix, [("letter", "d1.test")])
        sink.wait_all_ended()
        assert sink.ends() == {"quit": 1}
        traffic.assert_quiet(postfix)
