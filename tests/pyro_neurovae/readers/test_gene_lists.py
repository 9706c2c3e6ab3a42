"""Lists of genes in the forms that users have them."""

from __future__ import annotations

import pytest

from pyro_neurovae.errors import InputError
from pyro_neurovae.readers.gene_lists import read_genes


@pytest.mark.parametrize(
    "text",
    [
        "APOE\nMAPT\n\nSNCA\nAPOE\n",
        "APOE, MAPT, SNCA\n",
        "APOE\tMAPT\tSNCA",
        "APOE MAPT SNCA",
        "# landmark list, v2\ngene\nAPOE\nMAPT\nSNCA\n",
        "Symbol,chromosome\nAPOE,19\nMAPT,17\nSNCA,4\n",
        "id\tname\tgene\n1\tx\tAPOE\n2\ty\tMAPT\n3\tz\tSNCA\n4\tnone\t\n",
        "pr_gene_id\tpr_gene_symbol\tpr_is_lm\n1\tAPOE\t1\n2\tMAPT\t1\n3\tTP53\t0\n4\tSNCA\t1\n",
        "gene_id\tgene_symbol\tfeature_space\n1\tAPOE\tlandmark\n2\tMAPT\tlandmark\n3\tTP53\tinferred\n4\tSNCA\tlandmark\n",
    ],
)
def test_lists_of_genes(tmp_path, text):
    (tmp_path / "genes.txt").write_text(text)
    assert read_genes(tmp_path / "genes.txt") == ["APOE", "MAPT", "SNCA"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\nAPOE,1\n", r"genes\.txt: several columns \(x, y\) of which none is called gene or symbol"),
        ("gene\n", r"genes\.txt: no gene symbol in it"),
        ("gene,chromosome\n", r"genes\.txt: no gene symbol in it"),
        ("# nothing\n", r"genes\.txt: no gene symbol in it"),
        ("gene\nAPOE\n1-Mar\n", r"genes\.txt, line 3: 1-Mar is a date that a spreadsheet made"),
        ("APOE\nSep-02\n", "line 2: Sep-02 is a date"),
        ("", r"genes\.txt: not a table, the file is empty"),
    ],
)
def test_faults_of_lists(tmp_path, text, message):
    (tmp_path / "genes.txt").write_text(text)
    with pytest.raises(InputError, match=message):
        read_genes(tmp_path / "genes.txt")
