"""Discriminative training that is fast enough for tests."""

import pytest


@pytest.fixture(autouse=True)
def _few_crops(monkeypatch):
    """The likelihood scale and the best iteration are chosen on few crops: many crops only take longer."""
    monkeypatch.setattr("uisrnn.training.discriminative.DEVELOPMENT_CROPS", 8)
