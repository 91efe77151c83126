"""A payment provider to test against: own process, own database, imports nothing else of ``app``."""

from app.provider_simulator.server import create_simulator

__all__ = ["create_simulator"]
