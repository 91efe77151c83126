"""The rows of the faults: what each is called and what it changes (card.md sections 13 and 14)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from types import MappingProxyType
from typing import Final

from card_sim import bad_cards, bad_leaves, disturbances, kinds, personalise
from card_sim.bad_cards import BadCard, Bench
from card_sim.bad_leaves import BadLeaf
from card_sim.disturbances import Card
from card_sim.files import COMMON, JPKI, RESIDENCE, TEXT, FileRef, ref
from card_sim.keys import KeyStore
from card_sim.people import (
    CERTIFICATE_YEARS,
    JST,
    CertificatePlan,
    CertificateStatus,
    Persona,
    end_of_day,
    lost_certificate,
    start_of_day,
)
from card_sim.profile import CONTACT_ATR, CardProfile
from card_sim.status import Status

TEXT_PIN, AUTH_PIN, SIGN_PASSWORD = ref(TEXT, 0x0011), ref(JPKI, 0x0018), ref(JPKI, 0x001B)
AUTHENTICATION_CERTIFICATE, AUTHENTICATION_KEY = ref(JPKI, 0x000A), ref(JPKI, 0x0017)
EVERY_PIN: Final = frozenset({TEXT_PIN, AUTH_PIN, SIGN_PASSWORD, ref(RESIDENCE, 0x001C), ref(COMMON, 0x001C)})

# Numbers of certificates outside the holders' own; with the month or day behind them where they follow the calendar.
EXPIRED_NUMBER, RENEWED_NUMBER, NOT_YET_NUMBER = 92, 94, 95
EXPIRED_DAYS: Final = (date(2020, 4, 1), date(2025, 3, 31))


class Group(Enum):
    """How the faults are grouped at the desk; the value is the heading there."""

    CONTACT = "接触と通信"
    PIN = "暗証番号"
    CERTIFICATE = "電子証明書"
    RECORDS = "カードの記録"
    KIND = "カードの種類と動き"


@dataclass(frozen=True)
class Scene:
    """What a fault may need besides the card itself."""

    persona: Persona
    bench: Bench
    keys: KeyStore
    now: datetime
    other_card: Callable[[], Card]
    """Somebody else's card."""


@dataclass(frozen=True)
class FaultKind:
    """One row of the table. Each hook changes one layer; the others stay as they are."""

    name: str
    group: Group
    title: str
    """For the desk, in Japanese."""
    number_default: int | None = None
    """Of the number the fault takes (a command counted from 1, or milliseconds); None when it takes none."""
    holder: Callable[[Persona, datetime], Persona] | None = None
    behaviour: Mapping[str, object] = field(default_factory=dict)
    blocks: frozenset[FileRef] = frozenset()
    """Keys that have no try left, whatever the card's own counters say."""
    card: Callable[[CardProfile, Scene], CardProfile] | None = None
    way: Callable[[Card, int, Scene], Card] | None = None
    """Between card and reader; gets the number."""


def _with_plan(persona: Persona, plan: CertificatePlan) -> Persona:
    return dataclasses.replace(persona, auth_certificates=(plan,))


def _expired(persona: Persona, now: datetime) -> Persona:
    """Ran out on a fixed day of the past, so that the certificate is the same at every insertion."""
    first, last = start_of_day(EXPIRED_DAYS[0]), end_of_day(EXPIRED_DAYS[1])
    return _with_plan(persona, CertificatePlan(EXPIRED_NUMBER, CertificateStatus.EXPIRED, first, last))


def _not_yet_valid(persona: Persona, now: datetime) -> Persona:
    """Usable from tomorrow; a certificate of its own for every day of testing."""
    tomorrow = now.astimezone(JST).date() + timedelta(days=1)
    last = end_of_day(tomorrow.replace(year=tomorrow.year + CERTIFICATE_YEARS, day=1))
    number = int(f"{NOT_YET_NUMBER}{tomorrow:%Y%m%d}")
    return _with_plan(persona, CertificatePlan(number, CertificateStatus.VALID, start_of_day(tomorrow), last))


def _renewed(persona: Persona, now: datetime) -> Persona:
    """Another certificate on another key, valid since the beginning of the month: renewed at the office."""
    first = now.astimezone(JST).date().replace(day=1)
    last = end_of_day(first.replace(year=first.year + CERTIFICATE_YEARS))
    number = int(f"{RENEWED_NUMBER}{first:%Y%m}")
    return _with_plan(persona, CertificatePlan(number, CertificateStatus.VALID, start_of_day(first), last))


