"""Graphs from files: labelled squares, bare matrices with labels beside them, edge lists."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError
from pyro_neurovae.graphs.registry import GRAPHS, as_graph, read_graph

DK = dk68_names()


def written(folder, text, name="map.csv"):
    path = folder / name
    path.write_text(text)
    return path


def test_public_connectivity_takes_labels_from_the_file_beside_it(data_dir):
    graph, notices = read_graph(data_dir / "connectivity/hcp_struct_dk68_matrix.csv")
    assert graph.names == DK
    assert int((graph.weights > 0).sum()) == 1394
    assert graph.homologues[0] == (0, 34)
    assert (graph.label, notices) == ("hcp_struct_dk68_matrix", ())
    # The first two connections of the file's first row; the mean weight of an edge is 1.
    assert graph.weights[0, 7] / graph.weights[0, 6] == pytest.approx(5.60332978329358 / 9.26703209496832)
    assert graph.weights[graph.weights > 0].mean() == pytest.approx(1)


def square():
    rng = np.random.default_rng(3)
    half = np.triu(rng.integers(0, 2, (68, 68)) * rng.uniform(1, 2, (68, 68)), 1)
    return pd.DataFrame(half + half.T, index=list(DK), columns=list(DK))


def test_labelled_square_in_any_order_and_edge_list_agree(tmp_path):
    table = square()
    mean = table.to_numpy()[table.to_numpy() > 0].mean()
    table.iloc[::-1, ::-1].to_csv(tmp_path / "square.csv")
    table.to_csv(tmp_path / "header.csv", index=False)
    edges = [(a, b, table.loc[a, b]) for i, a in enumerate(DK) for b in DK[:i] if table.loc[a, b] > 0]
    pd.DataFrame(edges, columns=["source", "target", "w"]).to_csv(tmp_path / "edges.csv", index=False)
    pd.DataFrame(edges).to_csv(tmp_path / "bare.tsv", index=False, header=False, sep="\t")
    for name in ("square.csv", "header.csv", "edges.csv", "bare.tsv"):
        graph, _ = read_graph(tmp_path / name)
        assert graph.names == DK
        np.testing.assert_allclose(graph.weights, table / mean, err_msg=name)


def test_delimiters_at_the_ends_of_lines_make_no_column(tmp_path):
    text = square().to_csv()
    wanted, _ = read_graph(written(tmp_path, text))
    graph, _ = read_graph(written(tmp_path, text.replace("\n", ",,\n")))
    np.testing.assert_array_equal(graph.weights, wanted.weights)


def test_regions_that_are_numbered_are_labels_and_no_weights(tmp_path):
    for corner in ("", "id"):
        graph, _ = read_graph(written(tmp_path, f"{corner},11,12,13\n11,0,1,0\n12,1,0,3\n13,0,3,0\n"))
        assert graph.names == ("11", "12", "13")
        np.testing.assert_allclose(graph.weights, np.array([[0, 1, 0], [1, 0, 3], [0, 3, 0]]) / 2)


def test_edges_without_weights_on_names_of_another_atlas(tmp_path):
    graph, _ = read_graph(written(tmp_path, "first,second\np1,p2\np2,p3\np4,p3\n"))
    assert graph.names == ("p1", "p2", "p3", "p4")
    assert graph.weights.sum() == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.where(~np.eye(68, k=1, dtype=bool), 7.5), r"g\.csv.*symmetric"),
        (lambda t: -t, r"g\.csv.*negative"),
        (
            lambda t: t.rename(index={"L_cuneus": "L_cuneos"}, columns={"L_cuneus": "L_cuneos"}),
            "L_cuneos.*L_cuneus",
        ),
        (
            lambda t: t.rename(index={"L_cuneus": "L_cuneos"}),
            r"g\.csv: rows and columns have different labels",
        ),
        (lambda t: t.replace(t.iloc[0, 1:].max(), np.inf), "is infinite"),
        (lambda t: t.replace(t.iloc[0, 1:].max(), np.nan), "weight is missing; write 0"),
        (lambda t: t.iloc[:, :40], r"g\.csv: 69 lines of 41 fields are neither"),
    ],
)
def test_faults_of_a_graph_file(tmp_path, change, message):
    change(square()).to_csv(tmp_path / "g.csv")
    with pytest.raises(InputError, match=message):
        read_graph(tmp_path / "g.csv")


def test_weights_of_a_region_with_itself_are_set_aside(tmp_path):
    (square() + np.diag(np.arange(68) == 3)).to_csv(tmp_path / "g.csv")
    graph, notices = read_graph(tmp_path / "g.csv")
    mean = square().to_numpy()[square().to_numpy() > 0].mean()
    np.testing.assert_allclose(graph.weights, square() / mean)
    assert notices == ("g.csv: weights of regions with themselves set aside: L_cuneus.",)


def test_matrix_without_labels(tmp_path):
    np.savetxt(tmp_path / "my_matrix.csv", square(), delimiter=",")
    with pytest.raises(InputError, match=r"my_matrix\.csv: a matrix without labels; .*my_labels\.csv"):
        read_graph(tmp_path / "my_matrix.csv")
    written(tmp_path, "\n".join(DK[:67]), "my_labels.csv")
    with pytest.raises(InputError, match=r"my_labels\.csv: 67 labels for the 68 rows of my_matrix\.csv"):
        read_graph(tmp_path / "my_matrix.csv")
    written(tmp_path, "label\n" + "\n".join(DK), "my_labels.csv")
    assert read_graph(tmp_path / "my_matrix.csv")[0].names == DK


def test_faults_of_an_edge_list(tmp_path):
    with pytest.raises(InputError, match="two weights for the edge p2 - p1, 1 and 2"):
        read_graph(written(tmp_path, "first,second,w\np1,p2,1\np2,p1,2\np2,p3,1\n"))
    with pytest.raises(InputError, match="row p2 - p3, column weight: 'x' is not a number"):
        read_graph(written(tmp_path, "first,second,w\np1,p2,1\np2,p3,x\np1,p3,1\n"))


def test_table_in_memory_is_brought_to_canonical_labels():
    labels = [f"{side.lower()}h_{name}" for side, name in (region.split("_", 1) for region in DK)]
    graph, _ = as_graph(square().set_axis(labels, axis=0).set_axis(labels, axis=1))
    assert graph.names == DK
    assert graph.lobes is not None
    assert as_graph(graph) == (graph, ())


def test_graph_by_name(tmp_path):
    assert as_graph("dk68")[0].names == DK
    known = ", ".join(GRAPHS)
    with pytest.raises(InputError, match=f"unknown graph 'dk86': give {known}, or the path of a file"):
        as_graph("dk86")
    with pytest.raises(InputError, match=r"absent\.csv: no such file"):
        as_graph(tmp_path / "absent.csv")


def test_connections_too_strong_to_compute_with(tmp_path):
    with pytest.raises(
        InputError, match=r"row p2: the connection with p1 1e\+200 is beyond 1e\+30.*write 0 where there"
    ):
        read_graph(written(tmp_path, "first,second,w\np1,p2,1e200\np2,p3,1\np1,p3,1\n"))
    with pytest.raises(InputError, match="is nowhere above 1e-200, less than can be computed with"):
        read_graph(written(tmp_path, "first,second,w\np1,p2,1e-200\np2,p3,1\np1,p3,1e-200\n"))


def test_labels_of_another_case_beside_a_matrix(tmp_path):
    square().to_csv(tmp_path / "SC_MATRIX.csv", index=False, header=False)
    written(tmp_path, "\n".join(DK), "sc_labels.CSV")
    assert read_graph(tmp_path / "SC_MATRIX.csv")[0].names == DK
