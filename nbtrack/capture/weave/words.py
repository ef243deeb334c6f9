"""Words by which people call what they measure. They speak for a name; what has none of them is judged by what the code does with it."""

from __future__ import annotations

import re

from nbtrack.patterns import regex

_MEASURES = regex(
    r"(^|_)(loss|losses|err|errs|error|errors|cost|costs|acc|accs|accuracy|accuracies|score|scores|precision|recall|f1|f2|fbeta|auc|auroc|roc_auc|ap|map|ndcg|mrr"
    r"|mse|rmse|mae|mape|smape|msle|rmsle|sse|ssr|rss|r2|rsq|r_squared|nll|ll|loglik|log_likelihood|likelihood|perplexity|ppl|logloss|cross_?entropy|bce|ce|kl|kld|elbo"
    r"|deviance|aic|bic|objective|obj|fitness|energy|reward|rewards|returns?|regret|residual|residuals|gap|divergence|entropy|mi|psnr|ssim|bleu|rouge|wer|cer|eer|fid|iou"
    r"|miou|dice|jaccard|kappa|mcc|brier|ece|inertia|silhouette|purity|modularity|stress|norm|gradnorm|grad_norm|convergence|metric|metrics|lr|learning_rate|fpr|tpr|fnr|tnr|sensitivity|specificity"
    r"|(true|false)_(positive|negative|discovery)_rate|predictive_value|var_explained|explained_variance|explained_var|success_rate|win_rate|hit_rate|best_(train|test|val|valid|validation|dev|eval))s?\d*($|_)"
)
_RESULTS = regex(
    r"(^|_)(scores?|accuracy|error|loss|rmse|mse|mae|mape|r2|auc|f1|precision|recall|perplexity|log_likelihood|inertia|lower_bound|bic|aic|rsquared|evaluate)_?$"
    r"|^_*(validate|evaluate|eval|test)(_|$)|^_*(rmse|mse|mae|score|accuracy|error|loss)_"
)
_LOSSES = regex(r"(^|_)(loss|losses|err|error|errors|cost|costs|nll|mse|objective)\d*($|_)")
_COEFFICIENTS = regex(r"d?[abcdkmnwxyz]_?\d?")
_HOLDERS = regex(
    r"(^|_)(results?|res|scores?|metrics?|measures|performance|perf|eval\w*|report|comparison|summary|stats|acc\w*|errors?|loss\w*|quality"
    r"|resultados?|m[eé]tricas?|ergebnis(se)?|metriken|r[eé]sultats?|m[eé]triques?|risultat[io]|metrich?e|результат\w*|метрик\w*|оценк\w*|wyniki?|sonu[cç]\w*|hasil"
    r"|resultaten)($|_|\d)|结果|結果|指标|指標|评估|評価|결과|지표",
    re.I,
)
_STEPS = regex(r"(^|_)(epochs?|steps?|iter(ation)?s?|batch(es)?|it|t|e|ep)$")
_TAKEN = regex(
    r"^(episode_)?(n_|num_|number_of_)?(time_?steps|steps(_(taken|needed|used|made))?|moves|turns|pasos|passos|schritte|passi|шаг(ов|и))$"
    r"|ステップ数|歩数|步数|스텝_?수"
)
_SCHEDULES = regex(r"(^|_)(epsilon|eps|temperature|tau|lr|learning_rate|step_size)\d*($|_)")
_HISTORIES = regex(
    r"(^|_)(hist|history|histories|curve|curves|trace|traj|trajectory|log(?=\d*$)|logs|track|progress|evolution"
    r"|record|records|best_so_far|so_far|incumbents?"
    r"|verl[aä]uf\w*|historial?|hist[oó]ric[oa]|historique|storico|storia|istoria|geschiedenis|riwayat|gecmis|истори[яи])\d*($|_)|历史|歷史|履歴|기록"
)
_LISTS = regex(r"_(list|lst|array|arr)(?=_|\d*$)")
_PARTS = regex(
    r"(^|_)(fn|func|function|criterion|step_size|weights?|grads?|gradient|idx|index|count|num|n|str|msg|name|names|label|labels|path|time|matrix|mat|list)\d*($|_)"
)

