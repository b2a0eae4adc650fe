"""Run by the environment of fer, which knows nothing of this package: its default detector and network, timed."""

import json
import os
import sys
import time
from pathlib import Path


def main() -> None:
    """Answer lines of JSON: {"photos": [files]} → seconds and the number of faces."""
    import cv2

    threads = int(os.environ["BENCH_THREADS"])
    cv2.setNumThreads(threads)
    from fer import fer  # the README's import does not work

    cascade = Path(fer.__file__).parent / "data" / "haarcascade_frontalface_default.xml"  # where it is not looked for
    detector = fer.FER(cascade_file=str(cascade))
    for line in sys.stdin:
        photos = json.loads(line)["photos"]
        begin = time.perf_counter()
        faces = sum(len(detector.detect_emotions(cv2.imread(photo))) for photo in photos)
        sys.stdout.write(json.dumps({"seconds": time.perf_counter() - begin, "faces": faces}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
