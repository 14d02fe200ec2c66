"""Where things are in the picture: a box per component, resources of a type as one card, what is made first on top."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .graph import Graph, Resource

LINE = 14
HEADER = 22
PADDING = 8
CHARACTER = 6.6
BOLD = 7.6
"""Width of a character at 11 px, on average, in the widest of the fonts that browsers take."""
TITLE_CHARACTER = 9
LEGEND_WIDTH = 820
NARROWEST = 110
CARD_GAP = 18
ROW_GAP = 34
BOX_GAP = 28
BOX_TITLE = 34
BOX_PADDING = 18
MARGIN = 24
SWEEPS = 8
LONGEST = 46
"""Characters of a name that are shown."""
MANY = 2
"""Resources of a type from another box that are named one by one."""


@dataclass(eq=False)
class Card:
    """Resources of one type that are made at the same time, or (a guest) what a box needs from another one."""

    title: str
    names: list[str]
    row: int
    is_guest: bool = False
    urns: frozenset[str] = frozenset()
    x: float = 0
    y: float = 0

    @property
    def width(self) -> float:
        """In pixels."""
        names = max((min(len(name), LONGEST) for name in self.names), default=0)
        return max(NARROWEST, len(self.title) * BOLD + 2 * PADDING, names * CHARACTER + 2 * PADDING)

    @property
    def height(self) -> float:
        """In pixels."""
        return HEADER + len(self.names) * LINE + PADDING


@dataclass(eq=False)
class Box:
    """A component with its resources, or the stack with what is in no component."""

    title: str
    cards: list[Card]
    edges: list[tuple[Card, Card]]
    y: float = 0
    width: float = 0
    height: float = 0


@dataclass
class Picture:
    """Everything that is drawn."""

    stack: str
    boxes: list[Box] = field(default_factory=list[Box])
    width: float = 0
    height: float = 0


def arrange(graph: Graph) -> Picture:
    """The picture of a stack: the same for the same preview."""
    picture = Picture(graph.stack)
    members: dict[str, list[Resource]] = {}
    # Programs register what does not depend on each other in any order.
    for resource in sorted(graph.leaves, key=lambda each: each.urn):
        component = graph.component_of(resource)
        members.setdefault(component.urn if component is not None else "", []).append(resource)
    top: float = MARGIN + BOX_TITLE
    for urn in _in_order(members, graph.edges):
        box = _box(graph, urn, members[urn])
        box.y = top
        top += box.height + BOX_GAP
        picture.boxes.append(box)
    picture.width = max([LEGEND_WIDTH, *(box.width for box in picture.boxes)]) + 2 * MARGIN
    picture.height = top - BOX_GAP + MARGIN
    return picture


def _in_order(members: Mapping[str, Sequence[Resource]], edges: Mapping[str, frozenset[str]]) -> list[str]:
    """The components, one that others wait for before them."""
    home = {resource.urn: urn for urn, resources in members.items() for resource in resources}
    needs = {urn: {home[each] for resource in resources for each in edges[resource.urn]} - {urn} for urn, resources in members.items()}
    ordered: list[str] = []
    while len(ordered) < len(members):
        left = [urn for urn in members if urn not in ordered]
        # Components may wait for parts of each other; the one that waits for the fewest comes first then.
        ordered.append(min(left, key=lambda urn: len(needs[urn] - set(ordered))))
    return ordered


def _box(graph: Graph, urn: str, resources: Sequence[Resource]) -> Box:
    inside = {resource.urn for resource in resources}
    rows = _rows(inside, graph.edges)
    cards: dict[tuple[int, str], Card] = {}
    for resource in resources:
        row = rows[resource.urn]
        card = cards.setdefault((row, resource.kind), Card(resource.kind, [], row))
        card.names.append(resource.name)
        card.urns |= {resource.urn}
    card_of = {each: card for card in cards.values() for each in card.urns}
    edges = {(card_of[each], card_of[resource.urn]): None for resource in resources for each in sorted(graph.edges[resource.urn] & inside)}
    guests = _guests(graph, inside, resources, card_of)
    edges |= {(guest, card): None for guest, waiting in guests for card in waiting}
    title = _title(graph, urn) if urn else f"{graph.stack}: in no component"
    box = Box(title, [*cards.values(), *(guest for guest, _ in guests)], list(edges))
    _place(box)
    return box


def _guests(graph: Graph, inside: set[str], resources: Sequence[Resource], card_of: Mapping[str, Card]) -> list[tuple[Card, list[Card]]]:
    """What comes from other boxes, shown right above what waits for it: cards, each with the cards that wait for it."""
    invited: dict[tuple[str, int], dict[str, Resource]] = {}
    waiting: dict[tuple[str, int], list[Card]] = {}
    for resource in resources:
        card = card_of[resource.urn]
        for each in sorted(graph.edges[resource.urn] - inside):
            other = graph.resources[each]
            component = graph.component_of(other)
            key = (_short(component) if component is not None else graph.stack, card.row)
            invited.setdefault(key, {})[each] = other
            if card not in waiting.setdefault(key, []):
                waiting[key].append(card)
    return [
        (Card(f"from {owner}", _told(list(others.values())), row - 1, is_guest=True), waiting[owner, row]) for (owner, row), others in invited.items()
    ]


def _told(others: Sequence[Resource]) -> list[str]:
    """A line for each resource, or for each type of which there are many."""
    kinds: dict[str, list[Resource]] = {}
    for other in others:
        kinds.setdefault(other.kind, []).append(other)
    lines: list[str] = []
    for kind, those in kinds.items():
        lines += [f"{len(those)} {kind}"] if len(those) > MANY else [f"{kind} {each.name}" for each in those]
    return lines


def _title(graph: Graph, urn: str) -> str:
    component = graph.resources[urn]
    above = graph.component_of(component)
    return _short(component) + (f" (in {_short(above)})" if above is not None else "")


def _short(component: Resource) -> str:
    return f"{component.type.split(':')[-1]} {component.name}"


def _rows(inside: set[str], edges: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """How many others of the box have to be there before: the longest way."""
    found: dict[str, int] = {}

    def row(urn: str) -> int:
        if urn not in found:
            found[urn] = max((row(each) + 1 for each in edges[urn] & inside), default=0)
        return found[urn]

    for urn in sorted(inside):
        row(urn)
    return found


def _place(box: Box) -> None:
    """Orders the cards of each row so that few edges cross, and gives every card its place in the box."""
    first = min(card.row for card in box.cards)
    rows: list[list[Card]] = [[] for _ in range(max(card.row for card in box.cards) - first + 1)]
    for card in box.cards:
        rows[card.row - first].append(card)
    neighbours: dict[Card, list[Card]] = {card: [] for card in box.cards}
    for above, below in box.edges:
        neighbours[above].append(below)
        neighbours[below].append(above)
    _spread(rows)
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            middles = {card: _middle(neighbours[card], card) for card in row}
            row.sort(key=middles.__getitem__)
        _spread(rows)
    box.width = max(len(box.title) * TITLE_CHARACTER + BOX_PADDING, *(card.x + card.width for card in box.cards)) + BOX_PADDING
    box.height = max(card.y + card.height for card in box.cards) + BOX_PADDING


def _middle(others: Sequence[Card], card: Card) -> float:
    """Where a card would like to be: in the middle of its neighbours."""
    return sum(each.x + each.width / 2 for each in others or [card]) / max(len(others), 1)


def _spread(rows: Sequence[Sequence[Card]]) -> None:
    """Puts rows below each other and the cards of each beside each other, all rows around one middle line."""
    widths = [sum(card.width + CARD_GAP for card in row) - CARD_GAP for row in rows]
    y: float = BOX_TITLE
    for row, width in zip(rows, widths, strict=True):
        x = BOX_PADDING + (max(widths) - width) / 2
        for card in row:
            card.x, card.y = x, y
            x += card.width + CARD_GAP
        y += max((card.height for card in row), default=0) + ROW_GAP
