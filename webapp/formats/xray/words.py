"""Which member of an X-Ray document says what in OpenTelemetry's words, as tables. No spans, no trees."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from webapp.formats import units
from webapp.formats.value_text import is_deep
from webapp.model.spans import Attributes, Value

JsonObject = dict[str, Any]

OWN = "aws.xray."  # before what OpenTelemetry has no name for, as the Collector does

# members that are fields of a span, or that are read elsewhere
FIELDS = {"id", "name", "trace_id", "parent_id", "start_time", "end_time", "type", "subsegments", "children"}
FIELDS |= {"fullData", "annotations", "metadata", "links", "cause"}
FIELDS |= {"in_progress", "fault", "error", "throttle", "inferred"}

ATTRIBUTES = {
    "http.request.method": "http.request.method",
    "http.request.url": "url.full",
    "http.request.user_agent": "user_agent.original",
    "http.request.client_ip": "client.address",
    "http.request.x_forwarded_for": OWN + "x_forwarded_for",
    "http.request.traced": OWN + "traced",
    "http.response.status": "http.response.status_code",
    "http.response.content_length": "http.response.body.size",
    "sql.sanitized_query": "db.query.text",
    "sql.database_type": "db.system.name",
    "sql.user": "db.user",
    "sql.connection_string": "db.connection_string",
    "sql.url": "db.connection_string",
    "aws.operation": "rpc.method",
    "aws.request_id": "aws.request_id",
    "aws.id_2": "aws.extended_request_id",
    "aws.extended_request_id": "aws.extended_request_id",
    "aws.queue_url": "aws.sqs.queue.url",
    "aws.topic_arn": "aws.sns.topic.arn",
    "aws.table_name": "aws.dynamodb.table_names",
    "aws.table_names": "aws.dynamodb.table_names",
    "aws.bucket_name": "aws.s3.bucket",
    "aws.key": "aws.s3.key",
    "aws.function_name": "faas.invoked_name",
    "aws.function_arn": "aws.lambda.invoked_arn",
    "aws.retries": "http.request.resend_count",
    "user": "enduser.id",
}
# of the process: on a segment they go to its resource, on a subsegment they are attributes like others
RESOURCE = {
    "service.version": "service.version",
    "service.runtime": "process.runtime.name",
    "service.runtime_version": "process.runtime.version",
    "resource_arn": "cloud.resource_id",
    "aws.account_id": "cloud.account.id",
    "aws.region": "cloud.region",
    "aws.ec2.instance_id": "host.id",
    "aws.ec2.instance_size": "host.type",
    "aws.ec2.ami_id": "host.image.id",
    "aws.ec2.availability_zone": "cloud.availability_zone",
    "aws.ecs.container": "container.name",
    "aws.ecs.container_id": "container.id",
    "aws.ecs.container_arn": "aws.ecs.container.arn",
    "aws.ecs.cluster_arn": "aws.ecs.cluster.arn",
    "aws.ecs.task_arn": "aws.ecs.task.arn",
    "aws.ecs.task_family": "aws.ecs.task.family",
    "aws.ecs.launch_type": "aws.ecs.launchtype",
    "aws.eks.cluster_name": "k8s.cluster.name",
    "aws.eks.pod": "k8s.pod.name",
    "aws.eks.container_id": "container.id",
    "aws.elastic_beanstalk.environment_name": "deployment.environment.name",
    "aws.elastic_beanstalk.version_label": "service.version",
    "aws.elastic_beanstalk.deployment_id": "service.instance.id",
    "aws.xray.sdk": "telemetry.sdk.name",
    "aws.xray.sdk_version": "telemetry.sdk.version",
}
PLATFORMS = {
    "AWS::EC2::Instance": "aws_ec2",
    "AWS::ECS::Container": "aws_ecs",
    "AWS::ECS::EC2": "aws_ecs",
    "AWS::ECS::Fargate": "aws_ecs",
    "AWS::EKS::Container": "aws_eks",
    "AWS::ElasticBeanstalk::Environment": "aws_elastic_beanstalk",
    "AWS::Lambda": "aws_lambda",
    "AWS::Lambda::Function": "aws_lambda",
    "AWS::AppRunner::Service": "aws_app_runner",
}
_LISTS = frozenset({"aws.table_name"})
_NUMBERS = frozenset({"http.response.status", "http.response.content_length", "aws.retries"})
_OF_EXPORTER = "otel.resource."  # OpenTelemetry's exporter puts the resource into the metadata


def members(record: JsonObject) -> Iterator[tuple[str, Value]]:
    """The leaves below `record` as `http.request.url` and their values; lists are leaves."""
    for key, value in record.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{path}", leaf) for path, leaf in members(value))
        elif value is not None and key != "cloudwatch_logs":
            yield key, value


def said(path: str, value: Value) -> Value:
    """The value as OpenTelemetry has it."""
    if path in _LISTS:
        return [value]
    if path == "sql.database_type" and isinstance(value, str):
        return value.lower()
    if path in _NUMBERS and isinstance(value, str) and (number := units.whole_number(value)) is not None:
        return number
    return value


def is_of_process(path: str) -> bool:
    return path in RESOURCE


def name_of(path: str) -> str:
    known = ATTRIBUTES.get(path) or RESOURCE.get(path)
    return known or OWN + path.removeprefix("aws.").removeprefix("xray.")


def of_annotations(record: JsonObject) -> Iterator[tuple[str, Value]]:
    found = record.get("annotations")
    for key, value in found.items() if isinstance(found, dict) else ():
        if value is not None:
            yield key, value


def of_metadata(record: JsonObject) -> tuple[Attributes, Attributes]:
    """Of the span and of the resource. The default namespace is where attributes without an index go."""
    found, resource = Attributes(), Attributes()
    spaces = record.get("metadata")
    for space, values in spaces.items() if isinstance(spaces, dict) else ():
        if not isinstance(values, dict):
            found[f"{OWN}metadata.{space}"] = values
            continue
        for key, value in values.items():
            if space == "default" and key.startswith(_OF_EXPORTER):
                resource[key.removeprefix(_OF_EXPORTER)] = value
            else:
                found[key if space == "default" else f"{OWN}metadata.{space}.{key}"] = value
    return found, resource


def of_logs(record: JsonObject) -> Attributes:
    """The log groups that the segment's process writes to."""
    aws = record.get("aws")
    written = aws.get("cloudwatch_logs") if isinstance(aws, dict) else None
    groups = [one for one in written if isinstance(one, dict)] if isinstance(written, list) else []
    found: Attributes = {}
    for key, name in (("log_group", "aws.log.group.names"), ("arn", "aws.log.group.arns")):
        if values := [one[key] for one in groups if key in one]:
            found[name] = values
    return found


def of_database(record: JsonObject) -> Attributes:
    """Where the database is, from the URL in `sql`: with JDBC's prefix or without any scheme, as X-Ray has them."""
    sql = record.get("sql")
    url = sql.get("url") if isinstance(sql, dict) else None
    if not isinstance(url, str) or "//" not in url:
        return {}
    try:
        parts = urlsplit("db:" + url[url.index("//") :])
        found: Attributes = {
            "server.address": parts.hostname,
            "server.port": parts.port,
            "db.namespace": parts.path.strip("/").split(";")[0],
        }
    except ValueError:  # a broken IPv6 address or port
        return {}
    return {key: value for key, value in found.items() if value}


def shallow(record: JsonObject) -> tuple[JsonObject, bool]:
    """Without what nests further than any page follows, and whether there was such."""
    deep = [key for key, value in record.items() if isinstance(value, (dict, list)) and is_deep(value)]
    return ({key: value for key, value in record.items() if key not in deep} if deep else record), bool(deep)
