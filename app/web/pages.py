"""What every template may use: filters, the simulated-time banner, the signed-in state, QR codes."""

from __future__ import annotations

import io
from datetime import date, datetime

import qrcode
import qrcode.image.svg
from flask import Flask, request
from markupsafe import Markup

from app import clock
from app.settings import Settings
from app.web.sign_in import signed_in_person


def install(app: Flask, settings: Settings) -> None:
    """Register filters and the variables of base.html."""
    app.add_template_filter(japanese_date, "japanese_date")

    @app.context_processor
    def _base() -> dict[str, object]:
        return {
            "simulated_now": japanese_time(clock.now()) if clock.is_simulated() else None,
            "environment": settings.environment.value,
            "signed_in": signed_in_person() is not None,
            "current_path": request.path,
        }


def japanese_date(value: datetime | date) -> str:
    """2026年11月20日, in Japan."""
    day = clock.local(value).date() if isinstance(value, datetime) else value
    return f"{day.year}年{day.month}月{day.day}日"


def japanese_time(value: datetime) -> str:
    """2026年11月20日 10時05分, in Japan."""
    local = clock.local(value)
    return f"{japanese_date(local)} {local.hour}時{local.minute:02d}分"


def points_text(amount: int) -> str:
    """10,000ポイント."""
    return f"{amount:,}ポイント"


def qr_svg(text: str) -> Markup:
    """A QR code as inline SVG without inline style; the light parts stay white in dark mode by CSS."""
    code = qrcode.QRCode(border=4, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text)
    image = code.make_image(image_factory=qrcode.image.svg.SvgPathImage)
    buffer = io.BytesIO()
    image.save(buffer)
    svg = buffer.getvalue().decode("utf-8")
    return Markup(svg[svg.index("<svg") :])  # noqa: S704  # made by the QR library from modules, not from the text
