"""Hosts of code as pipelines see them: an HTTP server that remembers comments, and what CI systems tell a job that runs for a pull request."""

import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

from modeldeploy.preview.review import PAGE


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


@contextmanager
def remembering_host() -> Generator[str]:
    """The address of a host without comments."""
    Host.comments, Host.asked, Host.tokens = [], [], set()
    server = HTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
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
