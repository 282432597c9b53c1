# SPDX-License-Identifier: Apache-2.0
"""What the black-box suite stands on: servers started as master(8) starts them, and clients."""
