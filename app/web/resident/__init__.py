"""The resident's pages: from identity to the status of an application."""

from flask import Blueprint

blueprint = Blueprint("resident", __name__)

from app.web.resident import (  # noqa: E402  # routes register on the blueprint
    answers,
    apply,
    assign,
    attendance,
    guardian,
    handover,
    mail,
    maintenance,
    objection,
    reading,
    receipt_link,
    service,
    status,
)

__all__ = [
    "answers",
    "apply",
    "assign",
    "attendance",
    "blueprint",
    "guardian",
    "handover",
    "mail",
    "maintenance",
    "objection",
    "reading",
    "receipt_link",
    "service",
    "status",
]
