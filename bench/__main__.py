"""`python -m bench`: the rivals checked, speed beside them, growth. It takes about twenty minutes."""

import subprocess
import sys

from bench.measure import ROOT

for module in ("check_rivals", "compare", "growth"):
    print(f"\n=== bench.{module}", flush=True)
    code = subprocess.run([sys.executable, "-m", f"bench.{module}"], cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)
