"""The formats that vendors' schemas name, as far as they can be decided from the text alone.

The `AWS::` ones are those of cfn-lint 1.58.0 (`cfnlint/rules/formats`, the same expressions); the rest are the formats of JSON Schema and of
Google's discovery documents. A format that is not here accepts everything.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final


@dataclass(frozen=True)
class Format:
    """What the text has to be, in words and as a function."""

    what: str
    accepts: Callable[[Any], bool]


def _matches(what: str, source: str) -> Format:
    compiled = re.compile(source)
    return Format(what, lambda value: not isinstance(value, str) or compiled.match(value) is not None)


def _network(value: Any, version: int) -> bool:
    try:
        return ipaddress.ip_network(str(value), strict=False).version == version and "/" in str(value)
    except ValueError:
        return False


def _address(value: Any) -> bool:
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        return False
    return True


def _time(value: Any) -> bool:
    try:
        datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _within(low: int, high: int) -> Callable[[Any], bool]:
    def accepts(value: Any) -> bool:
        try:
            return low <= int(value) <= high
        except (TypeError, ValueError):
            return False

    return accepts


_ARN: Final = r"^arn:aws[A-Za-z\-]*:"

FORMATS: Final[Mapping[str, Format]] = {
    "date-time": Format("a date and time (RFC 3339)", _time),
    "google-datetime": Format("a date and time (RFC 3339)", _time),
    "google-duration": _matches("a duration in seconds, such as 3.5s", r"^-?\d+(\.\d{1,9})?s$"),
    "int32": Format("a 32-bit integer", _within(-(2**31), 2**31 - 1)),
    "uint32": Format("a non-negative 32-bit integer", _within(0, 2**32 - 1)),
    "int64": Format("a 64-bit integer", _within(-(2**63), 2**63 - 1)),
    "uint64": Format("a non-negative 64-bit integer", _within(0, 2**64 - 1)),
    "ip-address": Format("an IP address", _address),
    "ipv4-network": Format("an IPv4 network (CIDR)", lambda value: _network(value, 4)),
    "ipv6-network": Format("an IPv6 network (CIDR)", lambda value: _network(value, 6)),
    "AWS::ACM::Certificate.Arn": _matches("an ACM certificate's ARN", _ARN + r"acm:[a-z0-9-]+:\d{12}:certificate/.+$"),
    "AWS::EC2::Image.Id": _matches("an AMI id", r"^ami-([0-9a-z]{8}|[0-9a-z]{17})$"),
    "AWS::EC2::SecurityGroup.Id": _matches("a security group id", r"^sg-([a-fA-F0-9]{8}|[a-fA-F0-9]{17})$"),
    "AWS::EC2::Subnet.Id": _matches("a subnet id", r"^subnet-(([0-9A-Fa-f]{8})|([0-9A-Fa-f]{17}))$"),
    "AWS::EC2::SecurityGroup.Ids": _matches("a security group id", r"^sg-([a-fA-F0-9]{8}|[a-fA-F0-9]{17})$"),
    "AWS::EC2::Subnet.Ids": _matches("a subnet id", r"^subnet-(([0-9A-Fa-f]{8})|([0-9A-Fa-f]{17}))$"),
    "AWS::EC2::VPC.Id": _matches("a VPC id", r"^vpc-(([0-9A-Fa-f]{8})|([0-9A-Fa-f]{17}))$"),
    "AWS::IAM::Role.Arn": _matches("an IAM role's ARN", _ARN + r"iam::\d{12}:role/.+$"),
    "AWS::KMS::Alias.AliasName": _matches("a KMS alias", r"^alias/[a-zA-Z0-9:/_-]+$"),
    "AWS::KMS::Key.Arn": _matches("a KMS key's ARN", _ARN + r"kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$"),
    "AWS::KMS::Key.Id": _matches("a KMS key id", r"^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$"),
    "AWS::Lambda::Function.Arn": _matches("a Lambda function's ARN", _ARN + r"lambda:[a-z0-9-]+:\d{12}:function:.+(:.+)?$"),
    "AWS::Logs::LogGroup.Name": _matches("a log group's name", r"^[\.\-_\/#A-Za-z0-9]{1,512}\Z"),
    "AWS::S3::Bucket.Name": _matches("a bucket name", r"^(?![.\-])(?!.*\.\.)(?!.*\-\.)(?!.*\.\-)[a-z0-9.\-]{3,63}(?<![.\-])$"),
    "AWS::SNS::Topic.Arn": _matches("an SNS topic's ARN", _ARN + r"sns:[a-z0-9-]+:\d{12}:.+$"),
}
