"""Compares Saltatory with NEST and writes docs/validation.md.

    python3 validation/run.py [exact] [ensembles] [speed]

Makes its own environment in validation/.venv (once) and installs NEST 3.10 into it from PyPI.
Without arguments it runs all three parts. Needs `cargo build --release` first, or the variable
SALTATORY with the path of a binary.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENT = HERE / ".venv"
PACKAGES = ["nest-simulator==3.10.0", "numpy"]
PARTS = ("exact", "ensembles", "speed")


def enter_environment(file=__file__):
    """Starts a file again with the interpreter of the environment, which it makes first."""
    python = ENVIRONMENT / "bin" / "python"
    if Path(sys.prefix).resolve() == ENVIRONMENT.resolve():
        return
    if not python.is_file():
        venv.create(ENVIRONMENT, with_pip=True)
    wanted = "import numpy, importlib.metadata as m; assert m.version('nest-simulator') == '3.10.0'"
    if subprocess.run([python, "-c", wanted], capture_output=True).returncode != 0:
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    os.execv(python, [str(python), str(Path(file).resolve()), *sys.argv[1:]])


def main():
    unknown = [part for part in sys.argv[1:] if part not in PARTS]
    if unknown:
        raise SystemExit(f"unknown part {unknown[0]!r}; there are {', '.join(PARTS)}")
    enter_environment()
    import json

    import our_side
    import report
    import runner

    binary = our_side.find_binary()
    kept = runner.OUT / "results.json"
    results = json.loads(kept.read_text()) if kept.is_file() else {}
    for part in sys.argv[1:] or PARTS:
        results[part] = __import__(part).run(binary)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(results, indent=1))
    report.write(results)
    sys.exit(1 if report.failures(results) else 0)


if __name__ == "__main__":
    main()
