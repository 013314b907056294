from pfi_client_agent.domain.backoff import Backoff


def test_delays_double_up_to_the_cap_with_jitter():
    backoff = Backoff(draw=lambda: 0.5, first_seconds=1, cap_seconds=6)
    assert [backoff.next_delay() for _ in range(5)] == [0.75, 1.5, 3.0, 4.5, 4.5]
    assert Backoff(draw=lambda: 0.0, first_seconds=2).next_delay() == 1.0


def test_success_starts_it_again_and_the_server_may_ask_for_more():
    backoff = Backoff(draw=lambda: 0.0, first_seconds=1)
    backoff.next_delay()
    backoff.reset()
    assert backoff.next_delay() == 0.5
    assert backoff.next_delay(at_least_seconds=9) == 9


def test_what_a_server_asks_for_is_spread_over_a_tenth_more():
    assert Backoff(draw=lambda: 0.0).spread(10) == 10
    assert Backoff(draw=lambda: 0.5).spread(10) == 10.5
    assert Backoff(draw=lambda: 0.5).next_delay(at_least_seconds=40) == 42
