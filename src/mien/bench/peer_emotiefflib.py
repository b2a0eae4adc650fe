"""Run by the environment of EmotiEffLib, which knows nothing of this package: its ONNX class, timed."""

import functools
import json
import os
import resource
import sys
import time


def main() -> None:
    """Answer lines of JSON: {"crops": a .npy file, "count": how many} → seconds and the peak of memory."""
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = int(os.environ["BENCH_THREADS"])
    ort.InferenceSession = functools.partial(ort.InferenceSession, sess_options=options)  # it takes no threads itself
    from emotiefflib.facial_analysis import EmotiEffLibRecognizer

    recognizer = EmotiEffLibRecognizer(engine="onnx", model_name=os.environ["BENCH_MODEL"])
    for line in sys.stdin:
        asked = json.loads(line)
        crops = list(np.load(asked["crops"], mmap_mode="r")[: asked["count"]])
        crops = [np.array(crop) for crop in crops]
        begin = time.perf_counter()
        recognizer.predict_emotions(crops, logits=False)
        seconds = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        sys.stdout.write(json.dumps({"seconds": seconds, "peak": peak}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
