"""Plugins written in Python run through the language host: providers of all kinds, and policy packs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.engine import Completed, Project, ProjectFactory, project_file, virtual_environment

pytestmark = pytest.mark.engine

RUNTIME = f"runtime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: {sys.prefix}\n"

DYNAMIC = """
import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

class Provider(ResourceProvider):
    def create(self, inputs):
        print("creating", inputs["value"])
        if inputs["value"] == "broken":
            raise Exception("the service is down")
        return CreateResult("id-1", {**inputs, "twice": inputs["value"] * 2})
    def diff(self, id, olds, news):
        return DiffResult(changes=olds["value"] != news["value"])
    def update(self, id, olds, news):
        return UpdateResult({**news, "twice": news["value"] * 2})
    def read(self, id, props):
        return ReadResult(id, {**props, "twice": "drifted"})

class Thing(Resource):
    twice: pulumi.Output[str]
    def __init__(self, name, value):
        super().__init__(Provider(), name, {"value": value, "twice": None})

pulumi.export("twice", Thing("thing", pulumi.Config().get("value") or "ab").twice)
"""

PACK = """
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

def check(args, report):
    print("looked at", args.name)
    if args.props.get("value") in ("bad", "poor"):
        report(f"{args.name} has the value {args.props['value']}")

PolicyPack("pack", policies=[
    ResourceValidationPolicy(name="no-bad", description="Bad values cost money.", enforcement_level=EnforcementLevel.MANDATORY, validate=check),
])
"""

COMPONENT = '''
from typing import TypedDict
import pulumi
from pulumi.provider.experimental import component_provider_host

class GreetingArgs(TypedDict):
    who: pulumi.Input[str]
    """Who to greet."""

class Greeting(pulumi.ComponentResource):
    """Greets."""
    text: pulumi.Output[str]
    def __init__(self, name: str, args: GreetingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("greeter:index:Greeting", name, {}, opts)
        self.text = pulumi.Output.concat("hello ", args["who"])
        self.register_outputs({"text": self.text})

if __name__ == "__main__":
    component_provider_host([Greeting], name="greeter", version="1.2.3")
'''

# A resource provider, with its state in a file so that a test can make it drift.
PROVIDER = """
import json, pathlib, sys
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import (
    CheckResponse, CreateResponse, DiffResponse, GetSchemaResponse, Provider, ReadResponse, UpdateResponse,
)
from pulumi.provider.experimental.server import main

STORE = pathlib.Path(__file__).parent / "store.json"
SCHEMA = {
    "name": "shelf", "version": "0.1.0",
    "resources": {"shelf:index:Book": {
        "inputProperties": {"title": {"type": "string"}}, "requiredInputs": ["title"],
        "properties": {"title": {"type": "string"}}, "required": ["title"],
    }},
}

def load():
    return json.loads(STORE.read_text()) if STORE.exists() else {}

def save(books):
    STORE.write_text(json.dumps(books))

class Shelf(Provider):
    async def get_schema(self, request):
        return GetSchemaResponse(json.dumps(SCHEMA))
    async def check(self, request):
        return CheckResponse(request.new_inputs)
    async def diff(self, request):
        return DiffResponse(changes=request.old_state["title"] != request.new_inputs["title"])
    async def create(self, request):
        print("provider says: creating", file=sys.stderr)
        if not request.preview:
            save({**load(), "book-1": request.properties["title"].value})
        return CreateResponse("" if request.preview else "book-1", request.properties)
    async def update(self, request):
        if not request.preview:
            save({**load(), request.resource_id: request.news["title"].value})
        return UpdateResponse(request.news)
    async def read(self, request):
        title = load().get(request.resource_id)
        if title is None:
            return ReadResponse("", {}, {})
        found = {"title": PropertyValue(title)}
        return ReadResponse(request.resource_id, found, found)
    async def delete(self, request):
        books = load()
        del books[request.resource_id]
        save(books)

main(sys.argv[1:], "0.1.0", Shelf())
"""


# The SDK's server cannot be attached to.
ATTACH = """
from google.protobuf.empty_pb2 import Empty
from pulumi.provider.experimental.server import ProviderServicer

async def attach(self, request, context):
    return Empty()

