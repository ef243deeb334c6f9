"""Nothing gets through: no route answers whom it should not, and none leaves the server's root."""

from __future__ import annotations

import json

import pytest
from jupyter_server.auth.authorizer import Authorizer
from jupyter_server.auth.identity import IdentityProvider, User

from nbtrack.server import handler
from nbtrack.server.routes import ROUTES

ENABLED = {"jpserver_extensions": {"nbtrack.server": True}, "allow_unauthenticated_access": False}
CALLS = [
    (path.replace("([0-9a-f]+)", "0" * 32), method.upper(), f"{path} {method}")
    for path, found in ROUTES.items()
    for method in ("get", "post", "put", "patch", "delete")
    if method in vars(found)
]
"""Every route by every method it has: a new one is held to the same."""


@pytest.fixture
def call(http_server_client, jp_base_url, jp_serverapp):
    """The status of a request without any right but what its headers give."""

    async def call(path, method, headers=None, body=None, answer=False):
        content = None if method == "GET" else json.dumps(body or {})
        done = await http_server_client.fetch(
            f"{jp_base_url}nbtrack/api/{path}", method=method, body=content, headers=headers or {}, follow_redirects=False, raise_error=False
        )
        return done if answer else done.code

    return call


@pytest.mark.parametrize("token", ["", "token wrong", "token "])
async def test_nobody_gets_through_without_the_token(call, token):
    headers = {"Authorization": token} if token else {}
    assert {name: await call(path, method, headers) for path, method, name in CALLS} == {name: 403 for _, _, name in CALLS}


async def test_a_cookie_alone_changes_nothing(call, jp_auth_header):
    """A page of another site that the browser sends the cookie along with has no XSRF token."""
    first = await call("about", "GET", jp_auth_header, answer=True)
    cookie = "; ".join(it.partition(";")[0] for it in first.headers.get_list("Set-Cookie"))
    assert cookie
    assert await call("about", "GET", {"Cookie": cookie}) == 200
    refused = {name: await call(path, method, {"Cookie": cookie}) for path, method, name in CALLS if method != "GET"}
    assert refused == dict.fromkeys(refused, 403)


async def test_a_page_of_another_site_is_not_answered(call):
    headers = {"Origin": "http://elsewhere.test"}
    found = {name: await call(path, method, headers) for path, method, name in CALLS}
    assert set(found.values()) <= {403, 404}  # the latter is how Jupyter Server answers another origin


@pytest.mark.parametrize("said", ["../../etc/passwd", "/../x.ipynb", "a/../../x.ipynb", "a\0.ipynb", "..", ["a"], {"a": 1}])
async def test_no_path_leaves_the_root(call, jp_auth_header, said):
    assert await call("runs", "POST", jp_auth_header, {"path": said}) in ((400,) if isinstance(said, str) else (200, 400))


async def test_a_link_does_not_lead_out_of_the_root(call, jp_auth_header, jp_root_dir, tmp_path):
    (tmp_path / "outside").mkdir()
    (jp_root_dir / "link").symlink_to(tmp_path / "outside")
    assert await call("runs", "POST", jp_auth_header, {"path": "link/x.ipynb"}) == 400


@pytest.mark.parametrize("body", [{"cells": 5, "scope": []}, {"query": {"a": 1}}, {"runs": 7, "do": None}, {"ask": "curves", "points": "many", "runs": 3}])
async def test_what_is_no_request_of_ours_is_refused_without_our_insides(call, jp_auth_header, body):
    for path, method, name in CALLS:
        if method == "POST":
            found = await call(path, method, jp_auth_header, body, answer=True)
            assert b"Traceback" not in found.body, name
            assert b"site-packages" not in found.body, name


async def test_one_who_asks_without_end_is_told_to_wait(call, jp_auth_header, monkeypatch):
    monkeypatch.setattr(handler, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(handler, "A_SECOND", 0.001)
    assert [await call("about", "GET", jp_auth_header) for _ in range(4)] == [200, 200, 200, 429]


class Readers(Authorizer):
    """Looks at runs are allowed, and nothing else."""

    def is_authorized(self, handler, user, action, resource):
        return resource != "nbtrack" or action == "read"


class TestReaders:
    @pytest.fixture
    def jp_server_config(self, home):
        return {"ServerApp": {**ENABLED, "authorizer_class": Readers}}

    async def test_who_may_read_changes_and_runs_nothing(self, call, jp_auth_header):
        reading = {"runs post", "ask post", "notebooks post"}
        found = {name: await call(path, method, jp_auth_header) for path, method, name in CALLS if path != "events"}
        assert {name for name, code in found.items() if code == 403} == {name for name in found if name.endswith("post")} - reading


class Named(IdentityProvider):
    """As a hub says who somebody is."""

    async def get_user(self, handler):
        name = handler.request.headers.get("X-User")
        return User(name) if name else None


class TestTwoUsers:
    @pytest.fixture
    def jp_server_config(self, home):
        return {"ServerApp": {**ENABLED, "identity_provider_class": Named, "disable_check_xsrf": True}}

    async def test_each_has_their_own_jobs_and_their_own_share(self, call, add_run, monkeypatch):
        run = add_run()
        ana, ben = {"X-User": "ana"}, {"X-User": "ben"}
        job = json.loads((await call("jobs", "POST", ana, {"kind": "reproduce", "run": run.run_id}, answer=True)).body)
        theirs, none = [json.loads((await call("jobs", "GET", who, answer=True)).body)["jobs"] for who in (ana, ben)]
        assert ([it["id"] for it in theirs], none) == ([job["id"]], [])
        assert await call(f"jobs/{job['id']}", "GET", ana) == 200
        assert await call(f"jobs/{job['id']}", "GET", ben) == 404
        assert await call(f"jobs/{job['id']}", "POST", ben, {"do": "cancel"}) == 404
        assert await call(f"jobs/{job['id']}", "POST", ana, {"do": "cancel"}) == 200
        monkeypatch.setattr(handler, "MOST_AT_ONCE", 1)
        assert [await call("health", "GET", who) for who in ({"X-User": "eve"}, {"X-User": "eve"}, {"X-User": "una"})] == [200, 429, 200]
