"""RemoteMonitor: the logs of each epoch, sent to a server."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
import warnings
from typing import Any

import numpy as np

from jaxnn.callbacks.callback import Callback, Logs
from jaxnn.core import registry


@registry.export("callbacks")
class RemoteMonitor(Callback):
    """Posts the epoch's number and logs, as JSON, to `root + path` after each epoch.

    A server that can't be reached, or that refuses, costs a warning; training goes on.

    Args:
        root: the server.
        path: where on it.
        field: the field of the form that carries the JSON.
        headers: dict of HTTP headers to send along.
        send_as_json: send the JSON itself, as 'application/json', instead of a form.

    Example: `model.fit(x, y, callbacks=[RemoteMonitor("http://localhost:9000")])`

    Source: https://keras.io/api/callbacks/remote_monitor/. Where the package `requests` is installed it does the sending, as
    in Keras, by its proxies and certificates; else the standard library does.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ):
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Sends the logs."""
        send = {"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}}
        try:
            self._post(send)
        except OSError as error:  # `requests` derives its errors from it, too
            warnings.warn(
                f"Could not reach RemoteMonitor root server at {self.root}: {error}. The logs of epoch {epoch} are not "
                "there.",
                stacklevel=2,
            )

    def _post(self, send: dict[str, Any]) -> None:
        try:
            import requests
        except ImportError:
            self._post_by_urllib(send)
            return
        url = self.root + self.path
        if self.send_as_json:
            response = requests.post(url, json=send, headers=self.headers)
        else:
            response = requests.post(url, {self.field: json.dumps(send)}, headers=self.headers)
        response.raise_for_status()

    def _post_by_urllib(self, send: dict[str, Any]) -> None:
        text = json.dumps(send)
        if self.send_as_json:
            body, kind = text, "application/json"
        else:
            body, kind = urllib.parse.urlencode({self.field: text}), "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, **(self.headers or {})}
        urllib.request.urlopen(urllib.request.Request(self.root + self.path, body.encode(), headers)).close()


def _plain(value: Any) -> Any:
    """A number or a list of numbers for JSON; an array of one number is that number."""
    if not hasattr(value, "ndim"):
        return value
    array = np.asarray(value)
    return array.item() if array.size == 1 else array.tolist()
