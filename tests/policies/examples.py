"""What typical published programs register, written anew: first steps as tutorials show them, without a thought for production. The pack must
understand them, and say what stands between them and production."""

import json
from typing import Any

Example = list[tuple[str, str, dict[str, Any]]]

OPEN = {"protocol": "tcp", "cidrBlocks": ["0.0.0.0/0"]}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}],
    }
)

EXAMPLES: dict[str, Example] = {
    "aws: a static website in a bucket": [
        ("aws:s3/bucket:Bucket", "site", {}),
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "open", {"bucket": "site", "blockPublicAcls": False}),
        (
            "aws:s3/bucketPolicy:BucketPolicy",
            "read",
            {
                "bucket": "site",
                "policy": json.dumps(
                    {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::site/*"]}],
                    }
                ),
            },
        ),
    ],
    "aws: a web server on a virtual machine": [
        (
            "aws:ec2/securityGroup:SecurityGroup",
            "web",
            {"ingress": [{**OPEN, "fromPort": 22.0, "toPort": 22.0}, {**OPEN, "fromPort": 80.0, "toPort": 80.0}]},
        ),
        ("aws:ec2/instance:Instance", "web", {"instanceType": "t3.micro", "ami": "ami-0", "associatePublicIpAddress": True}),
    ],
    "aws: a container on Fargate behind a load balancer": [
        ("aws:ecs/cluster:Cluster", "cluster", {}),
        ("aws:ec2/securityGroup:SecurityGroup", "web", {"ingress": [{**OPEN, "fromPort": 80.0, "toPort": 80.0}]}),
        ("aws:lb/loadBalancer:LoadBalancer", "balancer", {"subnets": ["subnet-1", "subnet-2"]}),
        (
            "aws:lb/listener:Listener",
            "web",
            {"loadBalancerArn": "arn:x", "port": 80.0, "defaultActions": [{"type": "forward", "targetGroupArn": "arn:y"}]},
        ),
        ("aws:iam/role:Role", "task", {"assumeRolePolicy": TRUST}),
        (
            "aws:ecs/taskDefinition:TaskDefinition",
            "app",
            {
                "family": "app",
                "networkMode": "awsvpc",
                "requiresCompatibilities": ["FARGATE"],
                "containerDefinitions": json.dumps([{"name": "app", "image": "nginx", "portMappings": [{"containerPort": 80}]}]),
            },
        ),
        ("aws:ecs/service:Service", "app", {"desiredCount": 3.0, "networkConfiguration": {"assignPublicIp": True, "subnets": ["subnet-1"]}}),
    ],
    "aws: a function behind an HTTP API": [
        (
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "logs",
            {"role": "r", "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"},
        ),
        ("aws:lambda/function:Function", "score", {"runtime": "python3.12", "handler": "app.handler", "role": "arn:x"}),
        ("aws:apigatewayv2/api:Api", "api", {"protocolType": "HTTP"}),
        ("aws:apigatewayv2/route:Route", "score", {"apiId": "a", "routeKey": "POST /score", "target": "integrations/i"}),
        ("aws:apigatewayv2/stage:Stage", "default", {"apiId": "a", "name": "$default", "autoDeploy": True}),
        ("aws:lambda/permission:Permission", "api", {"action": "lambda:InvokeFunction", "function": "f", "principal": "apigateway.amazonaws.com"}),
    ],
    "aws: a model on a SageMaker endpoint": [
        ("aws:iam/role:Role", "sagemaker", {"assumeRolePolicy": TRUST, "managedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"]}),
        (
            "aws:sagemaker/model:Model",
            "model",
            {
                "executionRoleArn": "arn:x",
                "primaryContainer": {
                    "image": "763104351884.dkr.ecr.us-west-2.amazonaws.com/huggingface:2.1",
                    "environment": {"HF_MODEL_ID": "bert-base"},
                },
            },
        ),
        (
            "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
            "config",
            {"productionVariants": [{"variantName": "v", "modelName": "m", "instanceType": "ml.g5.2xlarge", "initialInstanceCount": 1.0}]},
        ),
        ("aws:sagemaker/endpoint:Endpoint", "endpoint", {"endpointConfigName": "c"}),
    ],
    "azure: a web app with a database": [
        ("azure-native:resources:ResourceGroup", "group", {}),
        (
            "azure-native:sql:Server",
            "server",
            {"resourceGroupName": "g", "administratorLogin": "pulumi", "administratorLoginPassword": "a-password", "version": "12.0"},
        ),
        (
            "azure-native:sql:FirewallRule",
            "azure",
            {"resourceGroupName": "g", "serverName": "s", "startIpAddress": "0.0.0.0", "endIpAddress": "0.0.0.0"},
        ),
        ("azure-native:web:AppServicePlan", "plan", {"resourceGroupName": "g", "sku": {"name": "B1", "tier": "Basic"}}),
        (
            "azure-native:web:WebApp",
            "app",
            {
                "resourceGroupName": "g",
                "siteConfig": {
                    "connectionStrings": [{"name": "db", "type": "SQLAzure", "connectionString": "Server=tcp:s;User ID=pulumi;Password=a-password;"}]
                },
            },
        ),
    ],
    "azure: a container app from a registry": [
        ("azure-native:containerregistry:Registry", "registry", {"resourceGroupName": "g", "sku": {"name": "Basic"}, "adminUserEnabled": True}),
        ("azure-native:operationalinsights:Workspace", "logs", {"resourceGroupName": "g", "retentionInDays": 30.0}),
        ("azure-native:app:ManagedEnvironment", "environment", {"resourceGroupName": "g"}),
        (
            "azure-native:app:ContainerApp",
            "app",
            {
                "resourceGroupName": "g",
                "configuration": {
                    "ingress": {"external": True, "targetPort": 80.0},
                    "secrets": [{"name": "pwd", "value": "a-password"}],
                    "registries": [{"server": "x.azurecr.io", "username": "u", "passwordSecretRef": "pwd"}],
                },
                "template": {"containers": [{"name": "app", "image": "x.azurecr.io/node-app:v1.0.0"}]},
            },
        ),
    ],
    "azure: a Kubernetes cluster": [
        (
            "azure-native:containerservice:ManagedCluster",
            "cluster",
            {
                "resourceGroupName": "g",
                "dnsPrefix": "k",
                "enableRBAC": True,
                "agentPoolProfiles": [{"name": "agentpool", "mode": "System", "count": 3.0, "vmSize": "Standard_DS2_v2"}],
            },
        ),
    ],
    "gcp: a service on Cloud Run": [
        ("gcp:cloudrunv2/service:Service", "hello", {"location": "us-central1", "template": {"containers": [{"image": "gcr.io/cloudrun/hello"}]}}),
        (
            "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
            "everyone",
            {"name": "hello", "location": "us-central1", "role": "roles/run.invoker", "member": "allUsers"},
        ),
    ],
    "gcp: a web server on a virtual machine": [
        (
            "gcp:compute/firewall:Firewall",
            "web",
            {"network": "n", "allows": [{"protocol": "tcp", "ports": ["22", "80"]}], "sourceRanges": ["0.0.0.0/0"]},
        ),
        (
            "gcp:compute/instance:Instance",
            "web",
            {"machineType": "f1-micro", "zone": "us-central1-a", "bootDisk": {}, "networkInterfaces": [{"network": "n", "accessConfigs": [{}]}]},
        ),
    ],
    "gcp: a Kubernetes cluster": [
        ("gcp:container/cluster:Cluster", "cluster", {"initialNodeCount": 3.0, "nodeConfig": {"machineType": "n1-standard-1"}}),
    ],
    "kubernetes: a deployment and its service": [
        (
            "kubernetes:apps/v1:Deployment",
            "nginx",
            {
                "spec": {
                    "selector": {"matchLabels": {"app": "nginx"}},
                    "replicas": 1.0,
                    "template": {"metadata": {"labels": {"app": "nginx"}}, "spec": {"containers": [{"name": "nginx", "image": "nginx"}]}},
                }
            },
        ),
        ("kubernetes:core/v1:Service", "nginx", {"spec": {"type": "LoadBalancer", "ports": [{"port": 80.0}], "selector": {"app": "nginx"}}}),
    ],
}
