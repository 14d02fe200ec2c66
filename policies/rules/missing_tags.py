"""Resources nobody can tell the owner, environment or origin of."""

from collections.abc import Iterator

from pulumi_policy import Severity

from policies.pods import POD_TYPES
from policies.rule import Family, Reference, Resource, Rule, Values, aws_config, azure_policy, checkov
from policies.view import short

FAMILY = Family(
    "missing-tags",
    "Missing tags",
    "Tags say whom to ask, what it is for and what it costs; the rules for production go by the tag 'environment'.",
)

AWS_TYPES = (
    "aws:acm/certificate:Certificate",
    "aws:apigateway/apiKey:ApiKey",
    "aws:apigateway/domainName:DomainName",
    "aws:apigateway/restApi:RestApi",
    "aws:apigateway/stage:Stage",
    "aws:apigateway/usagePlan:UsagePlan",
    "aws:apigatewayv2/api:Api",
    "aws:apigatewayv2/domainName:DomainName",
    "aws:apigatewayv2/stage:Stage",
    "aws:appautoscaling/target:Target",
    "aws:batch/computeEnvironment:ComputeEnvironment",
    "aws:batch/jobDefinition:JobDefinition",
    "aws:batch/jobQueue:JobQueue",
    "aws:batch/schedulingPolicy:SchedulingPolicy",
    "aws:budgets/budget:Budget",
    "aws:cloudfront/distribution:Distribution",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:codedeploy/application:Application",
    "aws:dynamodb/table:Table",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/instance:Instance",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ecr/repository:Repository",
    "aws:ecs/cluster:Cluster",
    "aws:ecs/service:Service",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:efs/fileSystem:FileSystem",
    "aws:eks/addon:Addon",
    "aws:eks/cluster:Cluster",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:eks/podIdentityAssociation:PodIdentityAssociation",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    "aws:kinesis/stream:Stream",
    "aws:kms/key:Key",
    "aws:lambda/eventSourceMapping:EventSourceMapping",
    "aws:lambda/function:Function",
    "aws:lb/listener:Listener",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:msk/cluster:Cluster",
    "aws:msk/serverlessCluster:ServerlessCluster",
    "aws:pipes/pipe:Pipe",
    "aws:rds/cluster:Cluster",
    "aws:rds/clusterInstance:ClusterInstance",
    "aws:rds/instance:Instance",
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:s3/bucket:Bucket",
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
    "aws:sagemaker/domain:Domain",
    "aws:sagemaker/endpoint:Endpoint",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws:sagemaker/featureGroup:FeatureGroup",
    "aws:sagemaker/model:Model",
    "aws:sagemaker/modelCard:ModelCard",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule",
    "aws:sagemaker/notebookInstance:NotebookInstance",
    "aws:sagemaker/pipeline:Pipeline",
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "aws:secretsmanager/secret:Secret",
    "aws:sfn/stateMachine:StateMachine",
    "aws:sns/topic:Topic",
    "aws:sqs/queue:Queue",
    "aws:ssm/parameter:Parameter",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:wafv2/webAcl:WebAcl",
)
AZURE_TYPES = (
    "azure-native:apimanagement:ApiManagementService",
    "azure-native:app:ContainerApp",
    "azure-native:app:Job",
    "azure-native:app:ManagedEnvironment",
    "azure-native:applicationinsights:Component",
    "azure-native:batch:BatchAccount",
    "azure-native:batch:Pool",
    "azure-native:cdn:Profile",
    "azure-native:cognitiveservices:Account",
    "azure-native:containerinstance:ContainerGroup",
    "azure-native:containerregistry:Registry",
    "azure-native:containerservice:AgentPool",
    "azure-native:containerservice:ManagedCluster",
    "azure-native:cosmosdb:DatabaseAccount",
    "azure-native:dbforpostgresql:Server",
    "azure-native:eventhub:Namespace",
    "azure-native:frontdoor:FrontDoor",
    "azure-native:frontdoor:Policy",
    "azure-native:healthcareapis:FhirService",
    "azure-native:healthcareapis:Workspace",
    "azure-native:keyvault:Key",
    "azure-native:keyvault:Vault",
    "azure-native:machinelearningservices:BatchDeployment",
    "azure-native:machinelearningservices:BatchEndpoint",
    "azure-native:machinelearningservices:Compute",
    "azure-native:machinelearningservices:OnlineDeployment",
    "azure-native:machinelearningservices:OnlineEndpoint",
    "azure-native:machinelearningservices:Registry",
    "azure-native:machinelearningservices:Workspace",
    "azure-native:managedidentity:UserAssignedIdentity",
    "azure-native:monitor:ActionGroup",
    "azure-native:monitor:AutoscaleSetting",
    "azure-native:monitor:MetricAlert",
    "azure-native:monitor:ScheduledQueryRule",
    "azure-native:network:ApplicationGateway",
    "azure-native:network:FlowLog",
    "azure-native:network:NetworkSecurityGroup",
    "azure-native:network:PrivateEndpoint",
    "azure-native:network:VirtualNetwork",
    "azure-native:network:WebApplicationFirewallPolicy",
    "azure-native:operationalinsights:Workspace",
    "azure-native:portal:Dashboard",
    "azure-native:privatedns:PrivateZone",
    "azure-native:redis:Redis",
    "azure-native:resources:ResourceGroup",
    "azure-native:servicebus:Namespace",
    "azure-native:sql:Database",
    "azure-native:sql:ElasticPool",
    "azure-native:sql:Server",
    "azure-native:storage:StorageAccount",
    "azure-native:web:AppServicePlan",
    "azure-native:web:WebApp",
)
GOOGLE_TYPES = (
    "gcp:alloydb/cluster:Cluster",
    "gcp:artifactregistry/repository:Repository",
    "gcp:bigquery/dataset:Dataset",
    "gcp:bigquery/table:Table",
    "gcp:cloudfunctionsv2/function:Function",
    "gcp:cloudrunv2/job:Job",
    "gcp:cloudrunv2/service:Service",
    "gcp:cloudrunv2/workerPool:WorkerPool",
    "gcp:compute/address:Address",
    "gcp:compute/disk:Disk",
    "gcp:compute/forwardingRule:ForwardingRule",
    "gcp:compute/globalForwardingRule:GlobalForwardingRule",
    "gcp:compute/instance:Instance",
    "gcp:container/cluster:Cluster",
    "gcp:dns/managedZone:ManagedZone",
    "gcp:healthcare/fhirStore:FhirStore",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:managedkafka/cluster:Cluster",
    "gcp:pubsub/subscription:Subscription",
    "gcp:pubsub/topic:Topic",
    "gcp:redis/instance:Instance",
    "gcp:secretmanager/secret:Secret",
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:storage/bucket:Bucket",
    "gcp:vertex/aiDataset:AiDataset",
    "gcp:vertex/aiEndpoint:AiEndpoint",
    "gcp:vertex/aiFeatureOnlineStore:AiFeatureOnlineStore",
    "gcp:vertex/aiIndexEndpoint:AiIndexEndpoint",
    "gcp:workbench/instance:Instance",
    "gcp:workflows/workflow:Workflow",
    "modeldeploy:index:VertexModel",
)
KUBERNETES_TYPES = (
    *POD_TYPES,
    "kubernetes:autoscaling/v1:HorizontalPodAutoscaler",
    "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:core/v1:Namespace",
    "kubernetes:core/v1:PersistentVolumeClaim",
    "kubernetes:core/v1:Secret",
    "kubernetes:core/v1:Service",
    "kubernetes:core/v1:ServiceAccount",
    "kubernetes:networking.k8s.io/v1:Ingress",
    "kubernetes:networking.k8s.io/v1:NetworkPolicy",
    "kubernetes:policy/v1:PodDisruptionBudget",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding",
    "kubernetes:rbac.authorization.k8s.io/v1:Role",
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
)


