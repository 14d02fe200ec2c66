"""JSON of IAM policies, the same text for the same statements."""

import json
from collections.abc import Mapping
from typing import Any

Statement = dict[str, Any]


def document(*statements: Statement) -> str:
    """A policy with these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str, account: str | None = None) -> str:
    """Lets an AWS service assume a role, for resources of this account only
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).

    Without `account` for services that do not say whose resource they act for: only who may pass the role decides.
    """
    only = {"Condition": {"StringEquals": {"aws:SourceAccount": account}}} if account else {}
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", **only})


def session_trust(service: str, account: str, session: Mapping[str, str] | None = None) -> str:
    """Lets a service that tags its sessions, such as EKS, assume a role for this account; only for sessions with the tags in `session`."""
    tags = {f"aws:RequestTag/{name}": value for name, value in (session or {}).items()}
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {"StringEquals": {"aws:SourceAccount": account, **tags}},
        }
    )


def deny_plain_text(action: str, *resources: str) -> Statement:
    """Refuses requests without TLS."""
    return {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
