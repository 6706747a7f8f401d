"""Composed sound of labelled conversations: voices laid along turns, in a room, with noise, through a channel."""

from uisrnn.audio.composing.catalog import find_voices
from uisrnn.audio.composing.channels import CHANNELS, Channel
from uisrnn.audio.composing.compose import compose
from uisrnn.audio.composing.conditions import Composition

__all__ = ["CHANNELS", "Channel", "Composition", "compose", "find_voices"]
