"""Puts a comment on the pull request (GitHub, Azure DevOps) or merge request (GitLab) that a pipeline runs for.

The comment of the run before is replaced, so that there is one plan and it is the latest. Only a comment of the pipeline's own user counts: somebody
else's could be rewritten by them afterwards.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SECONDS = 30
PAGE = 100


class ReviewError(RuntimeError):
    """The comment could not be put there."""


@dataclass
class Review(ABC):
    """A pull request, as its host's API knows it."""

    address: str
    headers: dict[str, str]

    @abstractmethod
    def find(self, marker: str) -> str | None:
        """The address of our comment that begins with `marker`."""

    @abstractmethod
    def add(self, text: str) -> None:
        """Adds a comment."""

    @abstractmethod
    def replace(self, comment: str, text: str) -> None:
        """Replaces the comment at this address."""

    def put(self, text: str, marker: str) -> None:
        """Replaces our comment that begins with `marker`, or adds one."""
        existing = self.find(marker)
        if existing is None:
            self.add(text)
        else:
            self.replace(existing, text)

    def call(self, method: str, address: str, body: object = None) -> Any:
        """What the API answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, {"Content-Type": "application/json", **self.headers}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:500]
            raise ReviewError(f"{method} {address} was answered with {error.code}: {said}") from None
        except (OSError, ValueError) as error:
            raise ReviewError(f"{method} {address} failed: {error}") from None

    def pages(self, address: str) -> Iterator[Any]:
        """The items of a list that comes in pages."""
        page = 1
        while True:
            items: list[Any] = self.call("GET", f"{address}?per_page={PAGE}&page={page}")
            yield from items
            if len(items) < PAGE:
                return
            page += 1


@dataclass
class GitHub(Review):
    """A pull request on GitHub; `address` is that of its repository in the API."""

    number: str = ""
    user: str = ""
    """Who we are; empty: asked for. The token of a workflow may not ask."""

    def find(self, marker: str) -> str | None:
        """See `Review`."""
        user = self.user or self.call("GET", f"{self.address.partition('/repos/')[0]}/user")["login"]
        for comment in self.pages(f"{self.address}/issues/{self.number}/comments"):
            if comment["user"]["login"] == user and comment["body"].startswith(marker):
                return f"{self.address}/issues/comments/{comment['id']}"
        return None

    def add(self, text: str) -> None:
        """See `Review`."""
        self.call("POST", f"{self.address}/issues/{self.number}/comments", {"body": text})

    def replace(self, comment: str, text: str) -> None:
        """See `Review`."""
        self.call("PATCH", comment, {"body": text})


@dataclass
class GitLab(Review):
    """A merge request on GitLab; `address` is that of its notes, `api` that of the API."""

    api: str = ""

    def find(self, marker: str) -> str | None:
        """See `Review`."""
        user = self.call("GET", f"{self.api}/user")["id"]
        for note in self.pages(self.address):
            if note["author"]["id"] == user and note["body"].startswith(marker):
                return f"{self.address}/{note['id']}"
        return None

    def add(self, text: str) -> None:
        """See `Review`."""
        self.call("POST", self.address, {"body": text})

    def replace(self, comment: str, text: str) -> None:
        """See `Review`."""
        self.call("PUT", comment, {"body": text})


@dataclass
class AzureDevOps(Review):
    """A pull request in Azure Repos; `address` is that of its threads, `collection` that of the organization."""

    collection: str = ""

    def find(self, marker: str) -> str | None:
        """See `Review`."""
        user = self.call("GET", f"{self.collection}/_apis/connectionData")["authenticatedUser"]["id"]
        for thread in self.call("GET", f"{self.address}?api-version=7.1")["value"]:
            for comment in thread["comments"]:
                if comment["author"]["id"] == user and (comment.get("content") or "").startswith(marker):
                    return f"{self.address}/{thread['id']}/comments/{comment['id']}"
        return None

    def add(self, text: str) -> None:
        """See `Review`."""
        comment = {"parentCommentId": 0, "content": text, "commentType": "text"}
        self.call("POST", f"{self.address}?api-version=7.1", {"comments": [comment], "status": "closed"})

    def replace(self, comment: str, text: str) -> None:
        """See `Review`."""
        self.call("PATCH", f"{comment}?api-version=7.1", {"content": text})


def here(environment: Mapping[str, str]) -> Review:
    """The pull request that the pipeline with this environment runs for; raises `ReviewError` with the variable that is missing."""
    if environment.get("GITHUB_ACTIONS") == "true":
        number = environment.get("GITHUB_REF", "").removeprefix("refs/pull/").partition("/")[0]
        if not number.isdigit():
            raise ReviewError("this run of GitHub Actions is for no pull request: GITHUB_REF is not refs/pull/<number>/merge")
        return _github(environment, _need(environment, "GITHUB_REPOSITORY"), number, "github-actions[bot]")
    if environment.get("GITLAB_CI") == "true":
        api, project, number = (_need(environment, name) for name in ("CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID"))
        return GitLab(f"{api}/projects/{project}/merge_requests/{number}/notes", {"PRIVATE-TOKEN": _need(environment, "GITLAB_TOKEN")}, api)
    if environment.get("TF_BUILD") == "True":
        collection = _need(environment, "SYSTEM_COLLECTIONURI").rstrip("/")
        project, repository = urllib.parse.quote(_need(environment, "SYSTEM_TEAMPROJECT")), _need(environment, "BUILD_REPOSITORY_ID")
        number = _need(environment, "SYSTEM_PULLREQUEST_PULLREQUESTID")
        threads = f"{collection}/{project}/_apis/git/repositories/{repository}/pullRequests/{number}/threads"
        return AzureDevOps(threads, {"Authorization": f"Bearer {_need(environment, 'SYSTEM_ACCESSTOKEN')}"}, collection)
    if "JENKINS_URL" in environment:
        path = urllib.parse.urlparse(_need(environment, "CHANGE_URL")).path.strip("/").split("/")
        if len(path) != 4 or path[2] != "pull":
            raise ReviewError(f"CHANGE_URL '{environment['CHANGE_URL']}' is no pull request on GitHub, which is what Jenkins jobs can comment on")
        return _github(environment, "/".join(path[:2]), path[3], environment.get("GITHUB_USER", ""))
    raise ReviewError("this is no pipeline of GitHub Actions, GitLab, Azure DevOps or Jenkins; leave --comment out and read the plan in --output")


def _github(environment: Mapping[str, str], repository: str, number: str, user: str) -> GitHub:
    api = environment.get("GITHUB_API_URL", "https://api.github.com")
    headers = {"Authorization": f"Bearer {_need(environment, 'GITHUB_TOKEN')}", "Accept": "application/vnd.github+json"}
    return GitHub(f"{api}/repos/{repository}", headers, number, user)


def _need(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise ReviewError(f"{name} is not set, and without it there is no way to the pull request")
    return environment[name]
