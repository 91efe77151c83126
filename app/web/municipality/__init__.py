"""The municipality's own pages: the cases that wait for its reviewers and approvers."""

from flask import Blueprint

blueprint = Blueprint("municipality", __name__)

from app.web.municipality import births, decide, returns, review  # noqa: E402  # routes register on the blueprint

__all__ = ["births", "blueprint", "decide", "returns", "review"]
