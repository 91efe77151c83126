"""What a card's certificate, signature and signed records prove, and what they do not.

`verify_authentication` is the server's judgement of a card session (card.md 11, rows 2 to 7).
`check_issuer` is the agent's judgement of the four items of information (card.md 9), `check_card_proof` that of P8.
`load_anchors` and `load_cv_keys` read the operator's trust configuration and refuse an unsafe one at start-up.
Nothing here does I/O besides those two loaders, and nothing here reads a clock.
"""

from nfc.trust.anchors import AnchorError, Environment, Purpose, TrustAnchor, load_anchors
from nfc.trust.authentication import (
    AuthenticationResult,
    AuthenticationVerdict,
    issuing_anchor,
    verify_authentication,
)
from nfc.trust.card_proof import CardProofVerdict, check_card_proof
from nfc.trust.issuer import CvKey, IssuerVerdict, check_issuer, load_cv_keys
from nfc.trust.ocsp import NONCE_BYTES, OcspAnswer, build_ocsp_request, check_ocsp, combine
from nfc.trust.revocation import Revocation, RevocationVerdict, check_revocation

__all__ = [
    "NONCE_BYTES",
    "AnchorError",
    "AuthenticationResult",
    "AuthenticationVerdict",
    "CardProofVerdict",
    "CvKey",
    "Environment",
    "IssuerVerdict",
    "OcspAnswer",
    "Purpose",
    "Revocation",
    "RevocationVerdict",
    "TrustAnchor",
    "build_ocsp_request",
    "check_card_proof",
    "check_issuer",
    "check_ocsp",
    "check_revocation",
    "combine",
    "issuing_anchor",
    "load_anchors",
    "load_cv_keys",
    "verify_authentication",
]
