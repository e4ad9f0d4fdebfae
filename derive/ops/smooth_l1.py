"""The smooth L1 loss: Huber's loss divided by its threshold."""

from derive.language import op, use
from derive.ops.huber import huber
from derive.ops.reductions import mean, none, sum

HUBER = {mean: huber[0], sum: huber.sum, none: huber.none}


@op(
    title="smooth L1 loss",
    source="document 003, 'Regression Error Functions': Huber loss; divided by beta: Girshick 2015, "
    "'Fast R-CNN', equation 3",
    conventions=(
        "the mean divides by the number of elements, the batch included",
        "smooth_l1 is huber with delta = beta, divided by beta: its slope is 1 far out, whatever beta is",
        "an error of exactly beta is small: there both pieces have the same value and the same slope",
    ),
    reduction=(mean, sum, none),
)
def smooth_l1(s, reduction):
    N, K = s.batch("N", "n"), s.size("K", "i", about="elements")
    beta = s.real("beta", 1.0, about="where the loss turns from quadratic to linear; positive")
    y = s.data("y", N, K, about="targets")
    y_hat = s.data("y_hat", N, K, latex=r"\hat{y}", about="predictions")
    huber_loss = use(s, HUBER[reduction], "huber", y=y, y_hat=y_hat, delta=beta).L
    L = s.let("L", *huber_loss.tensor.dims, about="loss")
    L[:] = huber_loss / beta
    s.returns(L)
