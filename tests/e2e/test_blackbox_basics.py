# SPDX-License-Identifier: Apache-2.0
"""Good requests: what is saved is found, in the right order, once, and unchanged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness import wire
from harness.cargo import Cargo
from harness.server import Server

Load = Callable[..., Cargo]

# What smtp(8) sends: names and properties as one sees them in a delivery.
DEST = "smtp\nd1.test:56161\n"
ENDP = "smtp\n127.0.0.2\n56161\n0\n"
DEST_PROPERTIES = (
    "destination=d1.test:56161\nhost_name=mx1.test\nhost_addr=127.0.0.2\n"
    "destination_features=4096\n\n"
)
ENDP_PROPERTIES = (
    "tls_level=0\nreuse_count=0\nendpoint_features=15\nexpire_time=1795300150\n\n"
)


def test_greets_before_the_first_request(server: Server) -> None:
    client = server.connect()
    client.expect(b"protocol\0connection_cache_protocol\0\0")
    assert client.says_nothing(0.1)


def test_misses_have_empty_properties(server: Server) -> None:
    client = server.client()
    assert client.ask(wire.find_endp("nothing")) == b"status\x002\0property\0\0\0"
    assert client.ask(wire.find_dest("nothing")) == b"status\x002\0property\0\0property\0\0\0"


def test_speaks_a_whole_delivery_byte_for_byte(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.send(
        b"request\0find_dest\0label\0smtp\nd1.test:56161\n\0\0",
    )
    client.expect(b"status\x002\0property\0\0property\0\0\0")
    client.send(b"request\0find_endp\0label\0smtp\n127.0.0.2\n56161\n0\n\0\0")
    client.expect(b"status\x002\0property\0\0\0")
    client.send(
        b"request\0save_dest\0ttl\x002\0label\0smtp\nd1.test:56161\n\0property\0destination="
        b"d1.test:56161\nhost_name=mx1.test\nhost_addr=127.0.0.2\ndestination_features=4096\n\n\0"
        b"label\0smtp\n127.0.0.2\n56161\n0\n\0\0"
    )
    client.expect(b"status\x000\0\0")
    client.send(
        b"request\0save_endp\0ttl\x002\0label\0smtp\n127.0.0.2\n56161\n0\n\0property\0tls_level=0\n"
        b"reuse_count=0\nendpoint_features=15\nexpire_time=1795300150\n\n\0\0"
    )
    client.expect(b"dummy\0\0\0")
    client.send(b"\0", [cargo.fd])
    client.expect(b"status\x000\0\0")
    client.send(b"request\0find_dest\0label\0smtp\nd1.test:56161\n\0\0")
    client.expect(
        b"status\x000\0property\0destination=d1.test:56161\nhost_name=mx1.test\n"
        b"host_addr=127.0.0.2\ndestination_features=4096\n\n\0property\0tls_level=0\n"
        b"reuse_count=0\nendpoint_features=15\nexpire_time=1795300150\n\n\0\0"
    )
    assert client.says_nothing(0.05), "the descriptor waits for the client's dummy"
    client.send(b"dummy\0\0\0")
    assert client.descriptor() != cargo.fd
    client.send(b"dummy\0\0\0")
    assert client.says_nothing(0.05), "the second dummy is not answered"


def test_finds_by_endpoint_what_was_saved_under_it(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    assert client.save_endp(ENDP, ENDP_PROPERTIES, cargo) == wire.status(0)
    found = client.find_endp(ENDP)
    assert found.reply == wire.endp_found(ENDP_PROPERTIES)
    assert found.identity == cargo.identity


def test_finds_by_destination_through_a_binding(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    assert client.save_dest(DEST, DEST_PROPERTIES, ENDP) == wire.status(0)
    assert client.find_dest(DEST).reply == wire.FIND_DEST_MISS
    client.save_endp(ENDP, ENDP_PROPERTIES, cargo)
    found = client.find_dest(DEST)
    assert found.reply == wire.dest_found(DEST_PROPERTIES, ENDP_PROPERTIES)
    assert found.identity == cargo.identity


def test_a_connection_can_be_saved_before_its_binding(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.save_endp(ENDP, "ep", cargo)
    client.save_dest(DEST, "dp", ENDP)
    assert client.find_dest(DEST).identity == cargo.identity


def test_another_client_finds_it_after_the_first_has_left(server: Server, load: Load) -> None:
    first, cargo = server.client(), load()
    first.save_endp("a", "p", cargo)
    server.leave(first)
    server.comes_to_hold(1)
    assert server.client().find_endp("a").identity == cargo.identity


def test_the_oldest_connection_goes_out_first_and_each_once(server: Server, load: Load) -> None:
    client, cargos = server.client(), [load() for _ in range(5)]
    for number, cargo in enumerate(cargos):
        client.save_endp("e", f"p{number}", cargo)
    server.comes_to_hold(1 + len(cargos))
    for number, cargo in enumerate(cargos):
        found = client.find_endp("e")
        assert found.reply == wire.endp_found(f"p{number}")
        assert found.identity == cargo.identity
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS
    server.comes_to_hold(1)


def test_one_connection_can_be_saved_more_than_once(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.save_endp("e", "first", cargo)
    found = client.find_endp("e")
    assert found.fd is not None
    for text in ("second", "third"):
        client.send(wire.save_endp("e", text))
        client.expect(wire.DUMMY)
        client.send(b"\0", [found.fd])
        client.expect(wire.status(0))
    assert client.find_endp("e").reply == wire.endp_found("second")
    assert client.find_endp("e").reply == wire.endp_found("third")
    assert client.find_endp("e").reply == wire.FIND_ENDP_MISS


def test_the_server_keeps_no_copy_of_what_it_gave(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    client.save_endp("e", "p", cargo)
    found = client.find_endp("e")
    assert found.fd is not None
    server.comes_to_hold(1)
    client.close()
    cargo.closed_by()


def test_bindings_are_asked_in_the_order_they_were_saved(server: Server, load: Load) -> None:
    client = server.client()
    client.save_dest("D", "dp", "E")
    client.save_dest("D", "dp2", "E2")
    client.save_dest("D", "dp3", "E")
    client.save_endp("E2", "e2", load())
    client.save_endp("E", "e1", load())
    assert client.find_dest("D").reply == wire.dest_found("dp", "e1")
    assert client.find_dest("D").reply == wire.dest_found("dp2", "e2")
    assert client.find_dest("D").reply == wire.FIND_DEST_MISS


def test_a_renewed_binding_keeps_its_place(server: Server, load: Load) -> None:
    client = server.client()
    for endpoint in ("E1", "E2", "E1"):
        client.save_dest("D", "same", endpoint)
    client.save_endp("E2", "e2", load())
    client.save_endp("E1", "e1", load())
    assert client.find_dest("D").reply == wire.dest_found("same", "e1")
    assert client.find_dest("D").reply == wire.dest_found("same", "e2")


def test_destinations_share_an_endpoint(server: Server, load: Load) -> None:
    client = server.client()
    for name in ("D1", "D2", "D3"):
        client.save_dest(name, f"to {name}", "E")
    for text in ("a", "b"):
        client.save_endp("E", text, load())
    assert client.find_dest("D3").reply == wire.dest_found("to D3", "a")
    assert client.find_dest("D1").reply == wire.dest_found("to D1", "b")
    assert client.find_dest("D2").reply == wire.FIND_DEST_MISS


def test_destinations_and_endpoints_of_one_name_are_apart(server: Server, load: Load) -> None:
    client = server.client()
    client.save_endp("same", "ep", load())
    assert client.find_dest("same").reply == wire.FIND_DEST_MISS
    client.save_dest("same", "dp", "same")
    assert client.find_dest("same").reply == wire.dest_found("dp", "ep")
    assert client.find_endp("same").reply == wire.FIND_ENDP_MISS


def test_names_are_compared_byte_by_byte(server: Server, load: Load) -> None:
    client = server.client()
    client.save_endp("Name", "p", load())
    for other in ("name", "Name ", " Name", "Nam", "Name\n"):
        assert client.find_endp(other).reply == wire.FIND_ENDP_MISS
    assert client.find_endp("Name").reply == wire.endp_found("p")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" ", id="blank"),
        pytest.param(b"\n", id="newline"),
        pytest.param(b"request", id="a word of the protocol"),
        pytest.param(bytes(range(1, 256)), id="every byte but NUL"),
        pytest.param("Grüße".encode(), id="UTF-8"),
        pytest.param(b"%s%n%1$*", id="format characters"),
    ],
)
def test_names_and_properties_are_any_bytes(server: Server, load: Load, text: bytes) -> None:
    client = server.client()
    assert client.save_dest(text, text, text) == wire.status(0)
    assert client.save_endp(text, text, load()) == wire.status(0)
    assert client.save_endp(text, text, load()) == wire.status(0)
    assert client.find_dest(text).reply == wire.dest_found(text, text)
    assert client.find_endp(text).reply == wire.endp_found(text)
    assert client.find_endp(text).reply == wire.FIND_ENDP_MISS


def test_the_long_properties_of_tls_come_back_whole(server: Server, load: Load) -> None:
    client = server.client()
    fingerprint = ":".join(f"{number:02X}" for number in range(32))
    properties = (
        "tls_level=2\nreuse_count=0\nendpoint_features=4194319\nexpire_time=1795300301\n\n"
        f"peer_CN=sink.test\npeer_fingerprint={fingerprint}\npeer_pubkey_fingerprint={fingerprint}"
        "\nlevel=2\npeer_status=1\ncipher_protocol=TLSv1.3\nnamaddr=mx1.test[127.0.0.2]:50913\n\n"
    ) * 3
    client.save_dest(DEST, DEST_PROPERTIES, ENDP)
    client.save_endp(ENDP, properties, load())
    assert client.find_dest(DEST).reply == wire.dest_found(DEST_PROPERTIES, properties)


def test_a_request_may_come_byte_by_byte(server: Server, load: Load) -> None:
    client, cargo = server.client(), load()
    for byte in wire.save_endp("e", "p"):
        client.send(bytes([byte]))
    client.expect(wire.DUMMY)
    client.send(b"\0", [cargo.fd])
    client.expect(wire.status(0))
    for byte in wire.find_endp("e"):
        client.send(bytes([byte]))
    client.expect(wire.endp_found("p"))
    for byte in wire.DUMMY:
        client.send(bytes([byte]))
    client.descriptor()
    for byte in wire.DUMMY:
        client.send(bytes([byte]))
    assert client.ask(wire.find_endp("e")) == wire.FIND_ENDP_MISS


def test_many_connections_under_many_names(server: Server, load: Load) -> None:
    client, count = server.client(), 200
    cargos = [load() for _ in range(count)]
    for number, cargo in enumerate(cargos):
        client.save_dest(f"d{number}", f"dp{number}", f"e{number % 50}")
        client.save_endp(f"e{number % 50}", f"ep{number}", cargo)
    server.comes_to_hold(1 + count)
    for number, cargo in enumerate(cargos):
        found = client.find_dest(f"d{number}")
        assert found.reply == wire.dest_found(f"dp{number}", f"ep{number}")
        assert found.identity == cargo.identity
    server.comes_to_hold(1)


def test_many_clients_at_once_are_all_served(server: Server) -> None:
    clients = [server.connect() for _ in range(300)]
    for client in clients:
        client.expect(wire.GREETING)
    for client in clients:
        client.send(wire.find_endp("nothing"))
    for client in clients:
        client.expect(wire.FIND_ENDP_MISS)
    server.comes_to_hold(len(clients))
