import http.server
import json
import sys
import threading
import urllib.parse

import numpy as np
import pytest

from jaxnn.callbacks import RemoteMonitor


class Server(http.server.ThreadingHTTPServer):
    """Notes what is posted, and answers with `status`."""

    def __init__(self):
        self.posts, self.status = [], 200
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def root(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.posts.append((self.path, self.headers, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(params=["requests", "urllib"])
def sender(request, monkeypatch):
    if request.param == "requests":
        pytest.importorskip("requests")
    else:
        monkeypatch.setitem(sys.modules, "requests", None)  # as if it weren't installed


def test_a_form_carries_the_epoch_and_the_logs(server, sender):
    RemoteMonitor(server.root, path="/here", field="what").on_epoch_end(3, {"loss": 0.5, "note": "a&b"})
    ((path, headers, body),) = server.posts
    assert path == "/here"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    form = urllib.parse.parse_qs(body)
    assert list(form) == ["what"]
    assert json.loads(form["what"][0]) == {"epoch": 3, "loss": 0.5, "note": "a&b"}


def test_json_is_sent_with_the_users_headers(server, sender):
    logs = {"loss": np.float32(0.5), "one": np.arange(1), "several": np.array([0.25, 0.5])}
    RemoteMonitor(server.root, send_as_json=True, headers={"X-Run": "7"}).on_epoch_end(0, logs)
    ((path, headers, body),) = server.posts
    assert (path, headers["Content-Type"], headers["X-Run"]) == ("/publish/epoch/end/", "application/json", "7")
    assert json.loads(body) == {"epoch": 0, "loss": 0.5, "one": 0, "several": [0.25, 0.5]}


def test_a_server_that_refuses_is_told(server, sender):
    server.status = 403
    with pytest.warns(UserWarning, match=r"Could not reach RemoteMonitor root server at http.*403"):
        RemoteMonitor(server.root).on_epoch_end(0, {})


def test_a_server_that_is_not_there_costs_a_warning(server, sender):
    server.server_close()
    with pytest.warns(
        UserWarning, match=r"Could not reach RemoteMonitor root server at .* The logs of epoch 4 are not there"
    ):
        RemoteMonitor(server.root).on_epoch_end(4)
