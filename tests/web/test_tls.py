"""`serve --tls-cert --tls-key` in a real browser."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from running_server import running

import faceindex

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.long
@pytest.mark.skipif(CHROMIUM is None or shutil.which("openssl") is None, reason="no chromium, or no openssl")
def test_a_browser_signs_in_and_names_somebody_over_https(people: faceindex.Library, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    tls = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with running(people.path, *tls) as server, sync_playwright() as playwright:
        assert server.address.startswith("https://")
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(ignore_https_errors=True)  # nobody vouches for the certificate
        page = context.new_page()
        page.goto(server.entrance)
        assert page.url == f"{server.address}/people"
        (cookie,) = context.cookies()
        assert (cookie["name"], cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (
            *("__Host-faceindex", True, True, "Strict"),
        )
        named = page.evaluate(
            """async () => {
                const { csrf } = await (await fetch("/api/v1/session")).json();
                const headers = { "X-CSRF-Token": csrf, "Content-Type": "application/json" };
                const body = JSON.stringify({ name: "Bob", album: 2 });
                return (await fetch("/api/v1/people/name", { method: "POST", headers, body })).status;
            }"""
        )
        assert named == 200
        page.get_by_text("Bob").first.wait_for()
        browser.close()
    assert [person.person for person in people.people] == ["Ann", "Bob"]
