"""Self-contained HTML pages from templates with autoescaping."""

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined

from agents.report.text import best_checkpoint_sentence, factor, fraction, number, times, with_interval

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")  # Okabe and Ito
FILTERS = (number, with_interval, fraction, times, factor, best_checkpoint_sentence)


def render_page(template: str, **values: object) -> str:
    """Render a page as HTML.

    Args:
        template: Name of a file beside this module that extends `page.html.j2`.
        values: Its variables; text is escaped, unless it is `Markup` already.
    """
    environment = Environment(
        loader=PackageLoader("agents.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {function.__name__: function for function in FILTERS}
    return environment.get_template(template).render(colours=COLOURS, **values)


def data_uri(kind: str, content: bytes | None) -> str:
    """Encode content of a MIME type as a data URI; empty without."""
    return "" if content is None else f"data:{kind};base64,{base64.b64encode(content).decode()}"
