# SPDX-License-Identifier: Apache-2.0
"""A client of scache, a cache of idle connections that many processes share.

    with scache.Client() as cache:
        found = cache.find(endpoint="echo 192.0.2.1 7")
        ...
        cache.save(sock, "echo 192.0.2.1 7", ttl=30)

Times are seconds. Names and properties are bytes; text is encoded as UTF-8.
docs/what-not-to-cache.md describes which connections must not be cached.
"""

from scache.client import Client, default_path
from scache.connection import Binding, Connection, Dropped, Saved
from scache.entries import CachedBinding, CachedConnection, Entry, What
from scache.errors import (
    Code,
    Error,
    ProtocolError,
    Refused,
    ServerMissing,
    SystemFailure,
    Timeout,
    Unsupported,
)

__all__ = [
    "Binding",
    "CachedBinding",
    "CachedConnection",
    "Client",
    "Code",
    "Connection",
    "Dropped",
    "Entry",
    "Error",
    "ProtocolError",
    "Refused",
    "Saved",
    "ServerMissing",
    "SystemFailure",
    "Timeout",
    "Unsupported",
    "What",
    "default_path",
]
