"""What every template may use: filters, the simulated-time banner, the signed-in state, QR codes."""

from __future__ import annotations

import io
import re
from datetime import date, datetime

import qrcode
import qrcode.image.svg
from flask import Flask, request
from jinja2 import Template
from jinja2.environment import TemplateModule
from jinja2.ext import Extension
from jinja2.runtime import Context
from markupsafe import Markup, escape

from app import clock
from app.language import day_text, say
from app.settings import Settings
from app.web.sessions import seconds_left
from app.web.sign_in import signed_in_person


class WithoutIndent(Extension):
    """Templates without what stands before each line: indented for us, a third of every page without it."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Lines keep their numbers."""
        return re.sub(r"\n[ \t]+", "\n", source)


class Parts(Template):
    """A template whose parts are the same for every page, as none of ours is given globals of its own.

    The library compares the names of all globals at each import, of which a page has a dozen.
    """

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        if self._module is None:
            self._module = self.make_module()
        return self._module


def install(app: Flask, settings: Settings) -> None:
    """Register filters and the variables of base.html."""
    app.jinja_env.template_class = Parts
    app.jinja_env.add_extension(WithoutIndent)
    app.add_template_filter(japanese_date, "japanese_date")
    app.add_template_filter(kept_together, "kept_together")
    app.add_template_filter("{:,}".format, "thousands")

    @app.context_processor
    def _base() -> dict[str, object]:
        return {
            "simulated_now": japanese_time(clock.now()) if clock.is_simulated() else None,
            "environment": settings.environment.value,
            "signed_in": signed_in_person() is not None,
            "session_seconds": seconds_left() if signed_in_person() is not None else None,
            "current_path": request.path,
        }


_UNBROKEN = re.compile(
    r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)+|（[^（）<>]*）"
    # A day with the particle behind it: from, until, about, on.
    r"|[0-9]+\u5e74[0-9]+\u6708[0-9]+\u65e5(?:\u304b\u3089(?:\u3067\u3059\u3002)?|\u307e\u3067|\u3054\u308d|\u306b)?"
    r"|[0-9]{1,2} [A-Z][a-z]+ [0-9]{4}"
)
_TAG = re.compile(r"(<[^>]*>)")


def kept_together(text: str) -> Markup:
    """Words like e-Tax, days, what stands in brackets: a new line rather than a break inside, if there is room."""
    pieces = _TAG.split(str(escape(text)))
    pieces[::2] = [_UNBROKEN.sub(r'<span class="nowrap">\g<0></span>', piece) for piece in pieces[::2]]
    return Markup("".join(pieces))  # noqa: S704  # what came was escaped, or is ours


def japanese_date(value: datetime | date) -> str:
    """2026年11月20日, in Japan; in the reader's language."""
    return day_text(value)


def japanese_time(value: datetime) -> str:
    """2026年11月20日 10時05分, in Japan; 20 November 2026, 10:05."""
    local = clock.local(value)
    return say("{day} {hour}時{minute}分", day=local.date(), hour=local.hour, minute=f"{local:%M}")


def qr_svg(text: str) -> Markup:
    """A QR code as inline SVG without inline style; the light parts stay white in dark mode by CSS."""
    code = qrcode.QRCode(border=4, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(text)
    image = code.make_image(image_factory=qrcode.image.svg.SvgPathImage)
    buffer = io.BytesIO()
    image.save(buffer)
    svg = buffer.getvalue().decode("utf-8")
    return Markup(svg[svg.index("<svg") :])  # noqa: S704  # made by the QR library from modules, not from the text