def _bad_leaf(kind: BadLeaf) -> Callable[[CardProfile, Scene], CardProfile]:
    def put_on(profile: CardProfile, scene: Scene) -> CardProfile:
        der, key = bad_leaves.make(kind, scene.bench.issuer, scene.persona, scene.keys, scene.now)
        return dataclasses.replace(
            profile,
            contents=profile.contents | {AUTHENTICATION_CERTIFICATE: der},
            private_keys=profile.private_keys | {AUTHENTICATION_KEY: key},
        )

    return put_on


def _bad_card(kind: BadCard) -> Callable[[CardProfile, Scene], CardProfile]:
    return lambda profile, scene: bad_cards.spoil(kind, profile, scene.bench)


def _without_certificate(profile: CardProfile, scene: Scene) -> CardProfile:
    contents = {key: value for key, value in profile.contents.items() if key != AUTHENTICATION_CERTIFICATE}
    private_keys = {key: value for key, value in profile.private_keys.items() if key != AUTHENTICATION_KEY}
    return dataclasses.replace(profile, contents=contents, private_keys=private_keys)


def _next_generation(profile: CardProfile, scene: Scene) -> CardProfile:
    return kinds.next_generation(profile, scene.persona, scene.bench.issuer, scene.keys.folder, scene.now)


_LEAF_TITLES: Final[Mapping[BadLeaf, str]] = {
    BadLeaf.WRONG_POLICY: "証明書ポリシーが違う",
    BadLeaf.POLICY_NOT_CRITICAL: "証明書ポリシーが重要でない(critical でない)",
    BadLeaf.SIGNS_CERTIFICATES: "鍵用途に証明書への署名がある",
    BadLeaf.IS_A_CA: "認証局の証明書になっている",
    BadLeaf.UNKNOWN_CRITICAL_EXTENSION: "知らない重要な拡張がある",
    BadLeaf.RSA_1024: "鍵が短い(RSA 1024)",
    BadLeaf.SHA1: "署名が SHA-1",
    BadLeaf.EXPIRED: "昨日期限が切れた",
    BadLeaf.NOT_YET_VALID: "明日から有効になる(24時間後)",
    BadLeaf.SIGNED_BY_OTHER_ROOT: "別の世代の鍵で署名されている",
    BadLeaf.FORGED_ROOT: "名前が同じ偽の認証局が発行した",
    BadLeaf.EXPIRED_ROOT: "期限の切れた認証局が発行した",
    BadLeaf.SIGNATURE_CERTIFICATE: "署名用の証明書が入っている",
    BadLeaf.TRAILING_BYTES: "証明書のあとに余分なバイトがある(読めるのが正しい)",
}
_CARD_TITLES: Final[Mapping[BadCard, str]] = {
    BadCard.CHANGED_NAME: "氏名が書き換えられている",
    BadCard.CHANGED_OFFSET: "位置の表だけが書き換えられている",
    BadCard.CHANGED_FILLER: "余白だけが違う(読めるのが正しい)",
    BadCard.FOREIGN_RECORD: "別のカードの検証記録が入っている",
    BadCard.UNKNOWN_CV_ROOT: "発行者の鍵が知られていない",
    BadCard.FOREIGN_CARD_KEY: "別のカードの鍵が入っている(通るのが正しい)",
    BadCard.WRONG_LIVENESS_KEY: "生存確認に別の鍵で署名する",
}

