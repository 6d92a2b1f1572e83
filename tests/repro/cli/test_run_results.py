"""What a summary says of phases other than training."""

from repro.cli.run_show import results

EIGHT = {"int8": {"correct": 90, "total": 200}, "size_bytes_int8": 1_000, "size_bytes_float": 4_000}


def test_the_guarantee_of_one_weight_a_layer_is_told():
    assert results({"prune": {"kept": 9, "guaranteed_layers": ["conv.weight"]}}) == [
        ("prune", "conv.weight would keep less than one weight; it is given one")
    ]
    many = [f"{place}.weight" for place in range(6)]
    assert results({"prune": {"guaranteed_layers": many}}) == [
        (
            "prune",
            "0.weight, 1.weight, 2.weight, 3.weight and 2 more would keep less than one weight; each is given one",
        )
    ]


def test_a_phase_without_news_has_no_line():
    assert results({"prune": {"kept": 9}, "alive": {"a": [1, 2]}, "quantise": EIGHT}) == [
        ("quantise", "8-bit accuracy 45.00 %, 1,000 of 4,000 bytes")
    ]


def test_a_smaller_network_is_named_with_its_size_and_file() -> None:
    before, after = {"parameters": 26_661, "bytes": 107_000}, {"parameters": 4_000, "bytes": 16_500}
    assert results({"compact": {"before": before, "after": after}}) == [
        (
            "compact",
            "4,000 of 26,661 parameters, 16,500 of 107,000 bytes: compact.safetensors in the run's directory",
        )
    ]
    assert not results({"compact": {"before": {"parameters": 9}, "after": {"parameters": 3}}})  # an older record
