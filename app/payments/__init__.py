"""決済サービス: payment services, what a person may choose, links to service IDs, and the ways to providers."""

from app.payments import gateways
from app.payments.account_ids import check_account_id, check_security_code, last4, mask
from app.payments.documents import GrantMode, HolderCheck, Reversal, ServiceDocument
from app.payments.formats import describe_account_id, describe_security_code
from app.payments.holder import HolderCheckResult, verify_account
from app.payments.links import (
    LinkView,
    account_of,
    confirm_link,
    create_link,
    find_accounts,
    get_link,
    link_of_application,
    link_views,
    lock_link,
    release_link,
    remove_link,
)
from app.payments.services import (
    OfferedService,
    ServiceCounts,
    ServiceFault,
    ServicesRefused,
    get_service,
    known_service_ids,
    load_services,
    offered_services,
    parse_services,
    services_of,
)
from app.payments.states import IllegalMove, LinkState
from app.payments.windows import Offer, PolicyTerms, offers

__all__ = [
    "GrantMode",
    "HolderCheck",
    "HolderCheckResult",
    "IllegalMove",
    "LinkState",
    "LinkView",
    "Offer",
    "OfferedService",
    "PolicyTerms",
    "Reversal",
    "ServiceCounts",
    "ServiceDocument",
    "ServiceFault",
    "ServicesRefused",
    "account_of",
    "check_account_id",
    "check_security_code",
    "confirm_link",
    "create_link",
    "describe_account_id",
    "describe_security_code",
    "find_accounts",
    "gateways",
    "get_link",
    "get_service",
    "known_service_ids",
    "last4",
    "link_of_application",
    "link_views",
    "load_services",
    "lock_link",
    "mask",
    "offered_services",
    "offers",
    "parse_services",
    "release_link",
    "remove_link",
    "services_of",
    "verify_account",
]
