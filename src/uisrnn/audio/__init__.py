"""Diarization of recordings and of live sound: reading sound, front ends, and composed sound to train on."""

from uisrnn.audio.composing import CHANNELS, Channel, Composition, compose, find_voices
from uisrnn.audio.diarization import diarize, embed
from uisrnn.audio.front_ends.activity import (
    Detector,
    FrameActivity,
    KnownSpeech,
    LevelActivity,
    Smoothing,
    VoiceActivity,
    WebRTCActivity,
)
from uisrnn.audio.front_ends.campplus import CAMPPlusEncoder
from uisrnn.audio.front_ends.catalog import choose_front_end
from uisrnn.audio.front_ends.encoder import Encoder, WindowEncoder
from uisrnn.audio.front_ends.frames import FrameEncoder, Trunk
from uisrnn.audio.front_ends.front_end import FrontEnd, Heard, Listener
from uisrnn.audio.front_ends.resemblyzer import ResemblyzerEncoder
from uisrnn.audio.front_ends.segmentation import Region, Segmentation, Segmenter
from uisrnn.audio.front_ends.segmented import SegmentedFrontEnd
from uisrnn.audio.front_ends.silero import SileroActivity
from uisrnn.audio.front_ends.sliding import PyannoteSegmentation
from uisrnn.audio.front_ends.windowed import WindowedFrontEnd
from uisrnn.audio.live import LiveDiarizer, Spoken

__all__ = [
    "CHANNELS",
    "CAMPPlusEncoder",
    "Channel",
    "Composition",
    "Detector",
    "Encoder",
    "FrameActivity",
    "FrameEncoder",
    "FrontEnd",
    "Heard",
    "KnownSpeech",
    "LevelActivity",
    "Listener",
    "LiveDiarizer",
    "PyannoteSegmentation",
    "Region",
    "ResemblyzerEncoder",
    "Segmentation",
    "SegmentedFrontEnd",
    "Segmenter",
    "SileroActivity",
    "Smoothing",
    "Spoken",
    "Trunk",
    "VoiceActivity",
    "WebRTCActivity",
    "WindowEncoder",
    "WindowedFrontEnd",
    "choose_front_end",
    "compose",
    "diarize",
    "embed",
    "find_voices",
]
