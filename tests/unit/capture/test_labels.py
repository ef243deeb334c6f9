"""Labels of formatted numbers."""

from __future__ import annotations

import ast

import pytest

from nbtrack.capture.labels import labelled
from nbtrack.capture.own_name import own_name, snake
from nbtrack.capture.weave.words import is_measure


def labels(code):
    return [(it.label, ast.unparse(it.node)) for it in labelled(ast.parse(code, mode="eval").body)]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('f"accuracy: {acc:.3f}"', [("accuracy", "acc")]),
        ('f"Epoch {e}/{n}, loss: {loss:.4f} - val acc={acc}"', [("epoch", "e"), ("n", "n"), ("loss", "loss"), ("val_acc", "acc")]),
        ('f"Epoch {e+1}, Loss: {run/len(loader):.3f}, Acc: {100*hit/total:.1f}%"', [("epoch", "e + 1"), ("loss", "run / len(loader)"), ("acc", "100 * hit / total")]),
        ('"Test accuracy: %.2f%%" % (100 * acc)', [("test_accuracy", "100 * acc")]),
        ('"%d: loss %.3f" % (epoch, loss)', [("epoch", "epoch"), ("loss", "loss")]),
        ('"%(a)s and MSE = %(b).2f" % {"a": name, "b": err}', [("name", "name"), ("mse", "err")]),
        ('"Soma dos erros (SSE): %2.f " % s', [("soma_dos_erros_sse", "s")]),
        ("f'reward: ${r:,.2f}'.replace('$-', '-$')", [("reward", "r")]),
        ('"RMSE is {:.2f}".format(rmse)', [("rmse", "rmse")]),
        ('"m {}, b {}, cost {} iteration {}".format(m, b, cost, i)', [("m", "m"), ("b", "b"), ("cost", "cost"), ("iteration", "i")]),
        ('"{1} then {0} {x}".format(a, b, x=c)', [("b", "b"), ("then", "a"), ("c", "c")]),
        ('print("Train score", train, "Test score:", test)', [("train_score", "train"), ("test_score", "test")]),
        ('print(loss)', [("loss", "loss")]),
        ('print("epoch", epoch, f"loss={loss.item():.3f}")', [("epoch", "epoch"), ("loss", "loss.item()")]),
        ('print("MSE: " + str(mse))', [("mse", "mse")]),
        ('f"The final loss after {n} epochs: {loss}"', [("final_loss", "n"), ("final_loss", "loss")]),
        ('f"The accuracy of the model is {acc:.2%}"', [("accuracy_of_the_model", "acc")]),
        ('f"{acc:.3f} accuracy"', [("accuracy", "acc")]),
        ('f"精度: {a}"', [("精度", "a")]),
        ('"正解率は" + str(a) + "です"', [("正解率", "a")]),
        ('"准确率为\\uff1a%.2f" % a', [("准确率", "a")]),
        ('f"정확도는 {a}"', [("정확도", "a")]),
        ('f"Précision : {p:.2f} ; Rappel : {r:.2f}"', [("précision", "p"), ("rappel", "r")]),
        ('f"R^2 = {r}"', [("r2", "r")]),
        ('f"RMSE (test) = {r}, (n = {n}) {m}"', [("rmse_test", "r"), ("n", "n"), ("m", "m")]),
        ('"Accuracy of 10NN (1/distance weights): %.2f %%" % a', [("accuracy_of_10nn_1_distance_weights", "a")]),
        ('f"MSE (test, scaled): {m}"', [("mse_test_scaled", "m")]),
        ('f"Our line is: y = {round(m, 2)}x + {c}"', []),
        ('f"y = {a}*x**2 + {b} * x + {c}, r2 = {r}"', [("r2", "r")]),
        ('f"{n}x - faster: {t}s + {u}"', [("faster", "t"), ("faster", "u")]),
        ('f"{x} {y}"', [("x", "x"), ("y", "y")]),
        ('"{0.real} {".format(1)', []),
        ('"Cost after iteration %i: %f" % (i, cost(m))', [("iteration", "i"), ("cost", "cost(m)")]),
        ('print("The accuracy for k =", k, "is", m.score(x, y))', [("k", "k"), ("accuracy", "m.score(x, y)")]),
        ('"Error at epoch %d is %.3f" % (e, f(x))', [("epoch", "e"), ("error", "f(x)")]),
        ('"MSE train: %.3f, test: %.3f" % (f(a), f(b))', [("mse_train", "f(a)"), ("mse_test", "f(b)")]),
        ('f"Tree train/test accuracies {a:.3f}/{b:.3f}"', [("train_accuracies", "a"), ("test_accuracies", "b")]),
        ('f"Accuracy on the test set ({n} images): {c / n}"', [("n", "n"), ("accuracy_on_the_test_set", "c / n")]),
        ('f"Fold {k}: {f(x)}"', [("fold", "k"), ("", "f(x)")]),
        ('print("Adj. R-squared:", r)', [("adj_r_squared", "r")]),
        ('f"{a:.2f} (+/- {b:.2f})"', [("a", "a"), ("a_std", "b")]),
        ('"Mean accuracy: %0.2f ± %0.2f" % (s.mean(), s.std())', [("mean_accuracy", "s.mean()"), ("accuracy_std", "s.std()")]),
        ('f"Accuracy: {100 * m:.1f}% +/- {100 * d:.1f}%"', [("accuracy", "100 * m"), ("accuracy_std", "100 * d")]),
        ('print("Accuracy:", s.mean(), "(+/-", round(s.std() * 2, 2), ")")', [("accuracy", "s.mean()"), ("accuracy_std", "s.std()")]),
        ('f"RMSE: mean {m:.2f} std {d:.2f}"', [("rmse_mean", "m"), ("rmse_std", "d")]),
        ('f"MSE {m} with a standard deviation of {np.std(e)}"', [("mse", "m"), ("mse_std", "np.std(e)")]),
        ('f"Accuracy: {m} ± {ci}, {n} ± {1.96 * d / k}"', [("accuracy", "m"), ("ci", "ci"), ("n", "n"), ("", "1.96 * d / k")]),
        ('f"std: {d}"', [("std", "d")]),
        ('"Die Genauigkeit auf den Trainingsdaten    liegt bei {0:3.2f}%".format(a)', [("genauigkeit_auf_den_trainingsdaten", "a")]),
        ('f"Die            Genauigkeit des Modells liegt bei       {a:.2f}%"', [("genauigkeit_des_modells", "a")]),
        ('f"loss: {a}    time: {t}"', [("loss", "a"), ("time", "t")]),
        ('f"Loss    time {t}"', [("time", "t")]),
        ('f"Der Fehler beträgt {a}"', [("fehler", "a")]),
        ('print("Die Genauigkeit für k =", k, "liegt bei", m.score(x))', [("k", "k"), ("genauigkeit", "m.score(x)")]),
        ('f"La précision est de {a}"', [("précision", "a")]),
        ("f\"A acurácia do modelo foi de {a:.1f}%\"", [("acurácia_do_modelo", "a")]),
        ("f\"El error era de {a}\"", [("error", "a")]),
        ('f"La exactitud es: {a}"', [("exactitud", "a")]),
        ('f"L\'accuratezza è {a}"', [("accuratezza", "a")]),
        ('f"O erro é {a}"', [("erro", "a")]),
        ('f"The accuracy is about {a}"', [("accuracy", "a")]),
        ('f"Best accuracy ({a:.2f}) obtained for {n} trees"', [("best_accuracy", "a"), ("obtained", "n")]),
        ('f"Best result ({test_scores[i]:.2f}) obtained for {n} trees"', [("best_result", "test_scores[i]"), ("obtained", "n")]),
        ('f"Largest city ({names[i]}) of {n}"', [("", "names[i]"), ("of", "n")]),
        ('f"Accuracy ({t}): {a}"', [("t", "t"), ("a", "a")]),
        ('f"In the data, there were {k} miss classifications for {n} inputs"', [("errors", "k"), ("n", "n")]),
        ('f"The model made {k} mistakes."', [("errors", "k")]),
        ('f"There were {k} rows, it had {n} error: {e}"', [("there", "k"), ("it_had", "n"), ("error", "e")]),
        ('print("Forest score: ", round(s.mean() * 100, 2).astype(str) + "%")', [("forest_score", "round(s.mean() * 100, 2)")]),
        ('print("Forest score:", s.astype(float))', [("forest_score", "s.astype(float)")]),
        ('f"Loss decreased from {l[0]:.4f} to {l[-1]:.4f}"', [("loss", "l[-1]")]),
        ('print("Accuracy improved from", a, "to", b, "in", t, "s")', [("accuracy", "b"), ("in", "t")]),
        ('f"Improved accuracy from {a} to {b}"', [("accuracy", "b")]),
        ('f"Accuracy ranges from {a} to {b}"', [("accuracy_ranges", "a"), ("to", "b")]),
        ('f"Values range from {a} to {b}"', [("values_range", "a"), ("to", "b")]),
        ('f"Samples from {a} of {b}"', [("samples", "a"), ("of", "b")]),
        ('f"plain"', []),
        ('len(x)', []),
    ],
)  # fmt: skip
def test_the_text_before_a_value_names_it(code, found):
    assert labels(code) == found