ProviderServicer.Attach = attach
"""


def with_pack(project: ProjectFactory, pack: str = PACK) -> Project:
    made = project({"__main__.py": DYNAMIC, "pack/__main__.py": pack, "pack/PulumiPolicy.yaml": RUNTIME})
    made.policy_pack = made.directory / "pack"
    return made


def test_dynamic_provider_creates_updates_refreshes_and_deletes(project: ProjectFactory) -> None:
    made = project({"__main__.py": DYNAMIC})

    assert "creating ab" in made.up().output
    assert made.outputs() == {"twice": "abab"}
    made.configure({"value": "xy"}).up()
    assert made.outputs() == {"twice": "xyxy"}
    assert "1 unchanged" not in made.preview().output.replace("2 unchanged", "")
    made.refresh()
    made.destroy()
    assert made.resources() == []


def test_failure_in_a_dynamic_provider_fails_the_update(project: ProjectFactory) -> None:
    made = project({"__main__.py": DYNAMIC}).configure({"value": "broken"})

    done = made.up(check=False).failed()

    assert "the service is down" in done.output


def test_policy_pack_passes_what_is_right(project: ProjectFactory) -> None:
    made = with_pack(project)

    done = made.preview()

    assert "pack@v0.0.1" in done.output
    assert "looked at thing" in done.output
    made.up()


@pytest.mark.usefixtures("own_language_host")
def test_policy_pack_refuses_what_is_wrong(project: ProjectFactory) -> None:
    made = with_pack(project).configure({"value": "bad"})

    for done in (made.preview(check=False), made.up(check=False)):
        assert done.exit_code == 1
        assert "[mandatory]  no-bad" in done.output
        assert "thing has the value bad" in done.output
        assert "Traceback" not in done.output
        assert "KeyboardInterrupt" not in done.output
    assert [resource["type"] for resource in made.resources() if "dynamic" in resource["type"]] == []


def test_policy_pack_that_cannot_start_says_why(project: ProjectFactory) -> None:
    made = with_pack(project, "import nowhere\n")

    done = made.preview(check=False).failed()

    assert "No module named 'nowhere'" in done.output


def test_policy_pack_with_a_virtual_environment_relative_to_it(project: ProjectFactory) -> None:
    made = with_pack(project)
    (made.directory / ".venv").symlink_to(sys.prefix)
    made.write({"pack/PulumiPolicy.yaml": "runtime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: ../.venv\n"})

    made.preview()


def shelf(project: ProjectFactory, program: str = "") -> Project:
    return project(
        {
            "Pulumi.yaml": project_file(extra="plugins:\n  providers:\n    - name: shelf\n      path: ../shelf\n"),
            "__main__.py": program,
            "../shelf/__main__.py": PROVIDER,
            "../shelf/PulumiPlugin.yaml": RUNTIME,
        }
    )


BOOK = """
import pulumi

class Book(pulumi.CustomResource):
    title: pulumi.Output[str]
    def __init__(self, name, title, opts=None):
        super().__init__("shelf:index:Book", name, {"title": title}, opts)

