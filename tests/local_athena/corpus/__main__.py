"""Writes the pass rates into the README: python -m tests.local_athena.corpus engage_cli/local/README.md"""

import sys
from pathlib import Path

from tests.local_athena.corpus.rates import rewritten

if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(rewritten(page.read_text(encoding="utf-8")), encoding="utf-8")
