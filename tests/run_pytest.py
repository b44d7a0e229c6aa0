"""pytest of one file of tests: AFMON_TEST=NAME runs those whose name has NAME in it, as pytest's -k does."""
import os
import sys

import pytest

SKIPPED = 77  # what Meson takes as such
HANGS_S = 250  # then each thread's stack is printed, before Meson's time is over


def main():
    only = os.environ.get("AFMON_TEST")
    status = pytest.main(["-q", "-p", "no:cacheprovider", "-o", f"faulthandler_timeout={HANGS_S}",
                          *(["-k", only] if only else []), *sys.argv[1:]])
    return SKIPPED if only and status == pytest.ExitCode.NO_TESTS_COLLECTED else status


if __name__ == "__main__":  # a process that a test spawns imports this file
    sys.exit(main())
