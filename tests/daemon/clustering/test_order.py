"""What a run is asked for, and the settings that fill it."""

import json
from dataclasses import asdict

import pytest

from segue.clustering import Algorithm, ClusteringParameters
from segue.clustering.order import Order
from segue.settings.clustering import ClusteringSection, parameters_of


def test_settings_have_the_defaults_of_the_search() -> None:
    wanted = parameters_of(ClusteringSection())
    known = asdict(ClusteringParameters())
    assert wanted == {name: known[name] for name in wanted}


def test_settings_make_parameters() -> None:
    section = ClusteringSection(algorithm="all", top_n_playlists=12)
    parameters = Order.from_dict({"parameters": parameters_of(section)}).parameters
    assert (parameters.algorithm, parameters.top_n_playlists) == (Algorithm.ALL, 12)


def test_an_order_comes_back_from_a_row() -> None:
    order = Order(
        parameters=ClusteringParameters(top_n_playlists=3), seed=9, servers=[4], libraries=["a"], fresh=True
    )
    assert Order.from_dict(json.loads(json.dumps(order.as_dict()))) == order
    assert Order.from_dict({}) == Order()


def test_an_order_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown clustering parameters: magic"):
        Order.from_dict({"parameters": {"magic": 1}})
