"""The secret of an account's second factor, encrypted at rest and decrypted for one comparison."""

from __future__ import annotations

from app.organisations.models import StaffAccount
from app.pii import Private, vault


def sealed(staff_id: str, secret: Private) -> bytes:
    """The secret as it is stored."""
    return vault().encrypt(secret, _context(staff_id))


def secret_of(account: StaffAccount) -> str:
    """The secret in base32."""
    return vault().decrypt(account.totp_secret_enc, _context(account.staff_id)).reveal()


def _context(staff_id: str) -> str:
    return f"staff_accounts.totp_secret:{staff_id}"
