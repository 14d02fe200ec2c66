# shellcheck shell=bash
# `. pipelines/keyless.sh`: logs in to the clouds with tokens that the CI system signs for this job. No key is stored anywhere.
#
#   AWS            AWS_OIDC_TOKEN     AWS_ROLE_ARN
#   Azure          AZURE_OIDC_TOKEN   ARM_CLIENT_ID, ARM_TENANT_ID, ARM_SUBSCRIPTION_ID
#   Google Cloud   GOOGLE_OIDC_TOKEN  GOOGLE_WORKLOAD_IDENTITY_PROVIDER (projects/<number>/locations/global/workloadIdentityPools/<pool>/providers/<name>),
#                                     GOOGLE_SERVICE_ACCOUNT
#
# A cloud whose role, client or provider is not set is left out. Tokens lie in files that are gone when the shell ends.
set -euo pipefail

# The installer of the CLI puts it there.
export PATH="$HOME/.pulumi/bin:$PATH"

modeldeploy_tokens=$(mktemp -d)
trap 'rm -rf "$modeldeploy_tokens"' EXIT

if [ -n "${AWS_ROLE_ARN:-}" ]; then
    printf '%s' "${AWS_OIDC_TOKEN:?is needed to take role $AWS_ROLE_ARN}" >"$modeldeploy_tokens/aws"
    export AWS_ROLE_ARN AWS_WEB_IDENTITY_TOKEN_FILE="$modeldeploy_tokens/aws" AWS_ROLE_SESSION_NAME=modeldeploy
fi

if [ -n "${ARM_CLIENT_ID:-}" ]; then
    printf '%s' "${AZURE_OIDC_TOKEN:?is needed to log in as $ARM_CLIENT_ID}" >"$modeldeploy_tokens/azure"
    export ARM_CLIENT_ID ARM_TENANT_ID="${ARM_TENANT_ID:?}" ARM_SUBSCRIPTION_ID="${ARM_SUBSCRIPTION_ID:?}"
    export ARM_USE_OIDC=true ARM_OIDC_TOKEN="$AZURE_OIDC_TOKEN"
    # For a state in Blob Storage and secrets in Key Vault, which have another client.
    export AZURE_CLIENT_ID="$ARM_CLIENT_ID" AZURE_TENANT_ID="$ARM_TENANT_ID" AZURE_FEDERATED_TOKEN_FILE="$modeldeploy_tokens/azure"
fi

if [ -n "${GOOGLE_WORKLOAD_IDENTITY_PROVIDER:-}" ]; then
    printf '%s' "${GOOGLE_OIDC_TOKEN:?is needed for $GOOGLE_WORKLOAD_IDENTITY_PROVIDER}" >"$modeldeploy_tokens/google"
    cat >"$modeldeploy_tokens/google.json" <<CREDENTIALS
{
  "type": "external_account",
  "audience": "//iam.googleapis.com/$GOOGLE_WORKLOAD_IDENTITY_PROVIDER",
  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
  "token_url": "https://sts.googleapis.com/v1/token",
  "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${GOOGLE_SERVICE_ACCOUNT:?}:generateAccessToken",
  "credential_source": {"file": "$modeldeploy_tokens/google"}
}
CREDENTIALS
    export GOOGLE_APPLICATION_CREDENTIALS="$modeldeploy_tokens/google.json"
fi