RECOMMENDED = "app.kubernetes.io/"
"""Begins the labels that Kubernetes itself recommends, `managed-by` among them:
https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/"""


def _tagged(resource: Resource) -> Iterator[str]:
    given = resource.tags()
    missing = [tag for tag in resource.settings.required_tags if not {tag.lower(), f"{RECOMMENDED}{tag.lower()}"} & given.keys()]
    if missing:
        yield f"{resource.labels_path} lack {', '.join(short(tag) for tag in missing)}"


def _default_tags(resource: Resource) -> Values:
    given = resource.tags()
    parents = tuple(resource.labels_path.split("."))
    return {(*parents, key): value for key, value in resource.settings.default_tags.items() if key.lower() not in given}


def _tags(vendor: str, what: str, types: tuple[str, ...], fix: str, references: tuple[Reference, ...] = ()) -> Rule:
    return Rule(
        id=f"{vendor}-any-{what}",
        family=FAMILY,
        severity=Severity.LOW,
        types=types,
        check=_tagged,
        sets=_default_tags,
        fix=fix,
        references=references,
    )


RULES = (
    _tags("aws", "resource-tags", AWS_TYPES, "Add them, best once for all resources with defaultTags of the provider.", aws_config("REQUIRED_TAGS")),
    _tags("azure", "resource-tags", AZURE_TYPES, "Add them.", azure_policy("871b6d14-10aa-478d-b590-94f262ecfa99", "Require a tag on resources")),
    _tags("gcp", "resource-labels", GOOGLE_TYPES, "Add them, best once for all resources with defaultLabels of the provider.", checkov("CKV_GCP_21")),
    _tags("kubernetes", "object-labels", KUBERNETES_TYPES, "Add them to metadata.labels."),
)
