# SPDX-License-Identifier: Apache-2.0
"""Clients of every kind, for as long as one likes."""
