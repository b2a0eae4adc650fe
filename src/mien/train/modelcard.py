"""MODEL_CARD.md: what the shipped weights are, from results/: `python -m mien.train.modelcard`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from mien.card import Card
from mien.train.ship import WEIGHTS

Json = Mapping[str, "Json"] | Sequence["Json"] | str | float | int | bool | None


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def at(result: Json, path: str) -> Json:
    """A figure by its dotted path; a dash where there is none."""
    for step in path.split("/"):
        if not isinstance(result, Mapping) or step not in result:
            return "–"
        result = result[step]
    return result


SUMMARY = (
    ("FER+ accuracy, 8 classes, majority-labelled faces", "ferplus/accuracy"),
    ("FER+ macro-F1", "ferplus/macro_f1"),
    ("expected calibration error of the expression", "ferplus/calibration_error"),
    ("action units, mean AUC on rendered heads never seen", "renders/mean_auc"),
    ("AU12 tells smiling from neutral, London set, AUC", "london/smile_auc"),
    ("the same, of one person's two photos: share where AU12 is higher", "london/smile_within_person/share"),
    ("AU12 tells happy from neutral, LFW people never seen, by students' labels, AUC", "smiles/auc"),
    ("same person or not, LFW people never seen, 10-fold", "lfw/accuracy"),
    ("gender accuracy, UTKFace", "utkface/all/gender_accuracy"),
    ("age error in years, UTKFace", "utkface/all/age_mae"),
    ("ethnicity accuracy, UTKFace's five groups", "utkface/ethnicity_accuracy"),
)


def summary(results: Mapping[str, Json]) -> str:
    """One row per figure, one column per weights file."""
    rows = [[words, *(at(r, path) for r in results.values())] for words, path in SUMMARY]
    return table(["validation figure", *results], rows)


def groups(result: Json) -> str:
    """Gender accuracy and age error by group."""
    measured = at(result, "utkface")
    rows = [
        [name, at(row, "faces"), at(row, "gender_accuracy"), at(row, "age_mae")]
        for name, row in (measured.items() if isinstance(measured, Mapping) else ())
        if isinstance(row, Mapping)
    ]
    return table(["held-out UTKFace", "faces", "gender accuracy", "age error, years"], rows)


def london(result: Json) -> str:
    """The consenting people's photos by group."""
    measured = at(result, "london/by_group")
    rows = [
        [
            name,
            at(row, "photos"),
            at(row, "found"),
            at(row, "smile_auc"),
            at(row, "gender_accuracy"),
            at(row, "age_mae"),
        ]
        for name, row in (measured.items() if isinstance(measured, Mapping) else ())
    ]
    return table(["London set", "photos", "faces found", "AU12 AUC", "gender accuracy", "age error"], rows)


def units(results: Mapping[str, Json]) -> str:
    """AUC per action unit on renders, and the sanity of units on real faces."""
    names = at(next(iter(results.values())), "renders/auc")
    rows = (
        [[n, *(at(r, f"renders/auc/{n}") for r in results.values())] for n in names]
        if isinstance(names, Mapping)
        else []
    )
    checks = at(next(iter(results.values())), "ferplus/unit_sanity_auc")
    more = (
        [
            [
                f"{n} against neutral, real FER+ faces",
                *(at(r, f"ferplus/unit_sanity_auc/{n}") for r in results.values()),
            ]
            for n in checks
        ]
        if isinstance(checks, Mapping)
        else []
    )
    return table(["AUC", *results], [*rows, *more])


def expressions(result: Json) -> str:
    """Recall by expression, with how many faces it rests on."""
    names = at(result, "ferplus/recall")
    rows = (
        [[n, at(result, f"ferplus/count/{n}"), at(result, f"ferplus/recall/{n}")] for n in names]
        if isinstance(names, Mapping)
        else []
    )
    return table(["expression", "validation faces", "recall"], rows)


def inventory() -> str:
    """Every file that ships."""
    cards = sorted((Card.from_json(p.read_text()) for p in WEIGHTS.glob("*.json")), key=lambda c: c.name)
    rows = [[f"`{c.name}`", c.file, f"{c.size / 1e6:.2f} MB", c.license] for c in cards]
    return table(["card", "file", "size", "licence and data"], rows)


def finder(result: Json) -> str:
    """The detector's figures by threshold."""
    sweep = at(result, "by_threshold")
    rows = (
        [[t, at(row, "recall"), at(row, "precision"), at(row, "wrong")] for t, row in sweep.items()]
        if isinstance(sweep, Mapping)
        else []
    )
    return table(["threshold", "recall", "precision", "wrong finds"], rows)


def readme_figures(loaded: Mapping[str, Json]) -> str:
    """The README's own table: what the default network and the detector reach."""
    faces, found = loaded["mien_s.default"], loaded.get("finder.default")
    rows = [[words, at(faces, path)] for words, path in SUMMARY]
    rows += [
        [
            "detector: recall of MTCNN's sure faces from 24 px on, threshold from other albums",
            at(found, "crossed/recall"),
        ],
        ["detector: precision on the same photos", at(found, "crossed/precision")],
    ]
    return table(["validation figure", "value"], rows)


def fill_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between the two comments of this name."""
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, rest = path.read_text("utf-8").split(start)
    path.write_text(f"{before}{start}\n{text}\n{end}{rest.split(end)[1]}", "utf-8")


def main() -> None:
    """Write the model card."""
    parse = argparse.ArgumentParser(description=__doc__)
    parse.add_argument("--results", type=Path, default=Path("results"))
    parse.add_argument("--out", type=Path, default=Path("MODEL_CARD.md"))
    parse.add_argument("--readme", type=Path, default=Path("README.md"))
    given = parse.parse_args()
    wanted = [p for kind in ("mien_s", "finder") for p in sorted(given.results.glob(f"{kind}.*.json"))]
    loaded = {p.stem: json.loads(p.read_text())["figures"] for p in wanted}
    faces = {name: loaded[name] for name in ("mien_s.default", "mien_s.default.fp32", "mien_s.clean") if name in loaded}
    main_result = faces["mien_s.default"]
    text = files("mien.train").joinpath("modelcard.md").read_text("utf-8")
    filled = {
        "inventory": inventory(),
        "summary": summary(faces),
        "expressions": expressions(main_result),
        "units": units(faces),
        "groups": groups(main_result),
        "london": london(main_result),
        "finder": finder(loaded.get("finder.default")),
        "finder_photos": str(at(loaded.get("finder.default"), "photos")),
        "finder_faces": str(at(loaded.get("finder.default"), "at/faces")),
    }
    for name, path in (("crossed", "crossed"), ("alone", "without_judge")):
        for figure in ("recall", "precision"):
            filled[f"{name}_{figure}"] = str(at(loaded.get("finder.default"), f"{path}/{figure}"))
    for name, part in filled.items():
        text = text.replace("{{" + name + "}}", part)
    given.out.write_text(text, "utf-8")
    fill_between(given.readme, "figures", readme_figures(loaded))


if __name__ == "__main__":
    main()
