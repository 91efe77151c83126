"""A browser without a screen: follows redirects, keeps cookies, fills in the forms of the page it is on.

``todoke journey`` uses it, so that it can do only what a person's browser can: a form that lost its token, a link that
is gone or a redirect to nowhere makes the journey fail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

MAX_REDIRECTS = 6
TIMEOUT_SECONDS = 30.0


class PageFault(Exception):
    """The service answered with something that a person could not go on from."""


@dataclass
class Form:
    """One form of a page with its present values."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@dataclass
class Page:
    """What a browser knows of a page."""

    url: str
    status: int
    title: str = ""
    heading: str = ""
    error_code: str | None = None
    error_text: str = ""
    forms: list[Form] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of the page's address."""
        return urlsplit(self.url).path

    def form(self, *names: str) -> Form:
        """The posting form that has all these fields; ``PageFault`` when there is none."""
        for form in self.forms:
            if form.method == "post" and form.names.issuperset(names):
                return form
        raise PageFault(f"no form with {', '.join(names) or 'any field'} on the page 「{self.title}」 ({self.path})")


class Browser:
    """One person's browser session against one service."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._client = httpx.Client(timeout=TIMEOUT_SECONDS, headers={"Accept": "text/html"}, trust_env=False)

    def close(self) -> None:
        """End the session."""
        self._client.close()

    def get(self, path: str) -> Page:
        """Open a page."""
        return self._go(self._client.build_request("GET", urljoin(self.base_url + "/", path)))

    def submit(self, page: Page, form: Form, **values: str | list[str]) -> Page:
        """Send a form as a browser would: its own fields and what was typed, with the page as origin."""
        data: dict[str, str | list[str]] = {**form.fields, **values}
        target = urljoin(page.url, form.action)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.base_url))
        headers = {"Referer": page.url, "Origin": origin}
        return self._go(self._client.build_request("POST", target, data=data, headers=headers))

    def json(self, path: str) -> dict[str, object]:
        """What a page's script asks for."""
        response = self._client.get(urljoin(self.base_url + "/", path), headers={"Accept": "application/json"})
        value = response.json()
        if response.status_code >= 400 or not isinstance(value, dict):
            raise PageFault(f"{path} answered {response.status_code}")
        return value

    def _go(self, request: httpx.Request) -> Page:
        response = self._client.send(request)
        for _ in range(MAX_REDIRECTS):
            if not response.is_redirect:
                return _read(response)
            location = urljoin(str(response.url), response.headers["location"])
            response = self._client.get(location)
        raise PageFault("too many redirects")


def _read(response: httpx.Response) -> Page:
    page = Page(str(response.url), response.status_code)
    if "html" in response.headers.get("content-type", ""):
        parser = _Reader(page)
        parser.feed(response.text)
        parser.close()
    return page


class _Reader(HTMLParser):
    """Collects title, heading, links, the main part's forms, the page's error, and its ``data-journey-*`` marks."""

    def __init__(self, page: Page) -> None:
        super().__init__(convert_charrefs=True)
        self._page = page
        self._form: Form | None = None
        self._into: str | None = None
        self._in_main = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if "data-error-code" in attributes:
            self._page.error_code = self._page.error_code or attributes["data-error-code"]
        if "data-error-text" in attributes and not self._page.error_text:
            self._page.error_text = attributes["data-error-text"]
        self._page.marks |= {
            name.removeprefix("data-journey-"): value
            for name, value in attributes.items()
            if name.startswith("data-journey-")
        }
        if tag == "main":
            self._in_main = True
        elif tag == "form" and self._in_main:
            self._form = Form(attributes.get("action", "") or self._page.url, attributes.get("method", "get").lower())
            self._page.forms.append(self._form)
        elif tag == "a" and "href" in attributes:
            self._page.links.append(attributes["href"])
        elif tag in ("title", "h1"):
            self._into = tag
        elif self._form is not None and attributes.get("name"):
            self._field(tag, attributes)

    def _field(self, tag: str, attributes: dict[str, str]) -> None:
        assert self._form is not None
        name = attributes["name"]
        self._form.names.add(name)
        kind = attributes.get("type", "text")
        if tag == "input" and (kind not in ("checkbox", "radio", "submit") or "checked" in attributes):
            self._form.fields[name] = attributes.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._in_main = False
        if tag == "form":
            self._form = None
        if tag == self._into:
            self._into = None

    def handle_data(self, data: str) -> None:
        if self._into == "title":
            self._page.title += data.strip()
        elif self._into == "h1":
            self._page.heading += data.strip()
