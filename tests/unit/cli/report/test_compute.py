import pytest
from tests.support.cli.run_documents import member, round_document, run_document

from pfi_cli.api.runs import Round, Run
from pfi_cli.report import compute


@pytest.fixture
def run():
    return Run.model_validate(run_document())


def test_losses_are_summarised_over_clients(run):
    clients = [compute.client_outcome(each) for each in run.evaluation]
    losses = compute.loss_summary(clients)
    assert (losses.backbone.mean, losses.shared.mean) == (4.5, 3.5)
    assert losses.personal is not None
    assert losses.personal.mean == 2.0
    assert losses.backbone.deviation == pytest.approx(0.5**0.5)  # of 4 and 5, by n - 1
    assert (losses.shared.lowest, losses.shared.highest) == (3.0, 4.0)


def test_there_is_no_personal_mean_unless_every_client_has_one(run):
    clients = [compute.client_outcome(each) for each in run.evaluation]
    one_without = [clients[0], clients[1].model_copy(update={"personal": None})]
    assert compute.loss_summary(one_without).personal is None


def test_a_client_whose_shared_loss_is_higher_is_found(run):
    outcome = compute.client_outcome(run.evaluation[0])
    assert not outcome.shared_is_worse
    assert outcome.model_copy(update={"shared": 4.25}).shared_is_worse


def test_round_n_reports_on_version_n_minus_1(run):
    history = compute.loss_history(run)
    assert [entry.version for entry in history] == [0, 1, 2]
    assert [entry.by_client["ada"] for entry in history] == [4.0, 3.5, 3.0]


def test_a_rounds_time_is_split_along_the_longest_client():
    time = compute.round_time(Round.model_validate(round_document(1)), local_steps=20)
    assert time.longest_work == 9.0
    assert time.training == 5.0  # 20 steps at 4 a second
    assert time.evaluation == 4.0
    assert time.transfer == 0.5
    assert time.rest == 0.5
    assert time.overhead == 1.0
    assert time.training + time.evaluation + time.transfer + time.rest == time.wall == 10.0


def test_a_client_that_gave_up_does_not_decide_the_split():
    idle = member(1, 0, state="abandoned", metrics={})
    each = Round.model_validate(round_document(1, cohort=[idle, member(1, 1)]))
    assert compute.round_time(each, 20).longest_work == 9.0


def test_a_reopened_round_has_no_overhead_and_no_overhead_is_negative():
    reopened = Round.model_validate(round_document(1, attempt=2))
    assert compute.round_time(reopened, 20).overhead is None
    hasty = Round.model_validate(round_document(1, published_at=round_document(1)["opened_at"]))
    assert compute.round_time(hasty, 20).overhead == 0.0


def test_full_fine_tuning_counts_the_clients_whose_bytes_were_measured():
    cohort = [member(1, 0), member(1, 1, state="abandoned", metrics={})]
    each = Round.model_validate(round_document(1, cohort=cohort, counted=1))
    traffic = compute.traffic_comparison([compute.round_outcome(each, 20, 64)], 1000)
    assert traffic.measured_bytes == 2 * 64
    assert traffic.full_bytes == 2 * 4 * 1000


def test_traffic_is_compared_with_all_parameters_up_and_down(run):
    rounds = [compute.round_outcome(each, 20, 128) for each in run.rounds]
    traffic = compute.traffic_comparison(rounds, parameter_count=1000)
    assert traffic.measured_bytes == 4 * 64
    assert traffic.full_bytes == 1000 * 4 * 2 * 2
    assert traffic.times_less == 62.5


def test_bytes_and_counts_of_a_round_are_summed(run):
    outcome = compute.round_outcome(run.rounds[0], 20, 128, 1)
    assert (outcome.up_bytes, outcome.down_bytes) == (128, 128)
    assert (outcome.counted, outcome.selected, outcome.left_out) == (2, 2, 1)
