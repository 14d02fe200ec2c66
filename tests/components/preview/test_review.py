"""Comments on pull requests, with a host that remembers them."""

from collections.abc import Iterator

import pytest

from modeldeploy.preview.review import PAGE, ReviewError, here
from tests.support.hosts import Host, environments, remembering_host

MARKER = "<!-- plan -->"


@pytest.fixture
def host() -> Iterator[str]:
    with remembering_host() as address:
        yield address


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
