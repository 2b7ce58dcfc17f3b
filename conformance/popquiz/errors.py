# SPDX-License-Identifier: Apache-2.0
"""Errors that a person can do something about, and the exit statuses that they lead to."""

from enum import IntEnum


class Exit(IntEnum):
    """What a command ends with; scripts depend on these numbers."""

    PASSED = 0  # the gate is passed
    FAILED = 1  # the target does not conform
    USAGE = 2  # an option, a file or the installation is wrong
    TARGET = 3  # the target cannot be reached or used, or died before it could be judged
    SUITE = 4  # the suite or a case file is at fault, or the results cannot be written
    STALE = 5  # only the baseline is out of date
    INTERRUPTED = 130


class PopquizError(Exception):
    """One line that says what is wrong, where, and what to do."""

    status = Exit.SUITE


class UsageError(PopquizError):
    """What the person asked for cannot be done like this."""

    status = Exit.USAGE


class TargetError(PopquizError):
    """The target does not serve."""

    status = Exit.TARGET


class SuiteError(PopquizError):
    """A case file, the catalogue or one of our own programs is at fault."""

    status = Exit.SUITE
