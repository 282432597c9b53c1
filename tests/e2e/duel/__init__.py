# SPDX-License-Identifier: Apache-2.0
"""Two servers side by side: random sessions that both must answer alike."""