_ROWS: Final = (
    FaultKind(
        "contact_lost",
        Group.CONTACT,
        "n番目の命令でカードが離れる",
        number_default=5,
        way=lambda card, number, _: disturbances.ContactLost(card, number),
    ),
    FaultKind(
        "lost_after_verify",
        Group.CONTACT,
        "暗証番号を数えた直後にカードが離れる",
        way=lambda card, _, __: disturbances.LostAfterVerify(card),
    ),
    FaultKind(
        "slow",
        Group.CONTACT,
        "返事が遅い(1命令あたりのミリ秒)",
        number_default=500,
        way=lambda card, number, _: disturbances.Slow(card, number),
    ),
    FaultKind(
        "garbled",
        Group.CONTACT,
        "n番目の返事が乱れる",
        number_default=4,
        way=lambda card, number, _: disturbances.Garbled(card, number),
    ),
    FaultKind(
        "wrong_length",
        Group.CONTACT,
        "n番目の返事が短い",
        number_default=4,
        way=lambda card, number, _: disturbances.WrongLength(card, number),
    ),
    FaultKind(
        "two_cards", Group.CONTACT, "カードが2枚重なっている", way=lambda card, _, __: disturbances.TwoCards(card)
    ),
    FaultKind(
        "swapped",
        Group.CONTACT,
        "待つあいだに別の人のカードに替わる",
        way=lambda card, _, scene: disturbances.Swapped(card, scene.other_card),
    ),
    FaultKind("first_6f00", Group.CONTACT, "最初の命令に 6F00 を返す", behaviour={"first_command_6f00": True}),
    FaultKind("blocked_text", Group.PIN, "券面事項入力補助用がロックされている", blocks=frozenset({TEXT_PIN})),
    FaultKind("blocked_auth", Group.PIN, "利用者証明用がロックされている", blocks=frozenset({AUTH_PIN})),
    FaultKind("blocked_sign", Group.PIN, "署名用がロックされている", blocks=frozenset({SIGN_PASSWORD})),
    FaultKind("blocked", Group.PIN, "すべての暗証番号がロックされている", blocks=EVERY_PIN),
    FaultKind(
        "iso_block_word",
        Group.PIN,
        "ロックされたときに 6983 を返す(ふつうは 6984)",
        behaviour={"blocked_word": Status.KEY_BLOCKED_ISO},
    ),
    FaultKind(
        "face_authentication",
        Group.PIN,
        "顔認証マイナンバーカード(暗証番号なし)",
        holder=lambda persona, _: kinds.face_authentication(persona),
    ),
    FaultKind("expired", Group.CERTIFICATE, "期限が切れている", holder=_expired),
    FaultKind("not_yet_valid", Group.CERTIFICATE, "明日から使える", holder=_not_yet_valid),
    FaultKind(
        "revoked",
        Group.CERTIFICATE,
        "失効している",
        holder=lambda persona, _: _with_plan(persona, lost_certificate(persona)),
    ),
    FaultKind("unknown_issuer", Group.CERTIFICATE, "知らない認証局が発行した", card=_bad_leaf(BadLeaf.FORGED_ROOT)),
    FaultKind("renewed", Group.CERTIFICATE, "窓口で更新したばかりの証明書", holder=_renewed),
    FaultKind("no_certificate", Group.CERTIFICATE, "利用者証明用の証明書がない", card=_without_certificate),
    *(
        FaultKind(f"leaf_{leaf.value}", Group.CERTIFICATE, title, card=_bad_leaf(leaf))
        for leaf, title in _LEAF_TITLES.items()
    ),
    *(FaultKind(bad.value, Group.RECORDS, title, card=_bad_card(bad)) for bad, title in _CARD_TITLES.items()),
    FaultKind("contact", Group.KIND, "接触式の読み取り機に置いたときの ATR", behaviour={"atr": CONTACT_ATR}),
    FaultKind("short_only", Group.KIND, "拡張長が使えない", behaviour={"extended_length": False}),
    FaultKind("keeps_on_select", Group.KIND, "アプリを選んでも照合が残る", behaviour={"clear_on_select": False}),
    FaultKind("clears_on_reset", Group.KIND, "リセットで照合が消える", behaviour={"clear_on_reset": True}),
    FaultKind("under_15", Group.KIND, "15歳未満(署名用なし)", holder=lambda persona, _: kinds.under_fifteen(persona)),
    FaultKind("next_generation", Group.KIND, "次世代のカード(仮)", card=_next_generation),
    FaultKind(
        "android", Group.KIND, "Android の電子証明書", card=lambda profile, _: personalise.phone_profile(profile)
    ),
    FaultKind("driving_licence", Group.KIND, "運転免許証", card=lambda profile, _: kinds.driving_licence(profile)),
    FaultKind("transport_card", Group.KIND, "交通系のカード", card=lambda profile, _: kinds.transport_card(profile)),
)

FAULTS: Final[Mapping[str, FaultKind]] = MappingProxyType({row.name: row for row in _ROWS})
"""Every fault by its name, in the order in which faults are applied and shown."""
