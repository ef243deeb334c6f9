"""What code does, as far as it is asked."""

from nbtrack.notebooks.effects import effects_of

CODE = "import os\nfiles = os.listdir()\nfor name in {str(it) for it in files}:\n    print(files[0], name)\n"


def test_what_is_asked_ahead_of_a_cell_comes_to_the_same_once_it_is_complete():
    whole, ahead = effects_of(CODE), effects_of(CODE, is_ahead=True)
    assert (ahead.mentions, ahead.writes) == (whole.mentions, whole.writes)
    assert ahead.complete() == whole
    assert whole.orders
    assert whole.listings.used
