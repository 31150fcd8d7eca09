"""Failed attempts are counted per client, in bounded memory."""

from segue.web.attempts import Attempts


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_free_then_one_at_a_time() -> None:
    clock = Clock()
    attempts = Attempts(burst=3, seconds_each=6, clock=clock)
    for _ in range(3):
        assert attempts.wait("10.0.0.1") == 0
        attempts.charge("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 6
    assert attempts.wait("10.0.0.2") == 0
    clock.now += 5.9
    assert attempts.wait("10.0.0.1") == 1
    clock.now += 0.1
    assert attempts.wait("10.0.0.1") == 0
    attempts.charge("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 6


def test_what_was_right_after_all_costs_nothing() -> None:
    attempts = Attempts(burst=2, seconds_each=6, clock=Clock())
    for _ in range(50):
        attempts.charge("10.0.0.1")
        attempts.refund("10.0.0.1")
    assert attempts.wait("10.0.0.1") == 0
    attempts.refund("10.0.0.9")
    assert attempts.wait("10.0.0.9") == 0


def test_a_network_of_ipv6_addresses_is_one_client() -> None:
    attempts = Attempts(burst=1, seconds_each=6, clock=Clock())
    attempts.charge("2001:db8:1:2::1")
    assert attempts.wait("2001:db8:1:2:ffff::7") == 6
    assert attempts.wait("2001:db8:1:3::1") == 0
    attempts.charge("::ffff:10.0.0.1")
    assert attempts.wait("10.0.0.1") == 6


def test_memory_is_bounded_and_odd_addresses_do_no_harm() -> None:
    attempts = Attempts(burst=1, seconds_each=6, clock=Clock(), clients=10)
    for number in range(1000):
        attempts.charge(f"10.0.{number // 256}.{number % 256}")
    assert attempts.clients == 10
    for odd in (None, "fe80::1%eth0", "a socket"):
        attempts.charge(odd)
        assert attempts.wait(odd) == 6
