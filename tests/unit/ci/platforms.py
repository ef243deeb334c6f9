"""Small servers that follow the documented APIs of GitHub and GitLab, as far as comments go."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Platform:
    """Comments of one pull request, and answers to give instead."""

    me: object
    create, update = "POST", "PATCH"

    def __init__(self):
        self.comments: list[dict] = []
        self.asked: list[tuple[str, str]] = []
        self.instead: list[tuple[int, dict]] = []
        """Status and headers of the next answers to writes."""
        self.next_id = 1000
        platform = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                platform.asked.append((self.command, parts.path))
                status, headers, data = platform.respond(self.command, parts.path, parse_qs(parts.query), json.loads(body or b"null"), self.headers)
                content = json.dumps(data).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json", "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = answer

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)  # it looks this often for its end
        self._thread.start()
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def writes(self):
        return [method for method, _ in self.asked if method != "GET"]

    def respond(self, method, path, query, data, headers):
        if not self.is_allowed(headers):
            return 401, {}, {"message": "Bad credentials"}
        if path == "/user":
            return self.user()
        if method != "GET" and self.instead:
            status, extra = self.instead.pop(0)
            return status, extra, {"message": "not now"}
        if path == self.collection:
            if method == "GET":
                size, page = int(query["per_page"][0]), int(query["page"][0])
                return 200, {}, self.comments[(page - 1) * size : page * size]
            self.next_id += 1
            self.comments.append(self.made(self.next_id, data["body"]))
            return 201, {}, self.comments[-1]
        if method == self.update and path.startswith(self.one):
            found = [it for it in self.comments if str(it["id"]) == path.rpartition("/")[2]]
            if not found:
                return 404, {}, {"message": "Not Found"}
            found[0]["body"] = data["body"]
            return 200, {}, found[0]
        return 404, {}, {"message": "Not Found"}


class GitHubPlatform(Platform):
    collection, one = "/repos/ann/wine/issues/7/comments", "/repos/ann/wine/issues/comments/"
    limit_bytes = 65_536
    pulls: tuple[dict, ...] = ()
    """Open pull requests."""

    def respond(self, method, path, query, data, headers):
        if method == "GET" and path == "/repos/ann/wine/pulls" and self.is_allowed(headers):
            assert query["state"] == ["open"]
            wanted = query["head"][0]
            return 200, {}, [it for it in self.pulls if f"{it['head']['repo']['full_name'].partition('/')[0]}:{it['head']['ref']}" == wanted]
        return super().respond(method, path, query, data, headers)

    def variables(self):
        job = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "ann/wine", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_TOKEN": "t-secret"}
        return {**job, "GITHUB_API_URL": self.root}

    def is_allowed(self, headers):
        return headers["Authorization"] == "Bearer t-secret" and headers["Accept"] == "application/vnd.github+json"

    def user(self):
        return 403, {}, {"message": "Resource not accessible by integration"}

    def made(self, number, body, who="github-actions[bot]"):
        return {"id": number, "body": body, "user": {"login": who}, "html_url": f"https://github.example/ann/wine/pull/7#issuecomment-{number}"}


class GitLabPlatform(Platform):
    update = "PUT"
    collection, one = "/projects/42/merge_requests/7/notes", "/projects/42/merge_requests/7/notes/"
    limit_bytes = 1_000_000

    def variables(self):
        return {"GITLAB_CI": "true", "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7", "GITLAB_TOKEN": "t-secret", "CI_API_V4_URL": self.root}

    def is_allowed(self, headers):
        return headers["PRIVATE-TOKEN"] == "t-secret"

    def user(self):
        return 200, {}, {"id": 5}

    def made(self, number, body, who=5):
        return {"id": number, "body": body, "author": {"id": who}}
