"""What a program does reaches the user through the language host as it does through the official one."""

import pytest

from tests.support.engine import ProjectFactory

pytestmark = pytest.mark.engine


def test_program_runs_and_its_outputs_are_kept(project: ProjectFactory) -> None:
    made = project({"__main__.py": "import pulumi\npulumi.export('answer', 42)\n"})

    made.up()

    assert made.outputs() == {"answer": 42}
    assert [resource["type"] for resource in made.resources()] == ["pulumi:pulumi:Stack"]
    made.destroy()
    assert made.resources() == []
