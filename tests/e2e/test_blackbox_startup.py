# SPDX-License-Identifier: Apache-2.0
"""The start: by hand and by master(8), privileges, what is inherited."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Callable
from typing import Any

import pytest

from harness import census, scratch, wire
from harness.byhand import ByHand, all_at_once
from harness.cargo import Cargo
from harness.server import Server

Load = Callable[..., Cargo]
Start = Callable[..., Server]

TTL = "connection_cache_ttl_limit"
MASTER_ARGV = ("-l", "-t", "unix", "-u")


def test_at_a_terminal_it_says_what_it_is_not(root: None) -> None:
    tries = [(), MASTER_ARGV, ("-V",)]
    for ended in all_at_once([ByHand(*argv, terminal=True) for argv in tries]):
        assert ended.status == 1
        assert ended.errors == "scache: fatal: do not run this command by hand\n"
        assert ended.seconds >= 0.9


@pytest.mark.difference("no-master")
def test_without_master_it_ends(root: None, expect: dict[str, Any]) -> None:
    silent, told = all_at_once([ByHand(*MASTER_ARGV), ByHand(*MASTER_ARGV, "-V")])
    assert (silent.status, silent.errors) == (1, "")
    assert (told.status, told.errors) == (1, f"e2e/scache: fatal: {expect['text']}\n")
    assert told.seconds >= 0.9


def test_V_says_it_on_standard_error(root: None) -> None:
    tries = [
        (("-Q",), "postfix/scache: fatal: invalid option: Q"),
        ((), "e2e/scache: fatal: service scache requires a process limit of 1"),
        (("-S", "surplus"), "e2e/scache: fatal: unexpected command-line argument: surplus"),
        (("-S", "-o", f"{TTL}=0"), f"e2e/scache: fatal: invalid {TTL}: 0 (min 1)"),
        (
            ("-S", "-o", "queue_directory=/nonexistent"),
            'e2e/scache: fatal: chdir("/nonexistent"): No such file or directory',
        ),
    ]
    ends = all_at_once([ByHand("-V", *argv) for argv, _ in tries])
    assert [ended.errors for ended in ends] == [f"{said}\n" for _, said in tries]
    assert [ended.status for ended in ends] == [1] * len(tries)


def test_D_runs_the_debugger_first(root: None) -> None:
    command = "echo in $process_name >&2"
    ended = ByHand("-S", "-V", "-D", "-o", f"debugger_command={command}").end()
    said = command.replace("$process_name", "scache")
    assert (ended.status, ended.errors) == (0, f"e2e/scache: running: {said}\nin scache\n")


def test_D_with_a_bad_command_ends(root: None) -> None:
    ended = ByHand("-S", "-V", "-D", "-o", "debugger_command=${bad").end()
    assert ended.status == 1
    assert ended.errors == (
        "e2e/scache: warning: truncated macro reference: \"${bad\"\n"
        "e2e/scache: fatal: dictionary mail_dict: macro processing error\n"
    )


def test_S_with_nothing_to_read_ends_well(root: None) -> None:
    ended = ByHand("-S", "-V").end()
    assert (ended.status, ended.errors) == (0, "")


def test_S_serves_one_client_on_standard_input(root: None) -> None:
    mine, its = socket.socketpair()
    with mine, its:
        mine.send(wire.find_endp("e"))
        mine.shutdown(socket.SHUT_WR)
        ended = ByHand("-S", "-V", stream=its.fileno()).end()
        its.close()
        mine.settimeout(5)
        assert mine.recv(1000) == wire.FIND_ENDP_MISS
    assert ended.status == 0
    lines = ended.errors.splitlines()
    assert len(lines) == 2
    assert lines[1] == "e2e/scache: statistics: address lookup hits=0 miss=1 success=0%"


def test_gives_up_its_privileges(server: Server) -> None:
    owner = pwd.getpwnam(scratch.MAIL_OWNER)
    state = census.state(server.pid)
    assert state["Uid"].split() == [str(owner.pw_uid)] * 4
    assert state["Gid"].split() == [str(owner.pw_gid)] * 4
    groups = os.getgrouplist(owner.pw_name, owner.pw_gid)
    assert sorted(int(group) for group in state["Groups"].split()) == sorted(groups)
    assert int(state["CapEff"], 16) == 0
    assert int(state["CapPrm"], 16) == 0


def test_lives_in_the_queue_directory(server: Server) -> None:
    assert os.readlink(f"/proc/{server.pid}/root") == "/"
    assert os.readlink(f"/proc/{server.pid}/cwd") == str(server.scratch.queue)


def test_is_jailed_there_with_c(start: Start, load: Load) -> None:
    server = start("-c")
    assert os.readlink(f"/proc/{server.pid}/root") == str(server.scratch.queue)
    assert os.readlink(f"/proc/{server.pid}/cwd") == str(server.scratch.queue)
    client, cargo = server.client(), load()
    client.save_endp("e", "p", cargo)
    assert client.find_endp("e").identity == cargo.identity
    assert server.hang_up() == 0
    assert len(server.log.rest()) == 3


@pytest.mark.parametrize("umask", [0o077, 0o022])
def test_keeps_the_umask_that_master_gave(start: Start, umask: int) -> None:
    server = start(umask=umask)
    assert census.state(server.pid)["Umask"] == f"{umask:04o}"


def test_raises_its_limit_of_descriptors(start: Start) -> None:
    server = start(nofile=(300, 2000))
    assert census.limit_of_open_files(server.pid) == (2000, 2000)


@pytest.mark.parametrize(("number", "few"), [(255, True), (256, False)])
def test_warns_when_there_are_few_descriptors(start: Start, number: int, few: bool) -> None:
    server = start(nofile=(number, number))
    text = f"warning: could allocate space for only {number} open files"
    assert server.log.rest() == ([text] if few else [])


def test_which_signals_it_ignores(server: Server) -> None:
    assert {13, 25} <= census.signals(server.pid, "SigIgn")
    assert 14 in census.signals(server.pid, "SigCgt")
    assert census.signals(server.pid, "SigBlk") & {1, 2, 3, 13, 14, 25} == set()


def test_keeps_the_descriptors_that_master_gave(server: Server) -> None:
    held = server.descriptors()
    assert [held[number] for number in (0, 1)] == ["/dev/null"] * 2
    assert held[2] == str(server.scratch.errors)
    assert held[3].startswith("pipe:")
    assert held[4] == held[3]
    assert all(held[number].startswith("socket:") for number in (5, 6, 7))


@pytest.mark.difference("close-on-exec")
def test_descriptors_are_closed_on_exec(
    server: Server, load: Load, expect: dict[str, Any]
) -> None:
    before = set(server.descriptors())
    client = server.client()
    client.save_endp("e", "p", load())
    server.comes_to_hold(2)
    added = set(server.descriptors()) - before
    assert len(added) == 2
    closed = [census.close_on_exec(server.pid, number) for number in added]
    assert sorted(closed) == ([True, True] if expect["cached"] else [False, True])
    for number in before - {0, 1, 2}:
        assert census.close_on_exec(server.pid, number)
    client.find_endp("e")
