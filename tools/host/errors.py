# SPDX-License-Identifier: MIT
"""What the host command says when it can't."""


class Refused(Exception):
    """One clear line: what is wrong, and what to do. Ends the command with status 125."""


class RunFailed(Refused):
    """A run ended without a status: panic, dead QEMU, time limit."""
