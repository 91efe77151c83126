"""Interfaces for machines. Nothing here has a cookie; every request is signed or carries its own credential."""

from app.web.api.agents import blueprint

__all__ = ["blueprint"]
