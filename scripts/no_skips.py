"""A pytest plugin: a run with skipped tests fails, because a skip would pass for a test that holds."""

import pytest


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run when its report holds skipped tests."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter.stats.get("skipped") and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line("Skipped tests do not count as passed.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
