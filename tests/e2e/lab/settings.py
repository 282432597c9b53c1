# SPDX-License-Identifier: Apache-2.0
"""The two configuration files of a private instance, as text."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping

from lab import debian

# Accounts that every Debian has; a private instance creates none.
OWNER = "proxy"
GROUP = "operator"

# Name, type, private, unprivileged, chroot, wake-up, process limit, command. Mail comes in on a
# socket in the queue directory, so that an instance listens on no port at all. The clients are
# chrooted: they look names up in a hosts file of the instance's own.
_SERVICES = """
inject     unix        n  -  n  -    -  smtpd
cleanup    unix        n  -  n  -    0  cleanup
qmgr       unix        n  -  n  300  1  qmgr
tlsmgr     unix        -  -  n  1000 1  tlsmgr
rewrite    unix        -  -  n  -    -  trivial-rewrite
bounce     unix        -  -  n  -    0  bounce
defer      unix        -  -  n  -    0  bounce
trace      unix        -  -  n  -    0  bounce
verify     unix        -  -  n  -    1  verify
flush      unix        n  -  n  1000 0  flush
smtp       unix        -  -  y  -    -  smtp
lmtp       unix        -  -  y  -    -  lmtp
error      unix        -  -  n  -    -  error
retry      unix        -  -  n  -    -  error
discard    unix        -  -  n  -    -  discard
anvil      unix        -  -  n  -    1  anvil
scache     unix        -  -  y  -    1  scache
tlsproxy   unix        -  -  n  -    0  tlsproxy
postlog    unix-dgram  n  -  n  -    1  postlogd
"""


@dataclasses.dataclass(frozen=True)
class Places:
    """The instance's scratch directory, and the tree that its programs come from."""

    base: pathlib.Path
    tree: pathlib.Path


def master_cf() -> str:
    """The services, before an instance changes the line of the server under test."""
    return _SERVICES.lstrip()


def main_cf(
    places: Places,
    transports: Mapping[str, str],
    changes: Mapping[str, str],
    environment: Mapping[str, str],
) -> str:
    """Everything inside `places.base`; mail for each domain goes where `transports` says."""
    base, tree = places.base, places.tree
    # Every Postfix program drops what this list does not name.
    imports = ["MAIL_CONFIG", "MAIL_DEBUG", "MAIL_LOGTAG", "LANG=C", "POSTLOG_SERVICE"]
    imports += ["POSTLOG_HOSTNAME", f"LD_LIBRARY_PATH={debian.libraries(tree)}"]
    imports += [f"{name}={value}" for name, value in environment.items()]
    values = {
        "compatibility_level": "3.6",
        "queue_directory": f"{base}/queue",
        "data_directory": f"{base}/data",
        "daemon_directory": str(debian.daemons(tree)),
        "command_directory": str(debian.commands(tree)),
        "meta_directory": f"{tree}/etc/postfix",
        "shlib_directory": str(debian.libraries(tree)),
        "sendmail_path": f"{tree}/usr/sbin/sendmail",
        "mailq_path": f"{tree}/usr/bin/mailq",
        "newaliases_path": f"{tree}/usr/bin/newaliases",
        "mail_owner": OWNER,
        "setgid_group": GROUP,
        "default_privs": "nobody",
        "import_environment": " ".join(imports),
        "syslog_name": "e2e",
        "maillog_file": f"{base}/maillog",
        "maillog_file_prefixes": str(base),
        "myhostname": "e2e.test",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "inet_interfaces": "loopback-only",
        "inet_protocols": "ipv4",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "relay_domains": " ".join(transports),
        "transport_maps": f"texthash:{base}/etc/transport",
        "smtp_dns_support_level": "disabled",
        "smtp_host_lookup": "native",
        "smtpd_client_connection_count_limit": "0",
        "in_flow_delay": "0",
        "notify_classes": "",
        # Mail that has to wait is tried again soon: tests await it.
        "queue_run_delay": "1s",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "2s",
        "transport_retry_time": "1s",
        **changes,
    }
    return "".join(f"{name} = {value}\n" for name, value in values.items())
