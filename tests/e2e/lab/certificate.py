# SPDX-License-Identifier: Apache-2.0
"""A certificate for a mail server that nobody has to trust."""

from __future__ import annotations

import pathlib
import ssl
import subprocess
import tempfile


def server_context() -> ssl.SSLContext:
    """TLS for a server, with a key made for this one time."""
    with tempfile.TemporaryDirectory(prefix="scache-certificate-") as name:
        folder = pathlib.Path(name)
        key, certificate = folder / "key.pem", folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
            + ["-subj", "/CN=sink.test", "-keyout", str(key), "-out", str(certificate)],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context
