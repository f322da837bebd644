"""Tokens of a simulated Jamf Pro: who gets one, how long it is used, and what happens when it dies."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from clients.jamf import JamfPro
from clients.jamf_server import MOST_AT_ONCE
from clients.jamf_token import REFUSED_FOR, SHARE, Login
from domain.errors import TransientError
from simulators.faults import Down
from simulators.jamf_api import CLIENT, USER, JamfApi
from simulators.jamf_library import Build
from simulators.jamf_tokens import TIMES
from tests.clients.far_end import answer
from tests.jamf_pro import SETTING, client, stock

PATIENCE = 20.0


class Clock:
    """Ours, in seconds; the server's own stands still unless a test moves it."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def server():
    with JamfApi() as started:
        stock(started)
        yield started


@pytest.mark.parametrize("is_user", [False, True])
def test_one_token_serves_until_most_of_its_life_is_over(server, clock, is_user):
    pro = client(server, is_user=is_user, monotonic=clock)
    pro.version()
    clock.seconds = server.tokens.life * SHARE - 3
    pro.version()
    assert server.tokens.given == 1

    clock.seconds = server.tokens.life * SHARE + 1
    pro.version()

    assert server.tokens.given == 2


@pytest.mark.parametrize("times", TIMES)
def test_the_end_of_a_users_token_is_read_in_each_form(clock, times):
    with JamfApi(build=Build(times=times, token_life=100)) as server:
        pro = client(server, is_user=True, monotonic=clock)
        pro.version()
        clock.seconds = 75
        pro.version()
        assert server.tokens.given == 1

        clock.seconds = 85
        pro.version()

    assert server.tokens.given == 2


def test_the_end_counts_from_the_servers_own_clock(far_end, clock):
    """It is ten years ahead of us."""
    pair = {"token": "t", "expires": "2036-01-01T00:10:00Z"}
    version = answer(200, {"version": "11.0.0-t1"})
    far_end.steps = [answer(200, pair, date="Tue, 01 Jan 2036 00:00:00 GMT"), version, version]
    pro = JamfPro(far_end.url, Login(name="u", secret=lambda: "p", setting=SETTING, is_user=True), monotonic=clock)

    pro.version()
    clock.seconds = 470
    pro.version()

    assert [arrival.path for arrival in far_end.arrivals].count("/api/v1/auth/token") == 1
    clock.seconds = 490
    far_end.steps += [answer(200, pair), version]
    pro.version()
    assert [arrival.path for arrival in far_end.arrivals].count("/api/v1/auth/token") == 2


@pytest.mark.parametrize("life", [0, -5, 1e300])
def test_an_odd_life_is_no_reason_to_fail(far_end, clock, life):
    far_end.steps = [answer(200, {"access_token": "t", "expires_in": life}), answer(200, {"version": "11.0.0-t1"})]

    assert JamfPro(far_end.url, Login(name="c", secret=lambda: "s", setting=SETTING), monotonic=clock).version()


@pytest.mark.parametrize("is_user", [False, True])
def test_a_token_that_died_early_is_replaced_once_and_the_request_repeated(server, is_user):
    pro = client(server, is_user=is_user)
    pro.version()
    server.tokens.void_all()

    assert pro.version() == server.build.version
    assert server.tokens.given == 2


def test_a_server_that_takes_no_token_is_asked_twice_and_no_more(far_end):
    token = answer(200, {"access_token": "t", "expires_in": 600})
    far_end.steps = [token, answer(401), token, answer(401), answer(500)]

    with pytest.raises(TransientError, match="answered 401"):
        JamfPro(far_end.url, Login(name="c", secret=lambda: "s", setting=SETTING)).version()
    assert len(far_end.arrivals) == 4


