"""The examples that train: tiny runs in which the loss falls, their data, pictures and errors."""

import importlib
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from rich.console import Console

FOLDER = Path(__file__).resolve().parents[1] / "examples"
TINY = {
    "lenet_digits": {"epochs": 1},
    "one_to_one_digits": {"epochs": 2},
    "one_to_many_names": {"epochs": 2},
    "many_to_one_rows": {"epochs": 2},
    "many_to_many_text": {"epochs": 2, "most": 60_000},
    "encoder_decoder_reverse": {"steps": 60, "count": 20},
}


@pytest.fixture(autouse=True)
def examples_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def load(name: str):
    return importlib.import_module(name)


def falls(losses: list[float]) -> bool:
    """Whether the last steps' loss is clearly below the first steps'."""
    few = len(losses) // 5
    return bool(np.mean(losses[-few:]) < 0.97 * np.mean(losses[:few]))


def tiny_run(name: str, out: Path):
    return load(name).example(out, Console(quiet=True), **TINY[name])


@pytest.mark.parametrize("name", TINY)
def test_the_loss_falls_and_the_pictures_are_written(name, tmp_path, capsys):
    result = tiny_run(name, tmp_path)
    assert falls(result.losses), result.losses
    assert np.isfinite(result.score)
    assert "held-out" in capsys.readouterr().out or name == "encoder_decoder_reverse"
    pictures = sorted(tmp_path.glob(f"{name}_*.png"))
    assert tmp_path / f"{name}_loss.png" in pictures
    assert all(matplotlib.image.imread(p).std() > 0.01 for p in pictures)


@pytest.mark.parametrize("name", TINY)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the loss may overflow on its way up
def test_with_a_wrong_sign_of_the_gradients_it_does_not_fall(name, tmp_path, monkeypatch):
    """Planted fault: every gradient negated."""
    module = load(name)
    true = module.differentiate

    def negated(*given, **cotangents):
        outputs, gradients = true(*given, **cotangents)
        return outputs, {n: -a for n, a in gradients.items()}

    monkeypatch.setattr(module, "differentiate", negated)
    assert not falls(tiny_run(name, tmp_path).losses)


def test_the_same_seed_gives_the_same_run(tmp_path):
    first, second = (tiny_run("many_to_one_rows", tmp_path) for _ in range(2))
    assert first == second


# data ---------------------------------------------------------------------------------------------
def test_a_fifth_of_every_class_is_held_out():
    digits = load("handwriting").load()
    for digit in range(10):
        trained, tested = (int(np.sum(labels == digit)) for _, labels in (digits.train, digits.test))
        assert tested == round((trained + tested) / 5)
    assert len(digits.train[1]) + len(digits.test[1]) == 1797


def test_every_epoch_has_each_example_once():
    handwriting = load("handwriting")
    labels = np.arange(50)
    made = handwriting.batches((np.zeros((50, 8, 8)), labels), 16, 3, np.random.default_rng(0))
    assert len(made) == 12
    assert sorted(np.concatenate([some for _, some in made])) == sorted([*labels] * 3)


def test_enlarging_keeps_a_linear_image_linear():
    lenet = load("lenet_digits")
    image = np.tile(np.arange(8.0), (1, 8, 1))
    large = lenet.enlarged(image)[0, 0]
    assert large.shape == (32, 32)
    steps = np.diff(large[4:-4, 4:-4], axis=1)
    assert np.allclose(steps, 0.25, atol=1e-6)
    distorted = [lenet.enlarged(image, np.random.default_rng(3)) for _ in range(2)]
    assert np.array_equal(*distorted)
    assert not np.allclose(distorted[0][0, 0], large)


def test_held_out_strings_are_not_trained_on():
    reverse = load("encoder_decoder_reverse")
    rng = np.random.default_rng(0)
    unseen = frozenset(reverse.strings(5000, rng))
    assert unseen & set(reverse.strings(5000, rng))  # they would be, by chance
    assert not unseen & set(reverse.strings(5000, rng, without=unseen))


def test_parts_of_a_text_follow_each_other():
    text = load("many_to_many_text")
    numbers = np.arange(3 * text.BATCH * text.STEPS)
    made = list(text.parts(numbers))
    assert [part.first for part in made] == [True, False]
    assert np.array_equal(made[0].following, made[0].read + 1)
    assert np.array_equal(made[1].read[0], made[0].following[-1])


# errors -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("package", "extra"), (("matplotlib", "plots"), ("sklearn", "demo")))
def test_a_missing_package_is_one_line_that_names_the_extra(package, extra, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["many_to_one_rows.py", "--out", str(tmp_path)])
    for name in [n for n in sys.modules if n.split(".")[0] == package]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, package, None)
    module = load("many_to_one_rows")
    with pytest.raises(SystemExit, match=rf"not installed: pip install 'gradsmith\[{extra}\]'") as stopped:
        load("command").run(module.example, "")
    assert "\n" not in str(stopped.value)


def test_a_file_in_place_of_the_folder_is_a_wrong_call(tmp_path, monkeypatch, capsys):
    (tmp_path / "taken").touch()
    monkeypatch.setattr(sys, "argv", ["many_to_one_rows.py", "--out", str(tmp_path / "taken")])
    with pytest.raises(SystemExit):
        load("command").run(lambda *_: None, "")
    assert "taken is a file: give a folder" in capsys.readouterr().err
