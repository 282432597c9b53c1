# SPDX-License-Identifier: Apache-2.0
"""A private Postfix in which the scache under test serves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness import program
from lab.instance import Postfix


def postfix(
    transports: Mapping[str, str],
    *parameters: Mapping[str, str],
    chroot: bool = False,
    options: Iterable[str] = (),
    hosts: Mapping[str, Iterable[str]] | None = None,
) -> Postfix:
    """The instance; later parameters win over earlier ones."""
    subject = program.under_test()
    return Postfix(
        transports,
        server=None if subject.kind == program.STOCK else subject.path,
        chroot=chroot,
        options=options,
        parameters={name: value for group in parameters for name, value in group.items()},
        hosts=hosts,
        environment={} if subject.kind == program.STOCK else subject.environment,
    )
