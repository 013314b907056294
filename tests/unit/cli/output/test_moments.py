from datetime import UTC, datetime, timedelta

from pfi_cli.output.moments import with_short_moments

MOMENT = datetime(2026, 3, 1, 12, 57, 47, tzinfo=UTC)


def test_a_moment_of_today_is_told_by_its_time_alone():
    sentence = f"3 eligible clients (from {MOMENT.isoformat()} on 2 are enough)"
    local = MOMENT.astimezone()
    assert with_short_moments(sentence, MOMENT) == (
        f"3 eligible clients (from {local:%H:%M} on 2 are enough)"
    )
    yesterday = MOMENT - timedelta(days=2)
    assert f"from {local:%Y-%m-%d %H:%M} on" in with_short_moments(sentence, yesterday)
    assert with_short_moments("nothing", MOMENT) == "nothing"
