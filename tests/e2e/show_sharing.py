"""Two processes share one TCP connection through the server: one saves it, the other goes on.

The server is started the way master(8) starts it, in a scratch directory. Needs no privileges.
"""

from __future__ import annotations

import argparse
import grp
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

from harness.cargo import Cargo
from harness.client import Client
from harness.server import Server, Setup
from lab.sink import Sink

_DESTINATION = "smtp\nexample.test\n"
_PROPERTIES = "a note of the first process for whoever comes next"


def main(words: Sequence[str]) -> int:
    """Start everything, let the two processes run one after the other, and say what came of it."""
    options = _options(words)
    if options.part:
        {"save": _save, "find": _find}[options.part](options.socket, options.port)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _show(options.ours)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except (AssertionError, RuntimeError, OSError, subprocess.SubprocessError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1


def _options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Two processes share a connection.")
    parser.add_argument("--ours", type=pathlib.Path, help="the program scache")
    # This program is also the two processes.
    for name, kind in (("--part", str), ("--socket", pathlib.Path), ("--port", int)):
        parser.add_argument(name, type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if not options.part and not options.ours:
        parser.error("--ours is missing")
    return options


def _show(program: pathlib.Path) -> int:
    os.environ["SCACHE_UNDER_TEST"] = "ours"
    os.environ["SCACHE_PROGRAM"] = str(program.resolve())
    with Sink() as sink:
        server = Server(Setup(main_cf=_accounts()))
        try:
            _say("server", f"process {server.pid} is {program}")
            _say("mail server", f"listens on {sink.address} port {sink.port}")
            _run("save", server, sink)
            _say("server", f"holds {server.holds()} descriptor: the connection itself")
            _run("find", server, sink)
            sink.wait_all_ended()
            server.finish()
        finally:
            server.close()
        if [len(session.messages) for session in sink.sessions] != [2]:
            raise RuntimeError(f"not two messages in one session: {sink.sessions}")
        _say("mail server", "saw one TCP connection, two messages, and a polite end")
        for line in server.log.lines():
            _say("mail log", line.text)
    return 0


def _accounts() -> dict[str, str]:
    """Without root a server can only stay what it is: the user who started it."""
    if os.geteuid() == 0:
        return {}
    return {
        "mail_owner": pwd.getpwuid(os.geteuid()).pw_name,
        "setgid_group": grp.getgrgid(os.getegid()).gr_name,
    }


def _run(part: str, server: Server, sink: Sink) -> None:
    words = ["--part", part, "--socket", str(server.scratch.socket), "--port", str(sink.port)]
    subprocess.run([sys.executable, __file__, *words], check=True, timeout=60)


def _save(path: pathlib.Path, port: int) -> None:
    """The first process: a new connection, a message, and the connection goes to the server."""
    who = f"process {os.getpid()}"
    client = Client(path)
    client.reply()
    if client.find_dest(_DESTINATION).fd is not None:
        raise RuntimeError("an empty cache knows a connection")
    _say(who, "asks for a connection: there is none")
    connection = socket.create_connection(("127.0.0.1", port))
    _say(who, f"connects from local port {connection.getsockname()[1]}")
    _converse(connection, None, "EHLO first.test", *_message("first"))
    _say(who, "sends a message")
    endpoint = f"smtp\n127.0.0.1\n{port}\n0\n"
    client.save_dest(_DESTINATION, "", endpoint)
    client.save_endp(endpoint, _PROPERTIES, Cargo(connection.detach()))
    _say(who, "saves the connection, closes its own copy and ends")
    client.close()


def _find(path: pathlib.Path, port: int) -> None:
    """The second process: the same connection, and the next message on it."""
    del port
    who = f"process {os.getpid()}"
    client = Client(path)
    client.reply()
    found = client.find_dest(_DESTINATION)
    if found.fd is None:
        raise RuntimeError(f"the connection was not found: {found.reply!r}")
    connection = socket.socket(fileno=os.dup(found.fd))
    client.close()
    _say(who, f"asks for a connection: it has local port {connection.getsockname()[1]}")
    _say(who, f"reads beside it: {_PROPERTIES if _PROPERTIES.encode() in found.reply else '?'}")
    _converse(connection, "RSET", *_message("second"))
    _say(who, "sends a message on it, without a new connection or a new greeting")
    _converse(connection, "QUIT")
    connection.close()


def _message(name: str) -> tuple[str, ...]:
    text = f"Subject: {name}\r\nMessage-ID: <{name}@example.test>\r\n\r\n{name}\r\n."
    return "MAIL FROM:<>", "RCPT TO:<someone@example.test>", "DATA", text


def _converse(connection: socket.socket, *commands: str | None) -> None:
    """Send each command and read its answer; None stands for the greeting, which needs none."""
    with connection.makefile("rb") as answers:
        for command in commands:
            if command is not None:
                connection.sendall(command.encode() + b"\r\n")
            while (line := answers.readline())[3:4] == b"-":
                pass
            if line[:1] not in (b"2", b"3"):
                raise RuntimeError(f"{command}: the mail server says {line!r}")


def _say(who: str, what: str) -> None:
    print(f"{who:<14} {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
