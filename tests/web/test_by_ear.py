"""What a screen reader says, and in which order: the accessibility tree of the pages that matter most."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.web.page_of import PageOf, context_for, listening
from tests.web.service import STEPS, Service

pytestmark = pytest.mark.browser

SEARCH = """
- link "本文へ移動"
- banner:
  - link "とどけ トップページ"
  - navigation "主なページ"
  - navigation "ことばを選ぶ"
- main:
  - heading "給付をさがす" [level=1]
  - search "施策の検索":
    - textbox "自治体"
    - searchbox "ことば"
    - button "この条件でさがす"
  - region "19件の施策(自治体の給付)":
    - heading "19件の施策(自治体の給付)" [level=2]
- contentinfo
"""
POLICY = """
- main:
  - heading "あさひ市 くらし応援ポイント" [level=1]
  - paragraph: 10,000ポイント
  - paragraph: 受付中
  - link "申し込む"
  - region "対象になる方":
    - heading "対象になる方" [level=2]
    - list
    - paragraph:
      - link "自分が対象か確かめる"
  - region "期間":
    - term: 申込期間
    - definition: 2026年10月1日9時から2027年1月31日まで
  - region "受け取れる決済サービス"
  - region "担当窓口と、ほかの申込方法"
"""
CONFIRM = """
- main:
  - navigation "申込の進み具合":
    - list:
      - listitem: 本人確認 (済み)
      - listitem: 同意 (済み)
      - listitem: 決済サービス (済み)
      - listitem: 内容の確認 (いまここ)
      - listitem: 完了 (これから)
  - heading "この内容で申し込みますか" [level=1]
  - region "申込の内容":
    - term: 施策
    - definition: あさひ市 くらし応援ポイント
    - term: 金額
    - definition: 10,000ポイント
  - region "受け取る決済サービス":
    - paragraph:
      - text: みらいPay
      - link /決済サービス/
    - paragraph:
      - text: 番号の下4桁
      - strong: "7778"
  - heading "お申し込みの前に" [level=2]
  - checkbox /決済サービスを変更できないことを確認しました/
  - button "この内容で申し込む"
"""
STATUS = """
- main:
  - paragraph: いまの状況
  - heading "付与手続中" [level=1]
  - paragraph: 10,000ポイント
  - paragraph: /決済事業者が手続しています/
  - region "お届けまでの道のり":
    - list:
      - listitem:
        - paragraph: 申込を受け付けました (済み)
      - listitem:
        - paragraph: 審査が終わりました (済み)
      - listitem:
        - paragraph: 付与の手続を始めました (済み)
      - listitem:
        - paragraph: ポイントの付与 (いまここ)
  - region "受付票":
    - paragraph: 受付番号
    - paragraph: /P001-\\w{4}-\\w{4}/
    - figure:
      - img "受付番号のQRコード"
  - region "確認した条件"
  - status
"""


def test_a_screen_reader_meets_what_matters_in_this_order(service: Service, chromium: Chromium) -> None:
    ready, sent = service.browser(), service.browser()
    ready.to_confirm("TP-10", "5555666677778")
    receipt = sent.apply("TP-14", "6666777788889")
    pages = {
        PageOf("search", "/policies"): SEARCH,
        PageOf("policy", "/policies/P-001"): POLICY,
        PageOf("confirm", f"{STEPS}/confirm", ready): CONFIRM,
        PageOf("status", f"/applications/{receipt}", sent): STATUS,
    }
    with listening(service) as address:
        for one, spoken in pages.items():
            with context_for(chromium, address, one, 390) as context:
                page = context.new_page()
                page.goto(address + one.path)
                expect(page.locator("body")).to_match_aria_snapshot(spoken)
