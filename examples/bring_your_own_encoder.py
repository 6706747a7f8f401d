"""Diarize with an encoder of your own: here a filter bank, on artificial voices, without any download.

A neural network is used in the same way: a function from windows (B, n) to observations (B, D), for example
`lambda windows: network(torch.from_numpy(windows)).numpy()`, with the rate and window that the network needs.

    python examples/bring_your_own_encoder.py
"""

import tempfile
from pathlib import Path

import numpy as np
import soundfile

import uisrnn
from uisrnn.audio import LevelActivity, WindowedFrontEnd, WindowEncoder

RATE = 8000  # samples a second
BANDS = 24


def band_energies(windows):
    """Convert windows (B, n) to logarithms (B, 24) of the energies in bands, independent of the volume."""
    power = np.abs(np.fft.rfft(windows * np.hanning(windows.shape[1]))) ** 2
    energies = np.stack([part.sum(axis=1) for part in np.array_split(power[:, :2000], BANDS, axis=1)], axis=1)
    logarithms = np.log(energies + 1e-6)
    return logarithms - logarithms.mean(axis=1, keepdims=True)


def voice(generator):
    """A random voice: its pitch and the strengths of its harmonics."""
    return generator.uniform(90, 250), generator.uniform(0.1, 1, 40) / np.arange(1, 41) ** 0.5


def speak(a_voice, seconds, generator):
    """The sound of syllables of a voice."""
    pitch, strengths = a_voice
    times = np.arange(int(seconds * RATE)) / RATE
    phase = np.cumsum(pitch * (1 + 0.05 * np.sin(2 * np.pi * 0.7 * times + generator.uniform(0, 6)))) / RATE
    harmonics = [(number, strength) for number, strength in enumerate(strengths, 1) if pitch * number < 3500]
    sound = sum(strength * np.sin(2 * np.pi * number * phase) for number, strength in harmonics)
    return 0.02 * sound * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * times))


def conversation(generator, speakers=3, turns=12):
    """A waveform, and its turns (start, end, speaker)."""
    voices = {f"voice{number}": voice(generator) for number in range(speakers)}
    sound = []
    reference = []
    time = 0.0
    speaker = None
    for _ in range(turns):
        speaker = str(generator.choice([name for name in voices if name != speaker]))
        seconds = generator.uniform(1.5, 5)
        pause = generator.uniform(0.2, 0.8)
        sound += [speak(voices[speaker], seconds, generator), np.zeros(int(pause * RATE))]
        reference.append((time, time + seconds, speaker))
        time += sum(len(part) for part in sound[-2:]) / RATE
    waveform = np.concatenate(sound)
    return waveform + 0.0005 * generator.normal(size=len(waveform)), reference


def label_at(time, reference):
    """The speaker at a time; in a pause, the last speaker."""
    return [speaker for start, _end, speaker in reference if start <= time][-1]


def main():
    """Train on artificial conversations, then diarize a file with other voices."""
    generator = np.random.default_rng(0)
    encoder = WindowEncoder(band_energies, RATE, window=0.6, hop=0.3)
    front_end = WindowedFrontEnd(encoder, LevelActivity(threshold=-50))

    sequences = []
    labels = []
    for _ in range(30):
        waveform, reference = conversation(generator)
        sequence = uisrnn.audio.embed((waveform, RATE), front_end)
        sequences.append(sequence.observations)
        labels.append([label_at(time, reference) for time in sequence.times])
    clusterer = uisrnn.UISRNNClusterer(discriminative_iteration=30, seed=0, verbosity=0).fit(sequences, labels)

    waveform, reference = conversation(generator)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "meeting.wav"
        soundfile.write(path, waveform, RATE)
        annotation = uisrnn.audio.diarize(path, model=clusterer.model_, front_end=front_end)

    print("found:")
    print(annotation)
    print("true:")
    print(uisrnn.to_annotation(reference))
    print(uisrnn.evaluate({"meeting": reference}, {"meeting": annotation}, collar=0.25))


if __name__ == "__main__":
    main()
