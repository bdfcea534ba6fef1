"""The long-running half: records become decisions, operations reach Customer.io."""

from .decide import Decider
from .deliver import Deliverer, DeliverySettings
from .work import Worker

__all__ = ["Decider", "Deliverer", "DeliverySettings", "Worker"]
