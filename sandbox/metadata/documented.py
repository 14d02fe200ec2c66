"""What only the SDKs' documentation says: lists of allowed values, constants of discriminators, immutability, and how ids are written.

Prose is read only where it cannot be misread. A list counts when it follows "Valid values are" or the like directly, every item is in backticks and
nothing but separators stands between them; a list with an aside in it is ignored, because refusing a good value is worse than missing a bad one.
"""

import re
from functools import cache

_LIST = re.compile(
    r"(?:possible|valid|allowed|accepted|supported) (?:values|options)(?: are| is)?(?: one of)?(?: the following)?\s*:?\s*"
    r"(?P<items>[`'\"][^`'\"\n]+[`'\"](?:\s*(?:,\s*(?:and|or)?|and|or|\||;)\s*[`'\"][^`'\"\n]+[`'\"])*)(?=\s*(?P<rest>[^\n]{0,30}))",
    re.IGNORECASE,
)
_ITEM = re.compile(r"[`'\"]([^`'\"\n]+)[`'\"]")
_CLEAN_ITEM = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.:/+-]*( [A-Za-z0-9_.-]+)?$")
_LOOSE = re.compile(
    r"e\.g\.|for example|such as|also (?:valid|allowed|accepted|supported)|etc\b|\.\.\.|and more|among others|regular expression|case.?insensitive"
    r"|prefix|`\dXX`",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*\([^()\n]*\)\s*(?:,\s*(?:and|or)?|and|or)\s*[`'\"]")
_ENDS = re.compile(r"^(?:[.;)]|$|\s*(?:default|the default|defaults)\b|\(default\b)", re.IGNORECASE)
_CONSTANT = re.compile(r"Expected value is '([^']+)'\.")

_IMMUTABLE = re.compile(
    r"(?:forces?|force|triggers?|causes?|requires?) (?:the )?(?:a |an )?(?:new resource|replacement|recreation|re-creation|new \w+ to be created|"
    r"resource (?:replacement|recreation)|creation of a new|recreate)"
    r"|^immutable\b|\bis immutable\b|\bimmutable[.;]|\bforcenew\b"
    r"|(?:cannot|can't|can not) be (?:changed|modified|updated)(?: once| after|\.|,|;|$)",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"\b(?:if|when|unless|only|empty string|once (?:this|it) is|from|disabling|removing|may|locked|modifying)\b", re.IGNORECASE)

_AWS_ID = re.compile(r"Using `pulumi import`, import [^\n]*? using (?:the |a |an )?(?:[\w\s-]*?)?`([^`]+)`(?P<rest>[^\n]*)", re.IGNORECASE)
_GCP_ID = re.compile(r"^\* `([^`]*\{\{[^`]*)`$", re.MULTILINE)


@cache
def allowed_values(doc: str) -> tuple[str, ...]:
    """The values a property's documentation allows, or nothing when it gives no list that can be read surely."""
    lists: set[tuple[str, ...]] = set()
    for match in _LIST.finditer(doc):
        items = tuple(_ITEM.findall(match["items"]))
        if _ASIDE.match(doc, match.end("items")) or not _ENDS.match(match["rest"].strip()) or not all(_CLEAN_ITEM.match(item) for item in items):
            return ()
        lists.add(items)
    if len(lists) != 1 or _LOOSE.search(doc):
        return ()
    return lists.pop()


@cache
def constant(doc: str) -> str | None:
    """The one value of an Azure discriminator property ("Expected value is 'Managed'.")."""
    match = _CONSTANT.search(doc)
    return match[1] if match else None


@cache
def immutable(doc: str) -> bool:
    """Whether a property's documentation says, without a condition, that changing it replaces the resource."""
    sentences = re.split(r"(?<=[.;])\s+|\n", doc)
    return any(_IMMUTABLE.search(sentence) and not _CONDITION.search(sentence) for sentence in sentences)


@cache
def gcp_id_template(doc: str) -> str | None:
    """The id of a Google Cloud resource as its import section writes it, with single braces: `projects/{project}/...`."""
    match = _GCP_ID.search(doc)
    return re.sub(r"\{\{%?([\w-]+)\}\}", lambda found: f"{{{_camel(found[1])}}}", match[1]) if match else None


@cache
def aws_id_property(doc: str) -> str | None:
    """The property an AWS resource's id is, as far as its import section says it (`name`, `arn`, `id`)."""
    match = _AWS_ID.search(doc)
    if match is None or "`" in match["rest"].split(". For example")[0]:
        return None
    return _camel(match[1])


def _camel(name: str) -> str:
    first, *rest = name.replace("-", "_").split("_")
    return first + "".join(word.capitalize() for word in rest)
