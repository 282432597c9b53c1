# SPDX-License-Identifier: Apache-2.0
"""What live tests stand on: Debian's Postfix unpacked, private instances of it, mail servers."""
