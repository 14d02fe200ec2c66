#!/usr/bin/env bash
# pipelines/setup.sh: .venv with what the stacks need, and the Pulumi CLI unless there is one.
set -euo pipefail

python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
if ! command -v pulumi >/dev/null; then
    # Pulumi's own installer (https://www.pulumi.com/docs/install/) at a fixed version; an image that has the CLI makes it unnecessary.
    curl --fail --silent --show-error --location https://get.pulumi.com | sh -s -- --version "${PULUMI_VERSION:?is the version to install}"
fi