def test_many_threads_share_one_token_and_at_most_five_are_inside(server):
    """Each waits inside until five are there, or nobody more comes."""
    full = threading.Barrier(MOST_AT_ONCE)
    pro = client(server)
    pro.version()
    server.gate = lambda: full.wait(PATIENCE)
    with ThreadPoolExecutor(4 * MOST_AT_ONCE) as pool:
        versions = list(pool.map(lambda _: pro.version(), range(4 * MOST_AT_ONCE)))

    assert versions == [server.build.version] * 20
    assert (server.most_at_once, server.tokens.given) == (MOST_AT_ONCE, 1)


def test_many_threads_whose_token_died_fetch_one(server):
    pro = client(server)
    pro.version()
    server.tokens.void_all()
    together = threading.Barrier(MOST_AT_ONCE)

    # The first five are refused together; what follows is not held up.
    held = iter([together.wait] * MOST_AT_ONCE)
    server.gate = lambda: next(held, lambda *_: None)(PATIENCE)
    with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        assert set(pool.map(lambda _: pro.version(), range(MOST_AT_ONCE))) == {server.build.version}

    assert server.tokens.given == 2


def test_an_api_client_is_let_in_by_an_older_server_too():
    with JamfApi(build=Build(oauth="/api/oauth/token")) as server:
        stock(server)
        pro = client(server)
        pro.version()
        server.tokens.void_all()
        pro.version()

        assert server.count("POST", "/api/v1/oauth/token") == 1
        assert server.count("POST", "/api/oauth/token") == 2


@pytest.mark.parametrize("is_user", [False, True])
def test_wrong_credentials_wait_for_people_and_are_not_tried_again_at_once(server, clock, is_user):
    secrets = ["wrong"]
    pro = client(server, is_user=is_user, secret=lambda: secrets[0], monotonic=clock)
    for _ in range(3):
        with pytest.raises(TransientError, match=f"answered 401.*look at {SETTING}") as caught:
            pro.version()
        assert caught.value.down
        assert "wrong" not in str(caught.value)
    assert server.count("POST") == 1

    clock.seconds = REFUSED_FOR
    with pytest.raises(TransientError):
        pro.version()
    assert server.count("POST") == 2

    secrets[0] = (USER if is_user else CLIENT).secret
    assert pro.version() == server.build.version


@pytest.mark.parametrize(
    "body", [{"error": "invalid_client", "error_description": "s3cr3t/& is wrong"}, b"s3cr3t%2F%26"]
)
def test_what_a_server_quotes_of_secrets_is_not_shown(far_end, body):
    far_end.steps = [answer(401, body)]

    with pytest.raises(TransientError) as caught:
        JamfPro(far_end.url, Login(name="c", secret=lambda: "s3cr3t/&", setting=SETTING)).version()
    assert "s3cr3t" not in str(caught.value)


def test_a_token_that_is_quoted_is_not_shown(far_end):
    far_end.steps = [answer(200, {"access_token": "t0k3n", "expires_in": 600}), answer(400, b"bad: Bearer t0k3n")]

    with pytest.raises(Exception, match="bad: Bearer …") as caught:
        JamfPro(far_end.url, Login(name="c", secret=lambda: "s", setting=SETTING)).version()
    assert "t0k3n" not in str(caught.value)


def test_without_a_secret_nobody_is_asked(server):
    with pytest.raises(TransientError, match=f"set {SETTING}") as caught:
        client(server, secret=lambda: "").version()

    assert caught.value.down
    assert server.calls == []


@pytest.mark.parametrize("down", [Down.REFUSING, Down.ERROR, Down.UNAVAILABLE])
def test_a_server_that_is_away_gives_no_token(server, down):
    server.go_down(down)

    with pytest.raises(TransientError):
        client(server).version()


def test_a_token_that_the_server_lets_die_earlier_than_it_said_is_replaced():
    start, moved = datetime.now(UTC), [timedelta(0)]
    with JamfApi(clock=lambda: start + moved[0]) as server:
        stock(server)
        pro = client(server)
        pro.version()
        moved[0] = timedelta(hours=2)

        assert pro.version() == server.build.version
        assert server.tokens.given == 2
