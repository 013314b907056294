import pytest
import torch
from torch import nn

from pfi_client_agent.adapters.learning.batches import Batch, collate
from pfi_client_agent.adapters.learning.loss import (
    score,
    squared_row_losses,
    target_losses,
)
from pfi_client_agent.adapters.learning.steps import (
    Descent,
    Proximal,
    add_proximal_gradient,
    run_training_steps,
)
from pfi_client_agent.adapters.learning.tokenization import IGNORED, TokenRow
from pfi_client_agent.domain.abandonment import TaskStoppedError, TrainingDivergedError

CPU = torch.device("cpu")


class Bigrams(nn.Module):
    """The smallest causal language model: logits are a table of the current token."""

    def __init__(self, vocabulary=7):
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Parameter(torch.randn(vocabulary, vocabulary))

    def forward(self, input_ids, attention_mask, use_cache):
        assert not use_cache
        return type("Output", (), {"logits": self.table[input_ids]})


def batch(*rows):
    return collate([TokenRow(list(ids), list(ids)) for ids in rows], filler=0, device=CPU)


def train(model, steps, **arguments):
    return run_training_steps(model, [model.table], steps, Descent(0.1, **arguments))


def test_targets_are_the_next_tokens_and_filling_carries_no_loss():
    rows = [TokenRow([1, 2, 3], [IGNORED, 2, 3]), TokenRow([4], [4])]
    made = collate(rows, filler=6, device=CPU)
    assert made.input_ids.tolist() == [[1, 2, 3], [4, 6, 6]]
    assert made.attention_mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert made.targets.tolist() == [[2, 3, IGNORED], [IGNORED] * 3]
    assert made.target_count == 2


def test_the_loss_is_the_cross_entropy_of_the_next_token():
    model = Bigrams()
    log_probabilities = model.table.log_softmax(-1)
    expected = -(log_probabilities[1, 2] + log_probabilities[2, 5] + log_probabilities[3, 4])
    losses = target_losses(model, batch([1, 2, 5], [3, 4]))
    assert losses.sum().item() == pytest.approx(expected.item(), rel=1e-6)
    parts = [batch([1, 2, 5]), batch([3, 4])]
    assert score(model, parts).loss == pytest.approx(expected.item() / 3, rel=1e-6)


def test_micro_batches_of_unequal_length_give_the_gradient_of_one_batch():
    rows = [[1, 2, 3, 4, 5], [2, 3], [5, 1, 6], [4, 4]]
    whole, parts = Bigrams(), Bigrams()
    report_whole = train(whole, [[batch(*rows)]] * 3)
    report_parts = train(parts, [[batch(*rows[:1]), batch(*rows[1:3]), batch(rows[3])]] * 3)
    assert torch.allclose(whole.table, parts.table, atol=1e-6)
    assert report_whole.mean_loss == pytest.approx(report_parts.mean_loss, rel=1e-6)


def test_the_proximal_gradient_is_that_of_its_formula():
    torch.manual_seed(1)
    base = [torch.randn(3, 2), torch.randn(4)]
    moved = [nn.Parameter(value + 0.1 * torch.randn_like(value)) for value in base]
    mu = 0.7
    penalty = sum((mu / 2) * ((w - b) ** 2).sum() for w, b in zip(moved, base, strict=True))
    expected = torch.autograd.grad(penalty, moved)
    moved[1].grad = torch.ones(4)
    add_proximal_gradient(moved, Proximal(mu, base))
    assert torch.allclose(moved[0].grad, expected[0], rtol=1e-6)
    assert torch.allclose(moved[1].grad, expected[1] + 1, rtol=1e-6)


def test_a_strong_proximal_term_keeps_parameters_near_their_base():
    steps = [[batch([1, 2, 3])]] * 30
    free, held = Bigrams(), Bigrams()
    start = held.table.detach().clone()
    train(free, steps)
    train(held, steps, proximal=Proximal(100.0, [start]))
    assert (held.table - start).norm() < 0.1 * (free.table - start).norm()


def test_steps_follow_adamw_without_decay():
    model, reference = Bigrams(), Bigrams()
    steps = [[batch([1, 2, 3])], [batch([3, 4])]]
    train(model, steps)
    optimizer = torch.optim.Adam([reference.table], lr=0.1)
    for (single,) in steps:
        optimizer.zero_grad()
        (target_losses(reference, single).sum() / single.target_count).backward()
        optimizer.step()
    assert torch.allclose(model.table, reference.table, atol=1e-6)


def test_a_loss_that_is_not_finite_ends_the_training():
    model = Bigrams()
    with torch.no_grad():
        model.table[1, 2] = float("nan")
    with pytest.raises(TrainingDivergedError):
        train(model, [[batch([1, 2])]])


def test_what_the_caller_raises_ends_it_between_two_steps():
    model = Bigrams()
    seen = []

    def before_step(done):
        seen.append(done)
        if done == 2:
            raise TaskStoppedError

    with pytest.raises(TaskStoppedError):
        run_training_steps(model, [model.table], [[batch([1, 2])]] * 9, Descent(0.1), before_step)
    assert seen == [0, 1, 2]


def test_the_root_of_the_mean_squared_row_loss_follows_its_formula():
    model = Bigrams()
    log_probabilities = model.table.detach().log_softmax(-1).double()
    first = -(log_probabilities[1, 2] + log_probabilities[2, 5]) / 2
    second, third = -log_probabilities[3, 4], -log_probabilities[6, 1]
    expected = ((first**2 + second**2 + third**2) / 3).sqrt().item()
    steps = [[batch([1, 2, 5], [3, 4]), batch([6, 1])]]
    assert train(model, steps).row_loss_rms == pytest.approx(expected, rel=1e-6)


def test_a_classifiers_rows_have_one_loss_each():
    made = Batch(torch.zeros(3, 1), torch.ones(3, 1), torch.tensor([0, 1, 1]), 3, 3)
    losses = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert squared_row_losses(losses, made).item() == 14.0


def test_reports_steps_and_mean_loss():
    report = train(Bigrams(), [[batch([1, 2])]] * 12)
    assert report.steps == 12
    assert report.seconds > 0
    assert isinstance(batch([1, 2]), Batch)
