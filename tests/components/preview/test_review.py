"""Comments on pull requests, with a host that remembers them."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from modeldeploy.preview.review import PAGE, ReviewError, here

MARKER = "<!-- plan -->"


class Host(BaseHTTPRequestHandler):
    """Answers as GitHub, GitLab and Azure DevOps do, for what is asked here; keeps comments as `[author, text]`."""

    comments: ClassVar[list[list[str]]] = []
    asked: ClassVar[list[tuple[str, str]]] = []
    tokens: ClassVar[set[str]] = set()

    def _answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        Host.asked.append((self.command, self.path))
        Host.tokens.update(filter(None, (self.headers.get("Authorization"), self.headers.get("PRIVATE-TOKEN"))))
        status, answer = self._respond(body)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_POST = do_PATCH = do_PUT = _answer

    def _respond(self, body: Any) -> tuple[int, Any]:
        path = self.path.partition("?")[0]
        if path.endswith("/user"):
            return 200, {"login": "robot", "id": "robot"}
        if path.endswith("/connectionData"):
            return 200, {"authenticatedUser": {"id": "robot"}}
        if path.startswith("/broken"):
            return 403, {"message": "Resource not accessible by integration"}
        if self.command in ("PATCH", "PUT"):
            index = int(re.findall(r"\d+", path)[-2 if "threads" in path else -1])
            Host.comments[index][1] = body.get("body") or body["content"]
            return 200, {}
        if self.command == "POST":
            Host.comments.append(["robot", body["body"] if "body" in body else body["comments"][0]["content"]])
            return 201, {}
        if "threads" in path:
            threads = [
                {"id": index, "comments": [{"id": 1, "content": text, "author": {"id": author}}]}
                for index, (author, text) in enumerate(Host.comments)
            ]
            return 200, {"value": [{"id": 99, "comments": [{"id": 1, "author": {"id": "robot"}}]}, *threads]}
        page = int(re.findall(r"page=(\d+)", self.path)[-1])
        listed = [
            {"id": index, "body": text, "user": {"login": author}, "author": {"id": author}} for index, (author, text) in enumerate(Host.comments)
        ]
        return 200, listed[(page - 1) * PAGE : page * PAGE]

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    Host.comments, Host.asked, Host.tokens = [], [], set()
    server = HTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def environments(host: str) -> dict[str, dict[str, str]]:
    """What each CI system tells a job that runs for a pull request."""
    return {
        "github": {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": host,
            "GITHUB_REPOSITORY": "team/models",
            "GITHUB_REF": "refs/pull/12/merge",
            "GITHUB_TOKEN": "secret",
        },
        "gitlab": {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{host}/api/v4",
            "CI_PROJECT_ID": "7",
            "CI_MERGE_REQUEST_IID": "12",
            "GITLAB_TOKEN": "secret",
        },
        "azure": {
            "TF_BUILD": "True",
            "SYSTEM_COLLECTIONURI": f"{host}/team/",
            "SYSTEM_TEAMPROJECT": "our models",
            "BUILD_REPOSITORY_ID": "r-1",
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "12",
            "SYSTEM_ACCESSTOKEN": "secret",
        },
        "jenkins": {
            "JENKINS_URL": "http://jenkins",
            "CHANGE_URL": "https://github.com/team/models/pull/12",
            "GITHUB_API_URL": host,
            "GITHUB_TOKEN": "secret",
        },
    }


US = {"github": "github-actions[bot]", "gitlab": "robot", "azure": "robot", "jenkins": "robot"}
WHERE = {
    "github": "/repos/team/models/issues/12/comments",
    "gitlab": "/api/v4/projects/7/merge_requests/12/notes",
    "azure": "/team/our%20models/_apis/git/repositories/r-1/pullRequests/12/threads?api-version=7.1",
    "jenkins": "/repos/team/models/issues/12/comments",
}


@pytest.mark.parametrize("system", US)
def test_the_first_plan_is_added_and_the_next_one_takes_its_place(host: str, system: str) -> None:
    Host.comments += [["somebody", "What is this?"], [US[system], "Another comment of ours"]]
    review = here(environments(host)[system])
    review.put(f"{MARKER} one", MARKER)
    assert ("POST", WHERE[system]) in Host.asked
    Host.comments[-1][0] = US[system]
    review.put(f"{MARKER} two", MARKER)
    assert [text for _, text in Host.comments] == ["What is this?", "Another comment of ours", f"{MARKER} two"]
    assert Host.tokens <= {"Bearer secret", "secret"}


@pytest.mark.parametrize("system", US)
def test_a_comment_that_somebody_else_prepared_is_left_alone(host: str, system: str) -> None:
    Host.comments.append(["somebody", f"{MARKER} looks harmless"])
    here(environments(host)[system]).put(f"{MARKER} the real one", MARKER)
    assert [text for _, text in Host.comments] == [f"{MARKER} looks harmless", f"{MARKER} the real one"]


@pytest.mark.parametrize("system", ["github", "gitlab"])
def test_our_comment_is_found_on_later_pages_too(host: str, system: str) -> None:
    Host.comments += [["somebody", f"comment {index}"] for index in range(PAGE)] + [[US[system], f"{MARKER} one"]]
    here(environments(host)[system]).put(f"{MARKER} two", MARKER)
    assert Host.comments[-1] == [US[system], f"{MARKER} two"]
    assert len(Host.comments) == PAGE + 1


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("github", "GITHUB_TOKEN"),
        ("github", "GITHUB_REPOSITORY"),
        ("gitlab", "GITLAB_TOKEN"),
        ("gitlab", "CI_MERGE_REQUEST_IID"),
        ("azure", "SYSTEM_ACCESSTOKEN"),
        ("azure", "SYSTEM_PULLREQUEST_PULLREQUESTID"),
        ("jenkins", "GITHUB_TOKEN"),
        ("jenkins", "CHANGE_URL"),
    ],
)
def test_what_is_missing_in_the_environment_is_named(system: str, name: str) -> None:
    environment = environments("http://127.0.0.1:1")[system]
    del environment[name]
    with pytest.raises(ReviewError, match=f"{name} is not set"):
        here(environment)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "this is no pipeline of GitHub Actions, GitLab, Azure DevOps or Jenkins"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_REF": "refs/heads/main"}, "this run of GitHub Actions is for no pull request"),
        ({"JENKINS_URL": "x", "CHANGE_URL": "https://gitlab.com/a/b/-/merge_requests/1"}, "is no pull request on GitHub"),
    ],
)
def test_a_run_for_no_pull_request_is_refused(environment: dict[str, str], message: str) -> None:
    with pytest.raises(ReviewError, match=message):
        here(environment)


def test_a_host_that_refuses_is_told_with_its_own_words(host: str) -> None:
    environment = {**environments(host)["github"], "GITHUB_API_URL": f"{host}/broken"}
    with pytest.raises(ReviewError, match=r"GET .*/comments\?per_page=100&page=1 was answered with 403: .*not accessible by integration"):
        here(environment).put("text", MARKER)


def test_a_host_that_does_not_answer_is_told() -> None:
    with pytest.raises(ReviewError, match=r"GET http://127\.0\.0\.1:1/repos.* failed: .*refused"):
        here(environments("http://127.0.0.1:1")["github"]).put("text", MARKER)
