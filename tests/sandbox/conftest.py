from collections.abc import Iterator

import pytest

from tests.sandbox.cloud import Cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """The service alone, in memory."""
    made = Cloud(":memory:")
    yield made
    made.store.close()
