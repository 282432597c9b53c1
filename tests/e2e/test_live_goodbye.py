# SPDX-License-Identifier: Apache-2.0
"""Goodbyes of a live Postfix to a live Postfix: what the receiving smtpd(8) logs."""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
from collections.abc import Callable, Iterator

import pytest

from harness import differences
from harness.waiting import until
from lab import receivers, subject, traffic
from lab.at_once import at_once
from lab.instance import Postfix

_TLS = {"smtp_tls_security_level": "encrypt", "smtp_tls_connection_reuse": "yes"}
_SAYS_QUIT = differences.expected("goodbye")["end"] == "quit"


def _certificate(folder: pathlib.Path) -> dict[str, str]:
    """What smtpd(8) needs for STARTTLS."""
    key, certificate = folder / "etc/key.pem", folder / "etc/certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", "/CN=e2e.test", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return {
        "smtpd_tls_security_level": "may",
        "smtpd_tls_cert_file": str(certificate),
        "smtpd_tls_key_file": str(key),
    }


@contextlib.contextmanager
def _receiving() -> Iterator[tuple[Postfix, str]]:
    """An instance that takes mail by SMTP and throws it away; the next hop that leads to it."""
    with Postfix({"d1.test": "discard:"}) as receiver:
        for name, value in _certificate(receiver.base).items():
            receiver.set_parameter(name, value)
        port = receivers.free_port()
        receiver.add_service(f"127.0.0.1:{port}/inet=127.0.0.1:{port} inet n - n - - smtpd")
        receiver.reload()
        until(lambda: receivers.listens(port), "the receiving Postfix to listen")
        yield receiver, f"[127.0.0.1]:{port}"


def _expires(sender: Postfix) -> None:
    """Nothing to do but to wait."""
    del sender


def _reload(sender: Postfix) -> None:
    sender.reload()


def _stop(sender: Postfix) -> None:
    sender.postfix("stop")


@at_once
@pytest.mark.parametrize(
    ("end", "settings"),
    [
        pytest.param(_expires, {}, id="expiry"),
        pytest.param(_expires, _TLS, id="expiry-tls"),
        pytest.param(_reload, traffic.LONG, id="reload"),
        pytest.param(_reload, {**traffic.LONG, **_TLS}, id="reload-tls"),
        pytest.param(_stop, traffic.LONG, id="stop"),
    ],
)
def test_the_receiving_smtpd_sees_a_quit(
    end: Callable[[Postfix], None], settings: dict[str, str]
) -> None:
    """With the stock server it sees the end of the connection, and none."""
    with _receiving() as (receiver, nexthop), subject.postfix(
        {"d1.test": f"smtp:{nexthop}"}, traffic.ALWAYS, settings
    ) as sender:
        traffic.one_by_one(sender, [("letter", "d1.test")])
        end(sender)
        (line,) = receiver.log.wait(r"smtpd\[\d+\]: disconnect from ")
        assert (" quit=1 " in line) == _SAYS_QUIT, line
        if _SAYS_QUIT:
            assert receiver.log.lines(r"smtpd\[\d+\]: lost connection") == []
        assert (" starttls=1 " in line) == ("smtp_tls_security_level" in settings)


@at_once
@pytest.mark.only("ours")
def test_a_parameter_turns_it_off() -> None:
    """As with the stock server."""
    with _receiving() as (receiver, nexthop), subject.postfix(
        {"d1.test": f"smtp:{nexthop}"}, traffic.ALWAYS, {"connection_cache_goodbye": "no"}
    ) as sender:
        traffic.one_by_one(sender, [("letter", "d1.test")])
        (line,) = receiver.log.wait(r"smtpd\[\d+\]: disconnect from ")
        assert " quit=" not in line
