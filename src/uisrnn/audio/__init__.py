"""From recordings to speakers: reading sound, voice activity, encoders, diarization of files and of live sound."""

from uisrnn.audio.activity import (
    Detector,
    FrameActivity,
    KnownSpeech,
    LevelActivity,
    Smoothing,
    VoiceActivity,
    WebRTCActivity,
)
from uisrnn.audio.composing import CHANNELS, Channel, Composition, compose, find_voices
from uisrnn.audio.diarization import diarize, embed
from uisrnn.audio.encoder import Encoder, WindowEncoder
from uisrnn.audio.live import LiveDiarizer, Spoken
from uisrnn.audio.resemblyzer import ResemblyzerEncoder

__all__ = [
    "CHANNELS",
    "Channel",
    "Composition",
    "Detector",
    "Encoder",
    "FrameActivity",
    "KnownSpeech",
    "LevelActivity",
    "LiveDiarizer",
    "ResemblyzerEncoder",
    "Smoothing",
    "Spoken",
    "VoiceActivity",
    "WebRTCActivity",
    "WindowEncoder",
    "compose",
    "diarize",
    "embed",
    "find_voices",
]
