"""TensorBoard's page shows pixels and state side by side."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest

from tests.browser.chromium import look
from tests.small_runs import small, train

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A TensorBoard over one run from `state` and one from `pixels`."""
    folder = tmp_path_factory.mktemp("runs")
    for obs in ("state", "pixels"):
        train(small(obs, steps=400), folder / f"dqn-{obs}")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", str(port)]
    with subprocess.Popen([*command, "--load_fast=false"], stderr=subprocess.DEVNULL) as server:
        deadline = time.time() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://localhost:{port}/data/runs").close()
                break
            except OSError:
                assert time.time() < deadline
                time.sleep(0.3)
        yield f"http://localhost:{port}"
        server.terminate()


def test_the_curves_of_both_runs_are_on_one_page(address: str, tmp_path: Path) -> None:
    document, _ = look(f"{address}/#timeseries", tmp_path)
    assert "dqn-state" in document and "dqn-pixels" in document
    assert (
        ">epsilon<" in document
    )  # the first chart; those further down are drawn once they are scrolled to


def test_the_pages_of_the_comparison_open(address: str, tmp_path: Path) -> None:
    """Their charts are drawn in shadow trees, so a screenshot is checked: many colours on a page that is not blank."""
    for page in ("custom_scalars", "hparams"):
        look(f"{address}/#{page}", tmp_path)
        image = cv2.imread(str(tmp_path / "page.png"))
        assert image is not None
        below = image[150:].reshape(-1, 3)
        assert len({tuple(colour) for colour in below[::97].tolist()}) > 20, page
