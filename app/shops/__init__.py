"""店舗: the lists of shops where purchases count (axis 3) and where a benefit can be spent (axis 4)."""

from app.shops.happenings import ShopsLoaded
from app.shops.load import ShopListReport, load_shops
from app.shops.models import Purpose
from app.shops.queries import ShopView, has_list, listed_shops, shop_count, shops_on
from app.shops.rules import ShopList

__all__ = [
    "Purpose",
    "ShopList",
    "ShopListReport",
    "ShopView",
    "ShopsLoaded",
    "has_list",
    "listed_shops",
    "load_shops",
    "shop_count",
    "shops_on",
]
