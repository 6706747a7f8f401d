"""Sound from the microphone of this machine."""

import warnings
from collections.abc import Iterator

from uisrnn import extras
from uisrnn.audio.sources.waveforms import Waveform
from uisrnn.errors import InputError


def microphone(rate: int, seconds: float) -> Iterator[Waveform]:
    """Record block by block, as long as the caller asks for blocks.

    Args:
        rate: samples a second.
        seconds: length of each block.

    Yields:
        Blocks (n,) of one channel.

    Raises:
        MissingExtraError: sounddevice is not installed.
        InputError: there is no microphone, or it cannot record at this rate.
        OSError: the library PortAudio, which sounddevice needs, is not installed.
    """
    device = extras.load("sounddevice", "mic", "recording")
    try:
        with device.InputStream(samplerate=rate, channels=1, dtype="float32") as stream:
            while True:
                block, late = stream.read(round(rate * seconds))
                if late:
                    warnings.warn("sound was lost: this machine is too slow or too busy", stacklevel=2)
                yield block[:, 0]
    except device.PortAudioError as error:
        raise InputError(f"the microphone cannot be used: {error}") from error
