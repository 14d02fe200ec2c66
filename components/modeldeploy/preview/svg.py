"""Draws a picture as SVG: text and shapes alone, no script, no font of its own, readable on white."""

from collections.abc import Iterator
from xml.sax.saxutils import escape

from .layout import BOX_TITLE, HEADER, LINE, LONGEST, MARGIN, PADDING, Box, Card, Picture

INK = "#1f2933"
FAINT = "#9aa5b1"
EDGE = "#7b8794"

FAMILIES = (
    ("network", "#2f80b7", ("network", "ec2", "vpc", "dns", "route53", "servicenetworking", "lb", "elb", "networking", "subnet", "compute", "wafv2")),
    ("identity and keys", "#b7791f", ("iam", "keyvault", "kms", "authorization", "managedidentity", "serviceaccount", "secret", "projects", "rbac")),
    ("data", "#2f855a", ("storage", "s3", "rds", "sql", "bigquery", "ecr", "containerregistry", "artifactregistry", "eventhub", "kinesis", "pubsub")),
    (
        "watching",
        "#9b2c62",
        ("monitor", "insights", "logging", "cloudwatch", "sns", "budget", "consumption", "billing", "synthetics", "operational", "portal"),
    ),
)
"""Colours by what a type is for; the words are looked for in its module."""
MODEL = ("model and compute", "#5a4fcf")


def draw(picture: Picture) -> str:
    """The SVG document."""
    width, height = round(picture.width), round(picture.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="11" role="img">',
        f"<title>{escape(picture.stack)}</title>",
        '<defs><marker id="arrow" viewBox="0 0 6 6" refX="6" refY="3" markerWidth="6" markerHeight="6" orient="auto">'
        f'<path d="M0,0 L6,3 L0,6 z" fill="{EDGE}"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        *_legend(picture),
    ]
    for box in picture.boxes:
        lines += _box(box)
    return "\n".join([*lines, "</svg>", ""])


def _legend(picture: Picture) -> Iterator[str]:
    resources = sum(len(card.names) for box in picture.boxes for card in box.cards if not card.is_guest)
    text = f"{picture.stack}: {resources} resources; an arrow leads from what is made first to what waits for it"
    yield f'<text x="{MARGIN}" y="{MARGIN + 4}" font-size="15" font-weight="bold" fill="{INK}">{escape(text)}</text>'
    x = MARGIN
    for name, colour in (*((name, colour) for name, colour, _ in FAMILIES), MODEL):
        yield f'<rect x="{x}" y="{MARGIN + 14}" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{x + 15}" y="{MARGIN + 23}" fill="{INK}">{name}</text>'
        x += 30 + len(name) * 6


def _box(box: Box) -> Iterator[str]:
    yield f'<g transform="translate({MARGIN},{box.y:.0f})">'
    yield f'<rect width="{box.width:.0f}" height="{box.height:.0f}" rx="6" fill="#f5f7fa" stroke="#cbd2d9"/>'
    yield f'<text x="14" y="{BOX_TITLE - 13}" font-size="13" font-weight="bold" fill="{INK}">{escape(box.title)}</text>'
    for above, below in box.edges:
        yield _edge(above, below)
    for card in box.cards:
        yield from _card(card)
    yield "</g>"


def _edge(above: Card, below: Card) -> str:
    x1, y1, x2, y2 = above.x + above.width / 2, above.y + above.height, below.x + below.width / 2, below.y
    bend = max((y2 - y1) / 2, 12)
    dashes = ' stroke-dasharray="4 3"' if above.is_guest else ""
    path = f"M{x1:.0f},{y1:.0f} C{x1:.0f},{y1 + bend:.0f} {x2:.0f},{y2 - bend:.0f} {x2:.0f},{y2:.0f}"
    return f'<path d="{path}" fill="none" stroke="{EDGE}" stroke-opacity="0.75"{dashes} marker-end="url(#arrow)"/>'


def _card(card: Card) -> Iterator[str]:
    colour = FAINT if card.is_guest else colour_of(card.title)
    outline = f'stroke="{FAINT}" stroke-dasharray="4 3"' if card.is_guest else 'stroke="#cbd2d9"'
    yield f'<g transform="translate({card.x:.0f},{card.y:.0f})">'
    yield f'<rect width="{card.width:.0f}" height="{card.height:.0f}" rx="3" fill="#ffffff" {outline}/>'
    yield f'<rect width="4" height="{card.height:.0f}" fill="{colour}"/>'
    yield f'<text x="{PADDING + 3}" y="15" font-weight="bold" fill="{colour if not card.is_guest else EDGE}">{escape(card.title)}</text>'
    for index, name in enumerate(card.names):
        shown = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
        yield f'<text x="{PADDING + 3}" y="{HEADER + index * LINE + 9}" fill="{INK}"><title>{escape(name)}</title>{escape(shown)}</text>'
    yield "</g>"


def colour_of(kind: str) -> str:
    """The colour of a type."""
    module = kind.split(".")[0].lower()
    return next((colour for _, colour, words in FAMILIES if any(word in module for word in words)), MODEL[1])
