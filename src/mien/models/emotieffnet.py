"""The EmotiEffNet family: expressions, some with valence and arousal, learned by its authors from AffectNet.

Every file answers with logits and, through `embedding="classifier"`, with the features before them, in one pass.
"""

from __future__ import annotations

from mien.card import Card, Input, Output
from mien.labels import AFFECTNET7, AFFECTNET8
from mien.types import Labels

_URL = (
    "https://raw.githubusercontent.com/sb-ai-lab/EmotiEffLib/f1df0e8548c666d268826e50b7de107fd5553e9d"
    "/models/affectnet_emotions/onnx/{}.onnx"
)
_LICENSE = "Apache-2.0 as published; learned from AffectNet and VGGFace2, which are for research"
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def _card(name: str, file: str, blob: str, how: Input, labels: Labels = AFFECTNET8, affect: bool = False) -> Card:
    """A card by the family's rules: class logits first, then, in the multi-task files, valence and arousal."""
    classes = Output("expression", "output", 0, len(labels), labels=labels.names)
    pair = (Output("valence_arousal", "output", len(labels), len(labels) + 2),) if affect else ()
    return Card(
        name=name,
        file=f"{file}.onnx",
        license=_LICENSE,
        input=how,
        outputs=(classes, *pair),
        aliases=(file,),
        url=_URL.format(file),
        hash=f"git:{blob}",
        embedding="classifier",
    )


_B0 = Input(224, "stretch", 0.0, *_IMAGENET)
_B2 = Input(260, "stretch", 0.0, *_IMAGENET)
_MBF = Input(112, "stretch", 0.0, *_HALF)

CARDS = (
    _card("emotieffnet_b0.vgaf", "enet_b0_8_best_vgaf", "49772db4e87ee6df57087fba131832a959e5c64d", _B0),
    _card("emotieffnet_b0.afew", "enet_b0_8_best_afew", "d87faf71e8756d68c701ffd88b4cde4be460f57d", _B0),
    _card("emotieffnet_b0.va_mtl", "enet_b0_8_va_mtl", "7ce9d6dd5b82b260bc19bfe7822a6ffa1abb6011", _B0, affect=True),
    _card("emotieffnet_b2.affectnet7", "enet_b2_7", "cdd6a6070b72ed2e59e15e810ae0ecdbcb0f7626", _B2, AFFECTNET7),
    _card("emotieffnet_b2.affectnet8", "enet_b2_8", "a7cb612cbab1ce3d50dd52e57285fb2c7ea6d0d9", _B2),
    _card("mobilefacenet.va_mtl", "mbf_va_mtl", "194db927ec135679e5cd0a267c5605e2e9d68e7e", _MBF, affect=True),
    _card("mobilevit.va_mtl", "mobilevit_va_mtl", "bed5781a1af9924536638ac3786603e124ee900e", _B0, affect=True),
)
