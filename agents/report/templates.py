"""Pages of one file each, which load nothing from anywhere; whatever is filled in is escaped."""

import base64
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from agents.report import text as wording

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # Okabe and Ito
FILTERS = {
    "number": wording.number,
    "interval": wording.with_interval,
    "fraction": wording.fraction,
    "times": wording.times,
    "factor": wording.factor,
    "kept": wording.kept_sentence,
}


def render_page(template: str, **values: Any) -> str:
    """Returns a page as HTML.

    Args:
        template: Name of a file beside this module that extends `page.html.j2`.
        values: What it is filled with; text is escaped, unless it is `Markup` already.
    """
    environment = Environment(
        loader=PackageLoader("agents.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    return environment.get_template(template).render(colours=COLOURS, **values)


def data_uri(kind: str, content: bytes | None) -> str:
    """Returns content of a MIME type as an address that holds it; empty where there is none."""
    return "" if content is None else f"data:{kind};base64,{base64.b64encode(content).decode()}"
