"""The machines that SageMaker real-time endpoints run on, and what they cost.

Prices are on demand, real-time inference, region us-east-1, US dollars per hour, as public cost tables agree on them on 24 November 2026; AWS
publishes them at https://aws.amazon.com/sagemaker/pricing/ (Savings Plans and other regions differ). Sizes: the EC2 type of the same name. A type
whose price is not known here is left out: add its row with price and source.
"""

from modeldeploy.spec.compute import HOURS_PER_MONTH, InstanceType

SERVICE = "SageMaker real-time hosting"

INSTANCES = (
    InstanceType("ml.c5.large", cpus=2, memory_gib=4, hourly_usd=0.102),
    InstanceType("ml.c5.xlarge", cpus=4, memory_gib=8, hourly_usd=0.204),
    InstanceType("ml.c5.2xlarge", cpus=8, memory_gib=16, hourly_usd=0.408),
    InstanceType("ml.c5.4xlarge", cpus=16, memory_gib=32, hourly_usd=0.816),
    InstanceType("ml.m5.large", cpus=2, memory_gib=8, hourly_usd=0.115),
    InstanceType("ml.m5.xlarge", cpus=4, memory_gib=16, hourly_usd=0.23),
    InstanceType("ml.m5.2xlarge", cpus=8, memory_gib=32, hourly_usd=0.461),
    InstanceType("ml.m5.4xlarge", cpus=16, memory_gib=64, hourly_usd=0.922),
    InstanceType("ml.m5.12xlarge", cpus=48, memory_gib=192, hourly_usd=2.765),
    InstanceType("ml.g4dn.xlarge", cpus=4, memory_gib=16, gpus=1, hourly_usd=0.736, local_disk=True),
    InstanceType("ml.g5.xlarge", cpus=4, memory_gib=16, gpus=1, hourly_usd=1.408, local_disk=True),
    InstanceType("ml.g5.2xlarge", cpus=8, memory_gib=32, gpus=1, hourly_usd=1.515, local_disk=True),
)
"""What `compute` chooses from."""

INTERFACE_ENDPOINT_HOURLY_USD = 0.01
"""One VPC interface endpoint in one availability zone, without its traffic: https://aws.amazon.com/privatelink/pricing/, us-east-1."""

KEY_MONTHLY_USD = 1.0
"""One customer-managed key: https://aws.amazon.com/kms/pricing/."""


BALANCER_HOURLY_USD = 0.0225
"""One Application Load Balancer, without its capacity units: https://aws.amazon.com/elasticloadbalancing/pricing/, us-east-1."""

FIREWALL_MONTHLY_USD = 5.0
FIREWALL_RULE_MONTHLY_USD = 1.0
"""One web application firewall and each of its rules, without its requests: https://aws.amazon.com/waf/pricing/."""

FUNCTION_GIB_SECOND_USD = 0.0000166667
WARM_GIB_SECOND_USD = 0.0000041667
"""Memory of a function for a second, while it answers and while it is kept warm (provisioned concurrency), on x86, without its requests:
https://aws.amazon.com/lambda/pricing/, us-east-1."""

STREAM_HOURLY_USD = 0.04
SHARD_HOURLY_USD = 0.015
LONG_SHARD_HOURLY_USD = 0.02
READER_SHARD_HOURLY_USD = 0.015
"""One Kinesis stream on demand; one shard of a provisioned one, what it costs more when it keeps records for more than a day, and a reader of its own
(enhanced fan-out) for it. Without records: https://aws.amazon.com/kinesis/data-streams/pricing/, us-east-1, as public cost tables agree on them
(https://c3x.dev/resources/aws/aws_kinesis_stream)."""

KAFKA_HOURLY_USD = 0.75
PARTITION_HOURLY_USD = 0.0015
"""One cluster of MSK Serverless and one partition, without data: https://aws.amazon.com/msk/pricing/, us-east-1, as public cost estimates quote
it."""


def monthly(hourly_usd: float) -> float:
    """US dollars a month."""
    return hourly_usd * HOURS_PER_MONTH
