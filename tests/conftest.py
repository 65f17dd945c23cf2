"""What all tests share."""

import os
import signal
from collections.abc import Iterator

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: tests run side by side, one per core


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped or expected-to-fail test fails the run: nothing may be left out silently."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:
        return  # one of several workers; the process that started them counts for all
    passed_over = [kind for kind in ("skipped", "xfailed", "xpassed") if reporter.stats.get(kind)]
    if passed_over:
        reporter.write_line(f"tests were {' and '.join(passed_over)}: none may be", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """Gives Ctrl-C back to pytest: scripts keep the signals until their process ends."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
