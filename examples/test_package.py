"""Tests with pytest, each with processes of its own, by the fixture of the package.

    pip install ./python pytest
    pytest examples/test_package.py
"""


def test_a_liar_is_outvoted(quorate_cluster):
    cluster = quorate_cluster(n=4, faulty={"S": "lie:retreat"})
    assert cluster.decide("attack")["Q"] == "attack"


def test_two_clusters_do_not_know_each_other(quorate_cluster):
    one, other = quorate_cluster(), quorate_cluster(n=7)
    assert one.submit("set x=1") == other.submit("set x=2") == "ok"
    assert (one.read("x"), other.read("x")) == ("1", "2")
