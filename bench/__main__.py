"""`python -m bench`: the rivals checked, speed beside them, growth, validation. It takes about half an hour."""

import subprocess
import sys

from bench.measure import ROOT

for module in ("check_rivals", "compare", "growth", "validate"):
    print(f"\n=== bench.{module}", flush=True)
    code = subprocess.run([sys.executable, "-m", f"bench.{module}"], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)
