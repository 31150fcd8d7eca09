"""Everything that is measured on the mono signal, in one pass."""

import numpy as np

from segue.analysis.dance import DanceMeter
from segue.analysis.energy import EnergyMeter
from segue.analysis.envelope import Envelope, SilenceMeter
from segue.analysis.fingerprint import FingerprintMeter
from segue.analysis.key import KeyMeter
from segue.analysis.mel import FFT_SIZE, PATCH_SAMPLES, PATCH_STEP, SAMPLE_RATE, Frames, LogMel, Samples
from segue.analysis.patches import Patches
from segue.analysis.tempo import TempoMeter
from segue.analysis.windows import Windows


class Listening:
    """Hands 16 kHz mono samples to every meter; memory does not grow with the music."""

    def __init__(self, patches: Patches) -> None:
        self.patches = patches
        self.tempo = TempoMeter()
        self.key = KeyMeter()
        self.energy = EnergyMeter()
        self.dance = DanceMeter()
        self.silence = SilenceMeter()
        self.fingerprint = FingerprintMeter()
        self.samples = 0
        self.peak = 0.0
        self._envelope = Envelope()
        self._windows = Windows(PATCH_SAMPLES, PATCH_STEP)
        self._log_mel = LogMel()
        self._heard_patch = False

    @property
    def seconds(self) -> float:
        return self.samples / SAMPLE_RATE

    def feed(self, samples: Samples) -> None:
        if len(samples) == 0:
            return
        self.samples += len(samples)
        self.peak = max(self.peak, float(samples.max()), -float(samples.min()))
        self.key.feed(samples)
        self.energy.feed(samples)
        deviations = self._envelope.feed(samples)
        self.dance.feed(deviations)
        self.silence.feed(deviations)
        for patch in self._windows.feed(samples):
            self._hear(patch)

    def end_of_stretch(self) -> None:
        """What comes next does not follow on what came."""
        rest = self._windows.end()
        if len(rest) >= FFT_SIZE:
            self._follow(self._log_mel(rest))
        if not self._heard_patch:
            self._hear(np.pad(rest, (0, PATCH_SAMPLES - len(rest))), is_music=False)
        for meter in (self.tempo, self.key, self.energy, self.dance, self._envelope):
            meter.end_of_stretch()

    def _follow(self, mel: Frames) -> None:
        self.tempo.feed(mel)
        self.fingerprint.feed(mel)

    def _hear(self, patch: Samples, *, is_music: bool = True) -> None:
        mel = self._log_mel(patch)
        if is_music:
            self._follow(mel)
        rms = float(np.sqrt(np.dot(patch, patch) / len(patch)))
        self.patches.add(mel, rms=rms)
        self._heard_patch = True
