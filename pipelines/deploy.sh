#!/usr/bin/env bash
# pipelines/deploy.sh <environment>: deploys the stacks of an environment (dev, prod) that differ from what was last deployed to them, with policies.
# A stack that fails does not keep the others from being deployed; the script ends with 1 then, and the next run tries it again.
set -euo pipefail

stacks=$(.venv/bin/python -m modeldeploy changed --deployed --environment "${1:?is the environment}")
failed=()
for stack in $stacks; do
    echo "--- $stack"
    pulumi --non-interactive up --yes --policy-pack policies --stack "$stack" || failed+=("$stack")
done
if [ ${#failed[@]} -gt 0 ]; then
    echo "Not deployed: ${failed[*]}" >&2
    exit 1
fi
