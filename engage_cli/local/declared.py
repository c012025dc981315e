"""Levels of what MiniStack itself answers and the platform uses; ours are declared in our modules."""

from collections.abc import Mapping

from engage_cli.local.levels import Declarations, real, recorded, refused

OPERATIONS: Mapping[str, Declarations] = {
    "bedrock": real("GetFoundationModel", note="answers from MiniStack's list of models"),
    "cloudformation": real(
        "CreateStack",
        "DeleteStack",
        "DescribeStackEvents",
        "DescribeStacks",
        "ListStackResources",
        "UpdateStack",
    ),
    "cloudwatch": real("DescribeAlarms", "ListDashboards", "ListMetrics"),
    "codebuild": recorded(
        "BatchGetBuilds",
        "StartBuild",
        why="a build ends without building anything; locally `engage deploy` packs the images itself",
    ),
    "dynamodb": real("BatchGetItem", "BatchWriteItem", "GetItem", "PutItem"),
    "ecr": real("DescribeImages", "DescribeRepositories", note="images are folders in the state directory")
    | recorded(
        "BatchCheckLayerAvailability",
        "BatchGetImage",
        "CompleteLayerUpload",
        "GetAuthorizationToken",
        "GetDownloadUrlForLayer",
        "InitiateLayerUpload",
        "PutImage",
        "UploadLayerPart",
        why="layers are kept, but a task runs from the folder of its image",
    ),
    "events": real("DescribeRule", "PutRule", "PutTargets"),
    "glue": real(
        "BatchCreatePartition",
        "BatchGetPartition",
        "BatchUpdatePartition",
        "CreateDatabase",
        "CreatePartition",
        "CreateTable",
        "DeleteTable",
        "GetDatabase",
        "GetPartition",
        "GetPartitions",
        "GetTable",
        "GetTables",
        "UpdateTable",
    ),
    "lambda": real("GetFunctionConfiguration", "Invoke"),
    "logs": real(
        "CreateLogGroup",
        "CreateLogStream",
        "DeleteLogGroup",
        "DescribeLogGroups",
        "FilterLogEvents",
        "PutLogEvents",
    )
    | recorded(
        "DescribeResourcePolicies", "PutResourcePolicy", why="nothing asks the policies of log groups"
    ),
    "s3": real(
        "AbortMultipartUpload",
        "DeleteObject",
        "DeleteObjects",
        "GetBucketLocation",
        "GetObject",
        "HeadObject",
        "ListBuckets",
        "ListObjectsV2",
        "ListParts",
        "PutObject",
    ),
    "scheduler": real("GetSchedule"),
    "secretsmanager": real("GetSecretValue"),
    "service-quotas": refused(
        "GetServiceQuota", why="a laptop has no quotas; `engage doctor` asks AWS alone"
    ),
    "stepfunctions": real(
        "DescribeExecution",
        "DescribeMapRun",
        "DescribeStateMachineForExecution",
        "GetExecutionHistory",
        "ListExecutions",
        "ListMapRuns",
        "StartExecution",
        "RedriveExecution",
        "StopExecution",
    ),
    "sts": real("GetCallerIdentity"),
}

TYPES: Declarations = {
    **real(
        "AWS::ApiGateway::ApiKey",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::GatewayResponse",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::Model",
        "AWS::ApiGateway::RequestValidator",
        "AWS::ApiGateway::Resource",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::UsagePlan",
        "AWS::ApiGateway::UsagePlanKey",
        "AWS::Athena::WorkGroup",
        "AWS::DynamoDB::Table",
        "AWS::ECS::Cluster",
        "AWS::ECS::TaskDefinition",
        "AWS::Glue::Crawler",
        "AWS::Glue::Database",
        "AWS::Glue::Table",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::Lambda::Permission",
        "AWS::SecretsManager::Secret",
    ),
    **real(
        "AWS::Lambda::Function",
        note="memory and time-out are enforced; it runs on this machine's processor, without an X-Ray daemon",
    ),
    **real("AWS::ApiGateway::Stage", note="throttling, metrics and tracing; its logging is recorded only"),
    **real(
        "AWS::CloudWatch::Alarm",
        note="one metric against a threshold; metric math is refused; of actions only SNS is taken",
    ),
    **real("AWS::S3::BucketPolicy", note="binds every caller but the account's root"),
    **real("AWS::ECR::Repository", note="its lifecycle policy and scanning are recorded only"),
    **real("AWS::Logs::LogGroup", note="retention is recorded only: events stay until `engage local reset`"),
    **real("AWS::S3::Bucket", note="lifecycle and encryption are recorded only; objects are plain files"),
    **real(
        "AWS::Scheduler::Schedule",
        note="at most ten seconds late; retries and dead-letter queues are recorded only",
    ),
    **real("AWS::StepFunctions::StateMachine", note="its logging is recorded only"),
    **recorded("AWS::CloudWatch::Dashboard", why="there is no console to show it in"),
    **recorded(
        "AWS::CodeBuild::Project", why="nothing is built; locally `engage deploy` packs the images itself"
    ),
    **recorded("AWS::SNS::Topic", why="messages to e-mail addresses are accepted and not sent"),
    **recorded(
        "AWS::EC2::InternetGateway",
        "AWS::EC2::Route",
        "AWS::EC2::RouteTable",
        "AWS::EC2::SecurityGroup",
        "AWS::EC2::Subnet",
        "AWS::EC2::SubnetRouteTableAssociation",
        "AWS::EC2::VPC",
        "AWS::EC2::VPCEndpoint",
        "AWS::EC2::VPCGatewayAttachment",
        why="tasks run on this machine's loopback, without a network of their own",
    ),
}
