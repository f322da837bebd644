import pytest

from config.loading import SettingsError, load_settings


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Write a `windfall.toml` and load it, with the given variables."""

    def load(toml="", **variables):
        (tmp_path / "windfall.toml").write_text(toml)
        monkeypatch.chdir(tmp_path)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return load_settings()

    return load


def problems(load, *args, **variables):
    with pytest.raises(SettingsError) as caught:
        load(*args, **variables)
    return str(caught.value).splitlines()


def test_nothing_at_all_is_a_complete_configuration(configured, tmp_path):
    settings = configured()

    assert settings.redis_is_embedded
    assert settings.database_location == f"sqlite:///{tmp_path}/var/windfall.db"
    assert {name: sender.kind for name, sender in settings.senders.items()} == {
        kind: kind for kind in ("micromdm", "nanomdm", "apps-and-books", "jamf")
    }
    assert not any(settings.sender_secrets(name).accepted() for name in settings.senders)


def test_the_environment_wins_over_the_file(configured):
    toml = 'ingest_bind = "0.0.0.0:80"\nconsole_bind = "0.0.0.0:81"'

    settings = configured(toml, WINDFALL_INGEST_BIND="127.0.0.1:9")

    assert (settings.ingest_bind, settings.console_bind) == ("127.0.0.1:9", "0.0.0.0:81")


def test_an_empty_variable_is_no_variable(configured):
    assert configured(WINDFALL_REDIS_URL="").redis_is_embedded


def test_senders_come_from_file_and_environment_together(configured):
    settings = configured(
        '[senders.jamf-eu]\nkind = "jamf"\nsecrets = ["a", "b"]\n[senders.micromdm]\nsecrets = ["m"]',
        WINDFALL_SENDER_JAMF_EU_URL="https://jamf.example",
        WINDFALL_SENDER_APPS_AND_BOOKS_SECRETS="new, old",
        WINDFALL_MICROMDM_URL="https://mdm.example",
        WINDFALL_MICROMDM_API_KEY="key",
    )

    assert settings.sender_secrets("jamf-eu").accepted() == (b"a", b"b")
    assert settings.senders["jamf-eu"].url == "https://jamf.example"
    assert settings.sender_secrets("apps-and-books").accepted() == (b"new", b"old")
    micromdm = settings.senders["micromdm"]
    assert (micromdm.kind, micromdm.url, micromdm.api_key.get_secret_value()) == (
        "micromdm",
        "https://mdm.example",
        "key",
    )


def test_every_secret_may_come_from_a_file(configured, tmp_path):
    (tmp_path / "s").write_text("one\n\n two \n")
    (tmp_path / "redis").write_text("redis://:pw@10.0.0.1/0\n")

    settings = configured(
        WINDFALL_SENDER_JAMF_SECRETS_FILE=str(tmp_path / "s"),
        WINDFALL_REDIS_URL_FILE=str(tmp_path / "redis"),
        SENTRY_DSN_FILE=str(tmp_path / "s"),
    )

    assert settings.sender_secrets("jamf").accepted() == (b"one", b"two")
    assert settings.redis_location == "redis://:pw@10.0.0.1/0"
    assert settings.sentry_location is not None


def test_how_jamf_pro_is_read_comes_from_the_environment_too(configured, tmp_path):
    (tmp_path / "secret").write_text("s3cr3t\n")

    settings = configured(
        '[senders.jamf-eu]\nkind = "jamf"\nusername = "svc"\npassword = "pw"',
        WINDFALL_SENDER_JAMF_CLIENT_ID="client",
        WINDFALL_SENDER_JAMF_CLIENT_SECRET_FILE=str(tmp_path / "secret"),
        WINDFALL_SENDER_JAMF_ENRICH="true",
        WINDFALL_SENDER_JAMF_RECONCILE_EVERY="3600",
    )

    jamf, european = settings.senders["jamf"], settings.senders["jamf-eu"]
    assert (jamf.account, jamf.secret(jamf.account_secret).current()) == ("client", b"s3cr3t")
    assert (jamf.enrich, jamf.reconcile_every, jamf.reads_jamf) == (True, 3600, True)
    assert (european.account, european.secret(european.account_secret).current()) == ("svc", b"pw")
    assert not european.reads_jamf


def test_where_the_pages_of_devices_are_comes_from_file_and_environment(configured):
    settings = configured(
        '[senders.nano-eu]\nkind = "nanomdm"\ndevice_link = "https://eu.example/{udid}"\n'
        '[senders.micromdm]\ndevice_link = "https://file.example/{udid}"',
        WINDFALL_SENDER_MICROMDM_DEVICE_LINK="https://mdm.example/devices/{serial_number}",
        WINDFALL_SENDER_SITE_2_KIND="micromdm",
        WINDFALL_SENDER_SITE_2_DEVICE_LINK="http://localhost:8080/?u={udid}&s={serial_number}",
    )

    assert {name: sender.device_link for name, sender in settings.senders.items() if sender.device_link} == {
        "nano-eu": "https://eu.example/{udid}",
        "micromdm": "https://mdm.example/devices/{serial_number}",
        "site-2": "http://localhost:8080/?u={udid}&s={serial_number}",
    }


def test_generated_secrets_in_home_are_found(configured, tmp_path):
    (tmp_path / "var/secrets").mkdir(parents=True)
    (tmp_path / "var/secrets/jamf").write_text("generated")

    assert configured().sender_secrets("jamf").accepted() == (b"generated",)


def test_every_problem_is_listed_at_once_and_no_secret_is(configured):
    found = problems(
        configured,
        'colour = "blue"\n[senders."Bad Name"]\nkind = "jamf"\n[senders.x]\nsecrets = ["s3cr3t"]',
        WINDFALL_INGEST_BIND="80",
        WINDFALL_INGEST_THREADS="many",
        WINDFALL_REDIS_URI="redis://:s3cr3t@h",
        WINDFALL_CONFIG="",
    )

    text = "\n".join(found)
    for part in (
        "colour",
        "senders.x.kind",
        "'80' is not HOST:PORT",
        "ingest_threads",
        "WINDFALL_REDIS_URI: no such setting",
    ):
        assert part in text
    assert "s3cr3t" not in text


def test_a_named_file_that_is_missing_is_a_problem(configured):
    assert "there is no file 'gone'" in problems(configured, WINDFALL_API_TOKEN_FILE="gone")[0]
    assert "there is no file" in problems(configured, WINDFALL_CONFIG="gone.toml")[0]


def test_a_broken_file_is_named(configured):
    assert problems(configured, "this is not toml")[0].startswith("windfall.toml: ")


def test_secrets_do_not_show_when_settings_are_printed(configured):
    settings = configured(WINDFALL_SENDER_JAMF_SECRETS="s3cr3t", WINDFALL_REDIS_URL="redis://:s3cr3t@h/0")

    assert "s3cr3t" not in repr(settings)


def test_the_socket_of_the_embedded_redis_fits_into_a_socket_address(configured, tmp_path):
    settings = configured(WINDFALL_HOME=str(tmp_path / ("deep" * 40)))

    assert len(str(settings.redis_socket)) <= 100
    assert settings.broker_location == f"redis+socket://{settings.redis_socket}?virtual_host=0"


@pytest.mark.parametrize(
    ("toml", "part"),
    [
        ('[senders.api-token]\nkind = "jamf"', "'api-token' is the name of another secret"),
        ('database_url = "mysql://h/d"', "the URL must begin with postgresql://"),
        ('redis_url = "localhost:6379"', "the URL must begin with redis://"),
        ('[senders.jamf]\nclient_id = "c"\nusername = "u"', "either `client_id` with its secret, or `username`"),
        ("[senders.micromdm]\nenrich = true", "are for senders of the kind jamf"),
        ('[senders.nanomdm]\nclient_secret = "s"', "are for senders of the kind jamf"),
        ("[senders.jamf]\nreconcile_every = 5", "reconcile_every"),
        ('[senders.jamf]\nclient_secret_file = "gone"', "senders.jamf.client_secret_file: there is no file 'gone'"),
        ('[senders.jamf]\ndevice_link = "https://h/{udid}"', "for jamf, `url` makes the links"),
        (
            '[senders.nanomdm]\ndevice_link = "ftp://h/{udid}"',
            "senders.nanomdm.device_link: 'ftp://h/{udid}' must begin",
        ),
        (
            '[senders.micromdm]\ndevice_link = "https://h/{id}"',
            "there is no placeholder '{id}': use {serial_number} or",
        ),
        ('[senders.micromdm]\ndevice_link = ""', "'' must begin with https:// or http:// and a host"),
    ],
)
def test_what_would_not_work_is_refused_at_the_start(configured, toml, part):
    assert part in problems(configured, toml)[0]


def test_what_is_answered_to_scep_challenges_comes_from_file_and_environment(configured, tmp_path):
    (tmp_path / "token").write_text("t0ken\n")

    settings = configured(
        '[senders.jamf]\nscep_url = "https://ca.example/challenge"\nscep_timeout = 12\n'
        '[senders.jamf-eu]\nkind = "jamf"\nsignature_header = "X-Signature"\nsignature_algorithm = "sha512"',
        WINDFALL_SENDER_JAMF_SCEP_TOKEN_FILE=str(tmp_path / "token"),
        WINDFALL_SENDER_JAMF_EU_SCEP_CHALLENGE="fixed",
        WINDFALL_SENDER_JAMF_EU_SIGNATURE_ENCODING="base64",
    )

    jamf, eu = settings.senders["jamf"], settings.senders["jamf-eu"]
    assert (jamf.asks_for_challenges, jamf.gives_challenges, jamf.scep_timeout) == (True, False, 12.0)
    assert (jamf.secret("scep_url").current(), jamf.secret("scep_token").current()) == (
        b"https://ca.example/challenge",
        b"t0ken",
    )
    assert (eu.asks_for_challenges, eu.gives_challenges, eu.secret("scep_challenge").current()) == (
        False,
        True,
        b"fixed",
    )
    assert (eu.signature_header, eu.signature_algorithm, eu.signature_encoding) == ("X-Signature", "sha512", "base64")


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('[senders.micromdm]\nsignature_header = "X-Signature"', "for senders of the kind jamf"),
        ('[senders.nanomdm]\nscep_challenge = "s3cr3t"', "for senders of the kind jamf"),
        ('[senders.jamf]\nscep_challenge = "s3cr3t"\nscep_url = "https://s3cr3t"', "one answer is sent"),
        ('[senders.jamf]\nscep_url = "s3cr3t.example"', "must begin with https:// or http://"),
        ('[senders.jamf]\nscep_challenge = ""', "senders.jamf.scep_challenge"),
        ('[senders.jamf]\nsignature_algorithm = "md5"', "senders.jamf.signature_algorithm"),
        ("[senders.jamf]\nscep_timeout = 16", "senders.jamf.scep_timeout"),
        ('[senders.jamf]\nscep_url_file = "gone"', "senders.jamf.scep_url_file: there is no file 'gone'"),
        ('ingest_threads = 1\n[senders.jamf]\nscep_url = "https://s3cr3t"', "ingest_threads of at least 2"),
    ],
)
def test_what_makes_no_sense_for_signatures_and_challenges_is_a_problem(configured, toml, words):
    (problem,) = problems(configured, toml)

    assert words in problem
    assert "s3cr3t" not in problem
