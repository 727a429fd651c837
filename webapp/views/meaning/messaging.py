"""Messages: sent to or taken from which queue, how many, and how long they lay there."""

from webapp.model.semconv import text_of
from webapp.model.spans import Attributes
from webapp.views.meaning.shape import Meaning, counted, facts, number_of, pieces, size_of

_NAMES = {
    "kafka": "Kafka", "rabbitmq": "RabbitMQ", "activemq": "ActiveMQ", "rocketmq": "RocketMQ", "pulsar": "Pulsar",
    "aws_sqs": "Amazon SQS", "aws.sqs": "Amazon SQS", "aws.sns": "Amazon SNS", "aws_sns": "Amazon SNS", "nats": "NATS",
    "gcp_pubsub": "Google Pub/Sub", "servicebus": "Azure Service Bus", "eventhubs": "Azure Event Hubs",
    "eventgrid": "Azure Event Grid", "jms": "JMS", "mqtt": "MQTT", "celery": "Celery",
}  # fmt: skip


def messaging_meaning(attributes: Attributes, waited: str) -> Meaning | None:
    """`waited`: how long the message lay in the queue, "" unknown."""
    system = text_of(attributes, ("messaging.system",))
    target = text_of(
        attributes, ("messaging.destination.name", "messaging.destination", "messaging.destination.template")
    )
    if not system and not target:
        return None
    operation = text_of(
        attributes, ("messaging.operation.name", "messaging.operation.type", "messaging.operation")
    )
    kind = text_of(attributes, ("messaging.destination.kind", "messaging.destination_kind"))
    return Meaning(
        "Messaging",
        pieces((_NAMES.get(system.lower(), system), "strong"), (operation, ""), (kind, "muted"), (target, "code")),
        facts(
            ("Lay in the queue", waited),
            ("Batch", counted(number_of(attributes, ("messaging.batch.message_count",)), "message")),
            ("Body", size_of(attributes, ("messaging.message.body.size", "messaging.message_payload_size_bytes"))),
            ("Envelope", size_of(attributes, ("messaging.message.envelope.size",))),
            ("Consumer group", text_of(attributes, (
                "messaging.consumer.group.name", "messaging.kafka.consumer.group", "messaging.kafka.consumer_group",
                "messaging.destination.subscription.name", "messaging.rocketmq.client_group",
            ))),
            ("Partition", text_of(attributes, (
                "messaging.destination.partition.id", "messaging.kafka.destination.partition",
                "messaging.kafka.source.partition", "messaging.kafka.partition",
            ))),
            ("Offset", text_of(attributes, ("messaging.kafka.offset", "messaging.kafka.message.offset"))),
            ("Key", text_of(attributes, (
                "messaging.kafka.message.key", "messaging.kafka.message_key",
                "messaging.rabbitmq.destination.routing_key", "messaging.rabbitmq.routing_key",
            ))),
            ("Message", text_of(attributes, ("messaging.message.id", "messaging.message_id"))),
            ("Conversation", text_of(attributes, ("messaging.message.conversation_id", "messaging.conversation_id"))),
            ("Client", text_of(attributes, ("messaging.client.id", "messaging.client_id", "messaging.kafka.client_id"))),
        ),
    )  # fmt: skip
