"""What a provider was configured with, and the sandbox's own account, subscription and project."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, cast

from sandbox.values import Inputs

AWS_ACCOUNT = "000000000000"
AZURE_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
AZURE_TENANT = "00000000-0000-0000-0000-00000000000a"
AZURE_CLIENT = "00000000-0000-0000-0000-00000000000b"
AZURE_OBJECT = "00000000-0000-0000-0000-00000000000c"
GCP_PROJECT = "sandbox-project"
GCP_PROJECT_NUMBER = "100000000000"

_DEFAULT_REGIONS = {"aws": "us-east-1", "gcp": "us-central1"}


@dataclass(frozen=True)
class ProviderConfig:
    """One configured provider. Settings that arrive as JSON text (the engine flattens objects) are read back into values."""

    package: str
    settings: Inputs = field(default_factory=dict[str, Any])

    @property
    def region(self) -> str | None:
        """AWS and Google Cloud region. The live providers also take it from the user's environment, which is not visible here: hence a default."""
        return self._text("region") or _DEFAULT_REGIONS.get(self.package)

    @property
    def location(self) -> str | None:
        """Azure's default location."""
        return self._text("location")

    @property
    def project(self) -> str:
        """The Google Cloud project."""
        return self._text("project") or GCP_PROJECT

    @property
    def subscription(self) -> str:
        """The Azure subscription."""
        return self._text("subscriptionId") or AZURE_SUBSCRIPTION

    @property
    def tenant(self) -> str:
        """The Azure tenant."""
        return self._text("tenantId") or AZURE_TENANT

    @property
    def namespace(self) -> str:
        """The Kubernetes namespace of objects that name none."""
        return self._text("namespace") or "default"

    @property
    def cluster(self) -> str:
        """Tells one Kubernetes cluster from another by the kubeconfig and context the provider was given."""
        given = json.dumps([self.settings.get("kubeconfig"), self.settings.get("context"), self.settings.get("cluster")])
        return "default" if given == "[null, null, null]" else hashlib.sha256(given.encode()).hexdigest()[:12]

    @property
    def default_tags(self) -> dict[str, Any]:
        """AWS `defaultTags.tags` or Google Cloud `defaultLabels`."""
        tags = self.settings.get("defaultTags") if self.package == "aws" else {"tags": self.settings.get("defaultLabels")}
        found = cast("dict[str, Any]", tags).get("tags") if isinstance(tags, dict) else None
        return cast("dict[str, Any]", found) if isinstance(found, dict) else {}

    @property
    def partition(self) -> str:
        """The AWS partition of the region."""
        region = self.region or ""
        return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"

    def facts(self) -> dict[str, Any]:
        """What templates may refer to."""
        return {
            "account": AWS_ACCOUNT,
            "partition": self.partition,
            "region": self.region,
            "project": self.project,
            "projectNumber": GCP_PROJECT_NUMBER,
            "subscription": self.subscription,
            "tenant": self.tenant,
            "location": self.location or self.region,
            "zone": self._text("zone") or (f"{self.region}-a" if self.region else None),
        }

    def _text(self, key: str) -> str | None:
        value = self.settings.get(key)
        return value if isinstance(value, str) and value else None


def read_settings(values: Inputs) -> Inputs:
    """Provider settings with JSON text turned back into values."""
    return {key: _unfold(value) for key, value in values.items()}


def _unfold(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "[", '"'):
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value
