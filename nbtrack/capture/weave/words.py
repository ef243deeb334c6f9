"""Words by which people call what they measure. They speak for a name; what has none of them is judged by what the code does with it."""

from __future__ import annotations

import re

from nbtrack.patterns import regex

_MEASURES = regex(
    r"(^|_)(loss|losses|err|errs|error|errors|cost|costs|acc|accs|accuracy|accuracies|score|scores|precision|recall|f1|f2|fbeta|auc|auroc|roc_auc|ap|map|ndcg|mrr"
    r"|mse|rmse|mae|mape|smape|msle|rmsle|sse|ssr|rss|r2|rsq|r_squared|nll|ll|loglik|log_likelihood|likelihood|perplexity|ppl|logloss|cross_?entropy|bce|ce|kl|kld|elbo"
    r"|deviance|aic|bic|objective|obj|fitness|energy|reward|rewards|returns|regret|residual|residuals|gap|divergence|entropy|mi|psnr|ssim|bleu|rouge|wer|cer|eer|fid|iou"
    r"|miou|dice|jaccard|kappa|mcc|brier|ece|inertia|silhouette|purity|modularity|stress|norm|gradnorm|grad_norm|convergence|metric|metrics|lr|learning_rate|fpr|tpr|fnr|tnr"
    r"|bias|var_explained|success_rate|win_rate|hit_rate)s?\d*($|_)"
)
_LOSSES = regex(r"(^|_)(loss|losses|err|error|errors|cost|costs|nll|mse|objective)\d*($|_)")
_SCHEDULES = regex(r"(^|_)(epsilon|eps|temperature|tau|lr|learning_rate|step_size)\d*($|_)")
_HISTORIES = regex(r"(^|_)(hist|history|histories|curve|curves|trace|traj|trajectory|log(?=\d*$)|logs|track|progress|evolution|record|records)\d*($|_)")
_PARTS = regex(
    r"(^|_)(fn|func|function|criterion|step_size|weights?|grads?|gradient|idx|index|count|num|n|str|msg|name|names|label|labels|path|time|matrix|mat|list)\d*($|_)"
)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z\d])(?=[A-Z])", "_", name).lower()


def is_measure(name: str) -> bool:
    """Whether a name says that it is something measured: `val_loss`, `trainAcc`, `rmse`."""
    name = _snake(name)
    return bool(_MEASURES.search(name)) and not _PARTS.search(name)


def is_loss(name: str) -> bool:
    """Whether a name says that it is what training makes small."""
    return bool(_LOSSES.search(_snake(name)))


def is_schedule(name: str) -> bool:
    """Whether a name says that it is a setting that people change while they train: `epsilon`, `temperature`."""
    return bool(_SCHEDULES.search(_snake(name)))


def is_history(name: str) -> bool:
    """Whether a name says that values are kept over time: `cost_history`, `trace`."""
    return bool(_HISTORIES.search(_snake(name)))
