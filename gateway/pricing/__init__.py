"""Money: what a call may cost before it is made, and what it did cost, in integer micro-USD."""

from gateway.pricing.book import Book, build
from gateway.pricing.terms import Terms
from gateway.pricing.terms import of as terms

__all__ = ["Book", "Terms", "build", "terms"]