def test_a_share_is_seen_by_its_percent_sign():
    assert [it.is_percent for it in labelled(ast.parse('f"acc: {a}% loss: {b}"', mode="eval").body)] == [True, False]


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("loss", "loss"), ("self.loss", "loss"), ("loss.item()", "loss"), ("loss.detach().cpu().numpy()", "loss"), ("float(loss)", "loss"),
        ("round(100 * loss, 2)", "loss"), ('logs["val_loss"]', "val_loss"), ("losses[-1]", "losses"), ("losses[3]", ""), ("a + b", ""), ("f(x)", ""),
        ("np.mean(losses)", "losses"), ("loss / 2", "loss"),
    ],
)  # fmt: skip
def test_an_expression_calls_itself_by_what_it_reads(code, name):
    assert own_name(ast.parse(code, mode="eval").body) == name


@pytest.mark.parametrize(
    ("text", "name"), [("Val Loss", "val_loss"), ("valLoss", "val_loss"), ("F1-score (macro)", "f1_score_macro"), ("R²", "r2"), ("MSE", "mse"), ("", "")]
)
def test_a_name_is_words_joined_by_underscores(text, name):
    assert snake(text) == name


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("accuracy_of_knn_with_weights", True),
        ("loss_weights", False),
        ("number_of_errors_with_labels", False),
        ("error_for_names", True),
        ("weights_of_loss", False),
    ],
)
def test_what_follows_of_or_with_tells_what_was_measured(name, is_one):
    assert is_measure(name) is is_one
