"""Which variables go where."""

from __future__ import annotations

from nbtrack.courier.credentials import logins, secret_values, without_secrets

ENV = {
    "PATH": "/bin",
    "HOME": "/home/ann",
    "MLFLOW_TRACKING_PASSWORD": "hush1",
    "MLFLOW_TRACKING_URI": "https://a:hush2@h",
    "AWS_SECRET_ACCESS_KEY": "hush3",
    "https_proxy": "http://proxy",
    "REQUESTS_CA_BUNDLE": "/ca.pem",
    "PGPASSWORD": "hush4",
    "OPENAI_API_KEY": "hush5",
    "NBTRACK_OWNER": "12-ab",
    "NBTRACK_TRACKING_URI": "https://a:hush6@h",
}


def test_a_process_starts_without_any_secret():
    clean = without_secrets(ENV)
    assert clean == {"PATH": "/bin", "HOME": "/home/ann"}


def test_logins_of_the_store_are_told_and_others_are_not():
    told = logins(ENV)
    assert told.keys() == ENV.keys() - {"PATH", "HOME", "OPENAI_API_KEY", "NBTRACK_OWNER"}


def test_secret_values_are_known_to_be_hidden():
    assert {"hush1", "hush3", "hush4", "hush5"} <= set(secret_values(ENV))
