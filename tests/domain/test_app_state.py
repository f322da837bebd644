"""The words for a managed app, each with one meaning."""

import pytest

from domain.app_state import ALREADY_UNDER_WAY, FAILED, FINISHED, GONE, UNMANAGED, Progress, progress

GOING_ON = """
    Queued NeedsRedemption Redeeming Prompting PromptingForLogin ValidatingPurchase PromptingForUpdate
    PromptingForUpdateLogin PromptingForManagement ValidatingUpdate Updating Installing Unknown NewerThanUs
"""


@pytest.mark.parametrize("status", [None, "", *GOING_ON.split()])
def test_an_install_goes_on_until_the_device_says_otherwise(status):
    assert progress(status) is Progress.GOING_ON


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("Managed", Progress.FINISHED),
        ("UserRejected", Progress.FAILED),
        ("UpdateRejected", Progress.FAILED),
        ("ManagementRejected", Progress.FAILED),
        ("Failed", Progress.FAILED),
        ("ManagedButUninstalled", Progress.GONE),
        ("UserInstalledApp", Progress.UNMANAGED),
    ],
)
def test_an_install_ends_in_one_of_four_ways(status, meaning):
    assert progress(status) is meaning


def test_no_word_has_two_meanings():
    words = [*FINISHED, *FAILED, *GONE, *UNMANAGED]

    assert len(set(words)) == len(words)
    assert ALREADY_UNDER_WAY.isdisjoint(words)
