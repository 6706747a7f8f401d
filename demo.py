"""Train on the toy data, predict, print the accuracy and save the model.

    python3 demo.py --train_iteration=1000 -l=0.001 -hl=100

All flags of `uisrnn.parse_arguments` are understood; `--help` lists them.
"""

from pathlib import Path

import numpy as np

import uisrnn

DATA = Path(__file__).parent / "data"
SAVED_MODEL_NAME = "saved_model.uisrnn"
RESULT_NAME = "result.txt"


def diarization_experiment(
    model_args: uisrnn.ModelArguments,
    training_args: uisrnn.TrainingArguments,
    inference_args: uisrnn.InferenceArguments,
) -> None:
    """Load data, train, save, predict, evaluate."""
    train_data = np.load(DATA / "toy_training_data.npz")
    test_data = np.load(DATA / "toy_testing_data.npz")

    model = uisrnn.UISRNN(model_args)
    model.fit(train_data["train_sequence"], train_data["train_cluster_id"], training_args)
    model.save(SAVED_MODEL_NAME)  # model.load(SAVED_MODEL_NAME) brings it back

    test_record = []
    for test_sequence, test_cluster_id in zip(test_data["test_sequences"], test_data["test_cluster_ids"], strict=True):
        predicted_cluster_id = model.predict(test_sequence, inference_args)
        accuracy = uisrnn.compute_sequence_match_accuracy(test_cluster_id, predicted_cluster_id)
        test_record.append((accuracy, len(test_cluster_id)))
        print("Ground truth:", *(label.removeprefix("speaker_") for label in test_cluster_id))
        print("Predicted:   ", *predicted_cluster_id)
        print("-" * 80)

    print(f"Finished diarization experiment; the model is in {SAVED_MODEL_NAME}, this summary in {RESULT_NAME}")
    print(uisrnn.output_result(model_args, training_args, test_record, RESULT_NAME))


if __name__ == "__main__":
    diarization_experiment(*uisrnn.parse_arguments())
