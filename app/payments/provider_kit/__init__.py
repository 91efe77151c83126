"""The conformance kit: what a payment provider's interface must do, as checks that a provider runs against its own."""

from app.payments.provider_kit.checks import CHECKS, Check
from app.payments.provider_kit.probe import CheckFailed, Probe, Subject
from app.payments.provider_kit.run import Outcome, run_checks

__all__ = ["CHECKS", "Check", "CheckFailed", "Outcome", "Probe", "Subject", "run_checks"]