pulumi.export("title", Book("book", pulumi.Config().get("title") or "Emma").title)
"""


def test_resource_provider_by_path_does_the_whole_cycle(project: ProjectFactory) -> None:
    made = shelf(project, BOOK)
    store = made.directory.parent / "shelf" / "store.json"

    made.preview()
    assert not store.exists()
    assert "provider says" not in made.up().output
    assert json.loads(store.read_text()) == {"book-1": "Emma"}
    made.configure({"title": "Persuasion"}).up()
    assert json.loads(store.read_text()) == {"book-1": "Persuasion"}

    store.write_text(json.dumps({"book-1": "Drift"}))
    made.refresh()
    (book,) = (resource for resource in made.resources() if resource["type"] == "shelf:index:Book")
    assert book["outputs"]["title"] == "Drift"
    made.up()
    assert json.loads(store.read_text()) == {"book-1": "Persuasion"}

    made.destroy()
    assert json.loads(store.read_text()) == {}


def test_provider_that_already_runs_is_attached_to(project: ProjectFactory, tmp_path: Path) -> None:
    (tmp_path / "shelf.py").write_text(PROVIDER.replace("main(sys.argv", f"{ATTACH}main(sys.argv"))
    provider = subprocess.Popen([sys.executable, str(tmp_path / "shelf.py"), "127.0.0.1:1"], stdout=subprocess.PIPE, text=True)
    assert provider.stdout is not None
    try:
        made = project({"__main__.py": BOOK}, debug_providers={"shelf": int(provider.stdout.readline())})
        made.up()
        assert json.loads((tmp_path / "store.json").read_text()) == {"book-1": "Emma"}
        made.destroy()
        assert provider.poll() is None
    finally:
        provider.kill()
        provider.communicate()


def test_import_adopts_a_resource_and_writes_the_program_for_it(project: ProjectFactory) -> None:
    made = shelf(project)
    (made.directory.parent / "shelf" / "store.json").write_text(json.dumps({"book-1": "Emma"}))

    done = made.run("import", "shelf:index:Book", "book", "book-1", "--yes", "--stack", "dev", "--out", "imported.py").ok()

    (book,) = (resource for resource in made.resources() if resource["type"] == "shelf:index:Book")
    assert book["inputs"] == {"title": "Emma"}
    assert book["protect"] is True
    written = (made.directory / "imported.py").read_text()
    assert "import pulumi_shelf as shelf" in written, done.output
    assert 'title="Emma"' in written


def test_provider_that_crashes_is_named_with_its_last_words(project: ProjectFactory) -> None:
    made = shelf(project, BOOK)
    made.write({"../shelf/__main__.py": "raise SystemExit('cannot reach the shelf')\n"})

    done = made.up(check=False).failed()

    assert "cannot reach the shelf" in done.output


@pytest.mark.usefixtures("own_language_host")
def test_plugin_without_a_program_is_refused(project: ProjectFactory) -> None:
    made = shelf(project, BOOK)
    (made.directory.parent / "shelf" / "__main__.py").unlink()

    done = made.up(check=False).failed()

    assert "is not runnable: it provides neither __main__.py nor a pyproject.toml" in done.output


def consumer(project: ProjectFactory) -> Project:
    """A project that has an environment of its own to install an SDK into."""
    made = project(
        {
            "Pulumi.yaml": project_file("consumer", virtualenv="venv"),
            "requirements.txt": "pulumi\n",
            "__main__.py": "import pulumi\nimport pulumi_greeter as greeter\npulumi.export('text', greeter.Greeting('g', who='you').text)\n",
            "../greeter/__main__.py": COMPONENT,
            "../greeter/PulumiPlugin.yaml": RUNTIME,
        }
    )
    virtual_environment(made.directory / "venv")
    return made


def add(made: Project) -> Completed:
    return made.run("package", "add", "../greeter").ok()


@pytest.mark.usefixtures("own_language_host")
def test_component_package_is_added_to_a_python_program_and_used(project: ProjectFactory) -> None:
    made = consumer(project)

    done = add(made)

    assert "import pulumi_greeter as greeter" in done.output
    assert (made.directory / "requirements.txt").read_text() == "pulumi\nsdks/greeter\n"
    made.up()
    assert made.outputs() == {"text": "hello you"}
    assert "Who to greet." in (made.directory / "sdks" / "greeter" / "pulumi_greeter" / "greeting.py").read_text()
    made.destroy()

    add(made)
    assert (made.directory / "requirements.txt").read_text() == "pulumi\nsdks/greeter\n"


@pytest.mark.usefixtures("own_language_host")
def test_sdk_is_generated_without_a_project(project: ProjectFactory) -> None:
    made = consumer(project)

    made.run("package", "gen-sdk", "../greeter", "--language", "python", "--out", "generated").ok()

    assert (made.directory / "generated" / "python" / "pulumi_greeter" / "greeting.py").exists()


@pytest.mark.usefixtures("own_language_host")
def test_about_names_the_python_of_the_program(project: ProjectFactory) -> None:
    made = project({"__main__.py": ""})

    said = made.run("about").ok().stdout

    assert f"executable='{sys.prefix}/bin/python'" in said
    assert "language  python  3.259.0" in said
    assert "pulumi-policy" in said


def test_stack_and_configuration_commands(project: ProjectFactory) -> None:
    made = project({"__main__.py": "import pulumi\npulumi.export('a', 1)\n"}).configure({"name": "value"})
    made.up()

    assert made.run("config", "get", "name").ok().stdout.strip() == "value"
    assert json.loads(made.run("config", "--json").ok().stdout)["test:name"]["value"] == "value"
    assert "dev" in made.run("stack", "ls").ok().stdout
    assert "pulumi:pulumi:Stack" in made.run("stack").ok().stdout
    made.destroy()
    made.run("stack", "rm", "--yes", "dev").ok()


@pytest.mark.usefixtures("own_language_host")
def test_install_creates_the_virtual_environment_and_reports_what_fails(project: ProjectFactory) -> None:
    made = project({"Pulumi.yaml": project_file(virtualenv="made"), "__main__.py": "", "requirements.txt": "./nowhere\n"})

    done = made.run("install").failed()

    assert (made.directory / "made" / "bin" / "python").exists()
    assert "Creating virtual environment..." in done.output
    assert "installing dependencies via" in done.output
    assert "nowhere" in done.output


@pytest.mark.usefixtures("own_language_host")
def test_missing_virtual_environment_is_made_on_the_way(project: ProjectFactory) -> None:
    made = project({"Pulumi.yaml": project_file(virtualenv="made"), "__main__.py": "", "requirements.txt": "# nothing\n"})

    done = made.up(check=False).failed()

    assert (made.directory / "made" / "bin" / "python").exists()
    assert "Creating virtual environment..." in done.output
    assert "the Pulumi SDK has not been installed" in done.output


def test_program_in_pulumis_own_language_is_converted_to_python(project: ProjectFactory) -> None:
    made = project({"main.pp": "config size number {}\n\noutput area {\n  value = size * size\n}\n"}, init=False)
    (made.directory / "Pulumi.yaml").unlink()

    made.run("convert", "--from", "pcl", "--language", "python", "--out", "converted", "--generate-only").ok()

    written = (made.directory / "converted" / "__main__.py").read_text()
    assert 'pulumi.export("area", size * size)' in written
