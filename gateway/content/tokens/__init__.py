"""Tokens as an estimate: of a prompt before anybody has counted it, of an answer that nobody will count."""

from gateway.content.tokens.estimator import Estimator, load, prompt, reply
from gateway.content.tokens.sent import Sent
from gateway.content.tokens.weights import Bounded, Estimate

__all__ = ["Bounded", "Estimate", "Estimator", "Sent", "load", "prompt", "reply"]
