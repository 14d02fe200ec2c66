"""What a role may do in folders of S3."""

from .policy_documents import Statement


def artifact_statements(objects: list[str], key: str) -> list[Statement]:
    """Reading model artifacts, listing what is under their addresses, and using the key for that and for what is written."""
    places = [each.rpartition(":")[2].partition("/") for each in objects]
    listed: list[Statement] = [
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": each.partition("/")[0],
            "Condition": {"StringLike": {"s3:prefix": [prefix if prefix.endswith("*") else f"{prefix}*"]}},
        }
        for each, (_, _, prefix) in zip(objects, places, strict=True)
    ]
    return [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects},
        *listed,
        {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], "Resource": key},
    ]


def read_statements(folder: str, partition: str) -> list[Statement]:
    """Reading what is under `folder` (`s3://bucket/prefix/`)."""
    bucket, _, prefix = folder.removeprefix("s3://").partition("/")
    arn = f"arn:{partition}:s3:::{bucket}"
    within = {"Condition": {"StringLike": {"s3:prefix": [f"{prefix}*"]}}} if prefix else {}
    return [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"{arn}/{prefix}*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn, **within},
    ]


def write_statements(bucket_arn: str) -> list[Statement]:
    """Writing to a bucket, in parts if need be, and seeing what is there already."""
    return [
        {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject", "s3:AbortMultipartUpload"], "Resource": f"{bucket_arn}/*"},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket_arn},
    ]
