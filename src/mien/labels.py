"""Every label set of the field, in its source's order; `Reading.to` goes from one to another by name."""

from __future__ import annotations

from mien.types import Labels

EXPRESSIONS = Labels(
    "expressions", ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
)
AFFECTNET8 = Labels(
    "affectnet8", ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
)
AFFECTNET7 = Labels("affectnet7", ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"))
FERPLUS = Labels(
    "ferplus", ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", "unknown", "NF")
)
AFFWILD2 = Labels("affwild2", ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise", "other"))
LSD = Labels("lsd", ("anger", "disgust", "fear", "happiness", "sadness", "surprise"))
AFEW = Labels("afew", ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"))
VGAF = Labels("vgaf", ("positive", "neutral", "negative"))
COMPOUND = Labels(
    "compound",
    (
        "fearfully surprised",
        "happily surprised",
        "sadly surprised",
        "disgustedly surprised",
        "angrily surprised",
        "sadly fearful",
        "sadly angry",
    ),
)
EMI = Labels("emi", ("admiration", "amusement", "determination", "empathic pain", "excitement", "joy"))
VALENCE_AROUSAL = Labels("valence_arousal", ("valence", "arousal"))
ACTION_UNITS = Labels(
    "action_units",
    ("AU01", "AU02", "AU04", "AU06", "AU07", "AU10", "AU12", "AU15", "AU23", "AU24", "AU25", "AU26"),
)
GENDERS = Labels("genders", ("female", "male"))
ETHNICITIES = Labels("ethnicities", ("white", "black", "asian", "indian", "other"))
AGE = Labels("age", ("age",))
POSE = Labels("pose", ("yaw", "pitch"))
QUALITY = Labels("quality", ("size", "blur"))


def numbered(name: str, count: int) -> Labels:
    """Labels 0, 1, … for an embedding, so that features travel like any other reading."""
    return Labels(name, tuple(str(i) for i in range(count)))
