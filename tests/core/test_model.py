"""The values everyone speaks in."""

from activation_sync.core.model import Counts, Measure
from activation_sync.core.rule.reasons import MEASURE_WORDS


def test_counts_hold_a_field_a_measure_in_the_same_order():
    assert Counts._fields == tuple(Measure)


def test_every_measure_has_words_of_its_own():
    assert list(MEASURE_WORDS) == list(Measure)
    assert len(set(MEASURE_WORDS.values())) == len(Measure)


def test_graph_spells_a_measure_one_way_in_csv_and_another_in_json():
    shared = Measure.SHARED_COMPUTER_ACTIVATION
    assert (shared.column, shared.json_name) == ("Shared Computer Activation", "sharedComputerActivation")
