"""The outputs of a cell within their caps."""

import json

from nbtrack.capture import output_list
from nbtrack.capture.output_list import OutputList, size_of


def applied(*messages, displayed=None):
    outputs = OutputList([], {} if displayed is None else displayed)
    for kind, content in messages:
        outputs.apply(kind, content, 0)
    outputs.settle()
    return outputs


def rich(data, display_id=None):
    return "display_data", {"data": data, "metadata": {}, "transient": {} if display_id is None else {"display_id": display_id}}


def test_a_form_that_is_too_large_is_named_and_the_others_stay():
    (output,) = applied(rich({"text/plain": "<Figure>", "image/png": "x" * (17 << 20), "image/svg+xml": "<svg/>"})).outputs
    assert output["data"] == {"text/plain": f"<Figure>\n[image/png of {17 << 20} bytes left out]", "image/svg+xml": "<svg/>"}


def test_the_whole_cell_has_a_cap_and_small_outputs_beyond_it_stay():
    outputs = applied(*(rich({"image/png": "x" * (15 << 20)}) for _ in range(8)), rich({"text/plain": "small"})).outputs
    assert sum(len(output["data"].get("image/png", "")) for output in outputs) <= output_list.CELL_CAP
    assert outputs[-1]["data"] == {"text/plain": "small"}


def test_outputs_beyond_the_most_are_counted_and_the_error_is_kept():
    messages = [rich({"text/plain": str(number)}) for number in range(output_list.MOST + 5)]
    outputs = applied(*messages, ("error", {"ename": "E", "evalue": "", "traceback": []})).outputs
    assert outputs[-2]["text"] == "[5 more outputs left out]\n"
    assert outputs[-1]["output_type"] == "error"


def test_what_user_code_changes_later_is_kept_as_it_was_shown():
    spec = {"values": [1, 2]}
    outputs = applied(rich({"application/json": spec})).outputs
    spec["values"].append(3)
    assert outputs[0]["data"]["application/json"] == {"values": [1, 2]}


def test_what_comes_when_the_cell_has_ended_counts_too():
    found = OutputList([], {})
    found.settle()
    assert found.size_bytes == 0
    for text in ("from a child\n", "and more\n"):
        found.apply("stream", {"name": "stdout", "text": text}, 0)
        assert found.size_bytes == sum(map(size_of, found.outputs)) - size_of({"output_type": "stream", "name": "stdout", "text": ""})
    assert found.outputs[0]["text"] == "from a child\nand more\n"


def test_a_cell_long_past_sheds_all_but_the_small():
    outputs = applied(rich({"image/png": "x" * 50_000, "text/plain": "a picture"}), ("stream", {"name": "stdout", "text": "y" * 50_000}))
    outputs.shed()
    assert outputs.outputs[0]["data"] == {"text/plain": "a picture\n[image/png of 50000 bytes left out]"}
    assert "40000 characters left out" in outputs.outputs[1]["text"]
    assert outputs.size_bytes < 11_000


def test_the_size_of_long_lists_is_judged_without_walking_them():
    values = [0.1234567] * 1_000_000
    assert 0.5 < size_of(values) / len(json.dumps(values)) < 2