_ABOUT = regex(r"_(?:of|with|for|using)_")
"""`accuracy_of_knn_with_weights`: what follows tells what it was measured of."""
_RATE = regex(r"(?<=[^_])_per_.*")
"""`reward_per_time_step` is no time."""

_ABROAD = regex(
    # German, Spanish, Portuguese, French, Italian
    r"(^|_)(verluste?|fehler\w*|kosten|genauigkeit\w*|güte|trefferquote|p[eé]rdidas?|costes?|costos?|errores|exactitud\w*|aciertos?|precisi[oó]n|puntuaci[oó]n\w*"
    r"|puntaje\w*|perdas?|custos?|erros?|acur[aá]cias?|pontua[cç][aã]o|pr[eé]cision|pertes?|co[uû]ts?|erreurs?|exactitudes?|perdit[ae]|errori|errore|accuratezza|punteggi\w*"
    r"|recompensas?|pr[eê]mios?|r[eé]compenses?|belohnung(en)?|ricompens[ae]"
    # Turkish, Polish, Dutch, Indonesian
    r"|kay.p\w*|hata\w*|do[gğ]ruluk|strat[ay]|b[łl][aą]d\w*|dok[łl]adno[sś][cć]|verlies|fout(en)?|nauwkeurigheid|akurasi|galat"
    # Russian, Ukrainian
    r"|потер[ьяи]\w*|ошиб\w*|точност\w*|качеств\w*|невязк\w*|функционал\w*|энерги[яи]|наград\w*|втрат\w*|помилк\w*|точніст\w*"
    r")\d*($|_)"
    # Chinese, Japanese, Korean: written without spaces
    r"|损失|損失|误差|誤差|錯誤率|错误率|准确率|準確率|正确率|正確率|正解率|精度|召回率|代价|代價|得分|分数|奖励|報酬|コスト|ロス|スコア|손실|오차|정확도|비용|점수|보상"
)
"""The same in other languages that notebooks are written in."""


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z\d])(?=[A-Z])", "_", name).lower()


def is_measure(name: str) -> bool:
    """Whether a name says that it is something measured: `val_loss`, `trainAcc`, `rmse`."""
    name = _snake(name)
    head, about = (*_ABOUT.split(name, maxsplit=1), "")[:2]
    if about and _MEASURES.search(head):
        name = head
    return bool(_MEASURES.search(name) or _ABROAD.search(name)) and not _PARTS.search(_RATE.sub("", name))


def is_coefficient(name: str) -> bool:
    """Whether a name is a letter for what a model has learned, or for a gradient of it."""
    return bool(_COEFFICIENTS.fullmatch(name))


def is_measured(name: str) -> bool:
    """Whether a function or an attribute of this name is a result of evaluation, whatever it is bound to: `score`, `mean_squared_error`, `inertia_`."""
    return bool(_RESULTS.search(_snake(name)))


def is_loss(name: str) -> bool:
    """Whether a name says that it is what training makes small."""
    return bool(_LOSSES.search(_snake(name)))


def is_result(name: str) -> bool:
    """Whether a name says that it holds results of several kinds: `results`, `metriken`."""
    return bool(_HOLDERS.search(name))


def is_step(name: str) -> bool:
    """Whether a loop's variable counts the steps of one training: no setting."""
    return bool(_STEPS.search(name))


def is_duration(name: str) -> bool:
    """Whether a name says how many steps something took, such as an episode."""
    return bool(_TAKEN.search(name))


def is_schedule(name: str) -> bool:
    """Whether a name says that it is a setting that people change while they train: `epsilon`, `temperature`."""
    return bool(_SCHEDULES.search(_snake(name)))


def is_history(name: str) -> bool:
    """Whether a name says that values are kept over time: `cost_history`, `trace`, `loss_list`."""
    name = _snake(name)
    return bool(_HISTORIES.search(name)) or (_LISTS.search(name) is not None and is_measure(_LISTS.sub("", name)))
