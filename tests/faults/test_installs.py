from tests.faults.installs import Campaign, run_campaign


def test_each_app_that_apple_assigns_is_installed_once_on_each_device_and_proven(tmp_path):
    campaign = Campaign(kind="micromdm", devices=12, apps=2, polls=0, long_after=False)

    report = run_campaign(tmp_path / "home", campaign)

    assert report["received"] == campaign.pairs
