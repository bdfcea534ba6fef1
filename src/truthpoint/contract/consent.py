"""Reading consent: which boolean attribute is a person's word about which messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import Kind
from .rules import Channel, Consent

if TYPE_CHECKING:
    from .model import Type
    from .nodes import Node, Reader


def read_consent(reader: Reader, attribute: Node, of_type: Type | None) -> Consent | None:
    """Return what an attribute permits or forbids; None when it says nothing of the kind.

    Args:
        reader: Reads nodes and collects findings.
        attribute: The attribute.
        of_type: Its type, as far as that could be read.
    """
    if "consent" not in attribute.entries:
        return None
    place, value = attribute.entries["consent"]
    spec = reader.mapping(value)
    if spec is None:
        return None
    reader.keys(spec, ("channel", "topic"))
    channel = reader.choice(reader.needed(spec, "channel"), tuple(Channel))
    topic = _topic(reader, spec, channel)
    if of_type is not None and of_type.kind is not Kind.BOOLEAN:
        evidence = f"A consent is true or false, and this is a {of_type.kind.value}."
        reader.findings.add("bad_value", evidence, place, fix="Say `type: boolean`.")
        return None
    if channel is None or (topic is None and channel != Channel.ALL):
        return None
    return Consent(channel=Channel(channel), topic=topic)


def _topic(reader: Reader, spec: Node, channel: str | None) -> int | None:
    """Return the topic's number, which every channel has but `all`."""
    if channel == Channel.ALL:
        if "topic" in spec.entries:
            evidence = "The channel `all` stands for `unsubscribed`, which has no topic."
            reader.findings.add("bad_value", evidence, spec.entries["topic"][0])
        return None
    node = reader.needed(spec, "topic")
    topic = reader.whole(node)
    if topic is not None and topic < 1:
        evidence = "Topics are numbered from 1."
        reader.findings.add("bad_value", evidence, node)
        return None
    return topic
