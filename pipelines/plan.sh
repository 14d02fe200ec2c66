#!/usr/bin/env bash
# pipelines/plan.sh <base>: previews the stacks that changed since <base>, with policies, and puts the plan on the pull request.
# Ends with 1 when a preview fails or a policy refuses; the plan is there all the same.
set -euo pipefail

.venv/bin/python -m modeldeploy plan --base "${1:?is the commit to compare with}" --policy-pack policies --output plan.md --comment
