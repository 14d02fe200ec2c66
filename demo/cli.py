"""The Pulumi CLI of the demo, the matrix and the diagrams: a home and a state of its own, away from the user's."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def pulumi_environment(folder: Path) -> dict[str, str]:
    """Variables for a CLI that keeps everything in `folder`. Where no CLI is installed, the one that was built is on its PATH."""
    engine = subprocess.run([sys.executable, "-m", "engine", "locate"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    for name in ("pulumi", "state"):
        (folder / name).mkdir(exist_ok=True)
    return {
        "PATH": os.pathsep.join(filter(None, [engine, os.environ["PATH"]])),
        "PULUMI_HOME": str(folder / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "sandbox",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }
