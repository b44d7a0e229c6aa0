"""pytest of one file of tests: AFMON_TEST=NAME runs those whose name has NAME in it, as pytest's -k does."""
import os
import sys

import pytest

SKIPPED = 77  # what Meson takes as such

only = os.environ.get("AFMON_TEST")
status = pytest.main(["-q", "-p", "no:cacheprovider", *(["-k", only] if only else []), *sys.argv[1:]])
sys.exit(SKIPPED if only and status == pytest.ExitCode.NO_TESTS_COLLECTED else status)
