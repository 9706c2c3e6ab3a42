"""The command contrast."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import Annotated

import typer

from ..errors import InputError, SettingsError
from .app import app, heeding_warnings
from .destination import Destination
from .options import Overwrite, Quiet, Seed
from .streams import say

__all__ = ["contrast"]


@app.command()
def contrast(
    subjects: Annotated[
        list[str],
        typer.Option(
            metavar="FILE [FILE ...]",
            help="Tables of subjects: ADNIMERGE, DXSUM, or any with a column of subjects, a group and covariates; "
            "thickness may stand beside them (a column a region, or a row a region).",
        ),
    ],
    group: Annotated[str, typer.Option(metavar="COLUMN", help="Column of the groups; ADNI's also get 'diagnosis'.")],
    case: Annotated[str, typer.Option(metavar="VALUE", help="Its value for cases.")],
    control: Annotated[str, typer.Option(metavar="VALUE", help="Its value for controls.")],
    out: Annotated[
        Path, typer.Option(metavar="MAP.csv", help="File of the map; the others are named after it, beside it.")
    ],
    thickness: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE [FILE ...]",
            help="Thickness, where it is apart: aparcstats2table (lh and rh), UCSFFSX*, or a folder of ?h.aparc.stats.",
        ),
    ] = None,
    covariates: Annotated[
        str, typer.Option(metavar="A,B,...", help="Columns to adjust for; C(site) makes a factor of numbers.")
    ] = "",
    effect: Annotated[str, typer.Option(metavar="d|mm", help="Cohen's d (Hedges-corrected) or millimetres.")] = "d",
    errors: Annotated[
        str, typer.Option(metavar="hc3|classical|bootstrap", help="Standard errors that the map carries.")
    ] = "hc3",
    weights: Annotated[
        str, typer.Option(metavar="none|inverse-frequency|overlap", help="How unequal groups are balanced.")
    ] = "none",
    normative: Annotated[
        str,
        typer.Option(
            metavar="pooled|abide|adhd200|none",
            help="Other people whose correlations of regions steady the subjects' own; adhd200 for subjects of ABIDE.",
        ),
    ] = "pooled",
    bootstrap: Annotated[int, typer.Option(metavar="N", help="Stratified bootstrap replicates.")] = 0,
    permutations: Annotated[
        int, typer.Option(metavar="K", help="Contrasts of permuted subjects, as null maps: MAP_permuted.csv.")
    ] = 0,
    strata: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column, such as site, within which replicates and permutations are drawn as well."
        ),
    ] = None,
    visit: Annotated[
        str | None, typer.Option(metavar="CODE", help="Visit to keep, or all; baseline where there are such codes.")
    ] = None,
    repeats: Annotated[
        str, typer.Option(metavar="error|first|mean", help="What becomes of a subject with several rows.")
    ] = "error",
    missing: Annotated[
        str, typer.Option(metavar="error|drop", help="What becomes of subjects without a group or covariate.")
    ] = "error",
    hemispheres: Annotated[str, typer.Option(metavar="both|left|right", help="What was measured.")] = "both",
    subject_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column of the subjects.")] = None,
    adni_table: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which table's columns of a merged one (TADPOLE): UCSFFSX or UCSFFSL."),
    ] = None,
    missing_codes: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,...", help="Numbers that stand for a missing value: -9,999 or AGE=999,educ=-9 by column; none."
        ),
    ] = None,
    scale: Annotated[
        str,
        typer.Option(metavar="mm|free", help="Unit of thickness: free for z-scores, residuals or ComBat-ed values."),
    ] = "mm",
    seed: Seed = 0,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Make a map of thinning from subjects: effects, standard errors and their covariance across regions.

    Effects are cases less controls: negative where cases are thinner.

    Writes MAP.csv, MAP_covariance.csv (fit takes it from beside the map), MAP_permuted.csv and
    MAP_permuted_covariance.csv (with --permutations: null maps for nulls --null-maps), MAP_comparison.csv
    (unadjusted, adjusted, weighted), MAP_w_scores.csv (each subject against controls), MAP_individual.csv (how much
    wider a prediction of one subject is) and MAP.json (settings, groups, notices).
    """
    from ..cohort import contrast as run
    from ..cohort.files import contrast_files, write_contrast
    from .terminal import print_contrast

    if strata is not None and not (bootstrap or permutations):
        raise SettingsError(
            "--strata says within what replicates and permutations are drawn, and there are none; give --bootstrap or "
            "--permutations, or leave it out."
        )
    if out.is_dir():
        raise InputError(f"--out {out} is a folder; name the file of the map, {out / 'map.csv'} for example.")
    files, inputs = [escape(name) for name in contrast_files(out)], [subjects, thickness]
    place = Destination(out.parent, files, overwrite=overwrite, inputs=inputs)
    with heeding_warnings():
        found = run(
            list(subjects),
            thickness=list(thickness or []),
            group=group,
            case=case,
            control=control,
            covariates=covariates or (),
            effect=effect,
            errors=errors,
            weights=weights,
            normative=normative,
            bootstrap=bootstrap,
            permutations=permutations,
            strata=strata,
            visit=visit,
            repeats=repeats,
            missing=missing,
            hemispheres=hemispheres,
            subject_column=subject_column,
            adni_table=adni_table,
            missing_codes=missing_codes,
            scale=scale,
            seed=seed,
        )
    place.fill(
        lambda folder: write_contrast(found, folder / out.name), show=lambda: None if quiet else print_contrast(found)
    )
    if found.permuted is not None:
        name = next(file for file in contrast_files(out) if file.endswith("_permuted.csv"))
        say(
            f"{name} holds {permutations} contrasts of permuted subjects: "
            f"pyro-neurovae nulls ... --null-maps {out.with_name(name)} tests a fit of the map against them."
        )
