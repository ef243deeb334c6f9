"""What the delivery process knows of its store's login: told by visitors or by its own environment, kept in memory alone."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import TextIO

from nbtrack.courier.credentials import secret_values
from nbtrack.courier.uris import MASK, absolute_uri, mask_uri, secrets_of
from nbtrack.errors import LoginError
from nbtrack.store.client import StoreClient
from nbtrack.system import working_folder


class Login:
    """The full URI of one store and the variables that go with it."""

    def __init__(self, store: str, env: Mapping[str, str], setting: str = "") -> None:
        """
        Args:
            store: masked absolute URI.
            env: this process's environment, which may hold the full one.
            setting: the tracking URI of the settings, which may be the full one.
        """
        self.store = store
        self._uri = "" if MASK in store else store
        self._hidden: set[str] = set()
        for found in (setting, env.get("NBTRACK_TRACKING_URI", ""), env.get("MLFLOW_TRACKING_URI", "")):
            uri = absolute_uri(found, working_folder())
            if not self._uri and mask_uri(uri) == store:
                self._uri = uri
        self._hide(env)

    def learn(self, uri: str, env: Mapping[str, str]) -> bool:
        """Take what a visitor brings into this process's memory; says whether it is new. A URI of another store is passed over."""
        uri = absolute_uri(uri, working_folder())
        if mask_uri(uri) != self.store:
            return False
        told = {**env, "MLFLOW_TRACKING_URI": uri}  # artifact stores behind the server ask MLflow's global setting
        is_new = uri != self._uri or any(os.environ.get(name) != value for name, value in told.items())
        self._uri = uri
        os.environ.update(told)
        self._hide(told)
        return is_new

    def connect(self) -> StoreClient:
        """A client with what is known.

        Raises:
            LoginError: the URI's password is not known since the process started.
            StoreUnreachableError: the store does not answer.
        """
        return StoreClient(self.uri(), self.hidden())

    def uri(self) -> str:
        """The store's full URI.

        Raises:
            LoginError: its password is not known since the process started.
        """
        if not self._uri:
            raise LoginError(
                f"The password in {self.store} is not known to the delivery process.",
                mend="Track a cell in a notebook that has it, or run nbtrack sync with MLFLOW_TRACKING_URI set.",
            )
        return self._uri

    def hidden(self) -> tuple[str, ...]:
        """Texts that must not be written."""
        return tuple(sorted(self._hidden, key=len, reverse=True))

    def _hide(self, env: Mapping[str, str]) -> None:
        self._hidden.update(secret_values(env))
        for name, value in env.items():
            if "://" in value or name.endswith("TRACKING_URI"):
                self._hidden.update(secret for secret in secrets_of(value) if len(secret) > 1)


class Scrubbed(io.TextIOBase):
    """A text stream that writes `***` for every secret of a login."""

    def __init__(self, stream: TextIO, login: Login) -> None:
        self._stream, self._login = stream, login

    def write(self, text: str) -> int:
        for secret in self._login.hidden():
            text = text.replace(secret, MASK)
        return self._stream.write(text)

    def flush(self) -> None:
        self._stream.flush()

    def fileno(self) -> int:
        return self._stream.fileno()
