"""Labels: what tags are called on Google Cloud, with stricter rules.

Keys and values have at most 63 lower-case letters, digits, '_' and '-'; keys begin with a letter; a resource has at most 64
(https://cloud.google.com/compute/docs/labeling-resources#requirements).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping

from modeldeploy.spec.arguments import Problem
from modeldeploy.spec.operations import Environment
from modeldeploy.spec.tags import standard_tags

NAME = "modeldeploy-name"
"""Label with the name of the component, by which bills are filtered."""
_LIMIT = 63


def labels(tags: Mapping[str, str], environment: Environment, name: str) -> dict[str, str]:
    """The labels of everything that belongs to the component `name`: the user's tags, the standard ones, and the component's name."""
    return {label_key(key): label_value(value) for key, value in {**standard_tags(tags, environment), NAME: name}.items()}


def label_problems(tags: Mapping[str, str]) -> Iterator[Problem]:
    """Problems of tags that would hide a label the components set on Google Cloud alone."""
    if NAME in tags:
        yield Problem(f"tags.{NAME}", "is set by the component; leave it out")


def label_key(text: str) -> str:
    """`text` as a label's key. A key that had to be changed ends in eight digits of its hash, so that two tags never become one label."""
    clean = _clean(text)
    return _cut(text, clean if clean[:1].isalpha() else f"t{clean}")


def label_value(text: str) -> str:
    """`text` as a label's value; one that had to be changed ends in eight digits of its hash."""
    return _cut(text, _clean(text))


def _clean(text: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "-", text.lower())


def _cut(text: str, clean: str) -> str:
    if clean == text and len(text) <= _LIMIT:
        return text
    return f"{clean[: _LIMIT - 9]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
