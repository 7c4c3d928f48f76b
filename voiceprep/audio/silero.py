"""The official Silero VAD network (v6.2, 16 kHz) as a few matrix products. Must not know blocks, speech or pauses.

Half the computing of onnxruntime and 47 MB less memory; where nothing else needs the runtime it is never loaded.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

WINDOW_SAMPLES = 512
CONTEXT_SAMPLES = 64
"""The network hears 32 ms windows, each preceded by the last 4 ms of the one before."""

_HOP_SAMPLES, _BINS = 128, 129
_FRAMES = 4
_CELLS = 128


class SileroNetwork:
    """One stream of windows. `tensors` are those of the published ONNX file, by the names they have there."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        convolutions = [tensors[f"model.encoder.{index}.reparam_conv.weight"] for index in range(4)]
        self._biases = [tensors[f"model.encoder.{index}.reparam_conv.bias"] for index in range(4)]
        self._basis = np.ascontiguousarray(tensors["model.stft.forward_basis_buffer"][:, 0, :].T)
        first, second, third, fourth = map(_as_matrix, convolutions)
        # Of the last two convolutions, over two frames and one, the outer taps see nothing but padding.
        self._weights = [first, second, third[64:], fourth[64:128]]
        # The third gate's tanh is a sigmoid of twice its input, so that one sigmoid does for all four.
        scale = np.repeat(np.array([1, 1, 2, 1], np.float32), _CELLS)
        rnn = "model.decoder.rnn."
        self._input_gates = np.ascontiguousarray(tensors[f"{rnn}weight_ih"].T * scale)
        self._hidden_gates = np.ascontiguousarray(tensors[f"{rnn}weight_hh"].T * scale)
        self._gate_biases = (tensors[f"{rnn}bias_ih"] + tensors[f"{rnn}bias_hh"]) * scale
        self._head = np.ascontiguousarray(tensors["model.decoder.decoder.2.weight"][0, :, 0])
        self._head_bias = tensors["model.decoder.decoder.2.bias"]
        self.reset()

    def reset(self) -> None:
        """Forget everything heard."""
        self._hidden = np.zeros(_CELLS, np.float32)
        self._cells = np.zeros(_CELLS, np.float32)

    def probabilities(self, windows: Array) -> Array:
        """Speech probability 0..1 of successive windows with their context. Shape (n, 576), -1..1, to (n,).

        Four at once cost less than half of four by one: all go through each weight together.
        """
        gates = self._encode(windows) @ self._input_gates
        gates += self._gate_biases
        hidden = np.array([self._step_cells(row) for row in gates])
        return _sigmoid(np.maximum(hidden, 0, out=hidden) @ self._head + self._head_bias)

    def _encode(self, windows: Array) -> Array:
        """Spectrum and four convolutions. Shape (n, 576) to (n, 128)."""
        count = len(windows)
        wave = np.concatenate((windows, windows[:, -2:-66:-1]), axis=1)  # the end reflected
        hops = wave.reshape(count, _FRAMES + 1, _HOP_SAMPLES)
        parts = np.concatenate((hops[:, :-1], hops[:, 1:]), axis=2).reshape(-1, 2 * _HOP_SAMPLES) @ self._basis
        parts *= parts
        power = parts[:, :_BINS]
        power += parts[:, _BINS:]
        spectrum = np.zeros((count, _FRAMES + 2, _BINS), np.float32)
        np.sqrt(power.reshape(count, _FRAMES, _BINS), out=spectrum[:, 1:-1])
        encoded = np.zeros((count, _FRAMES + 2, _CELLS), np.float32)
        taps = (spectrum[:, :-2], spectrum[:, 1:-1], spectrum[:, 2:])
        encoded[:, 1:-1] = self._layer(0, np.concatenate(taps, axis=2)).reshape(count, _FRAMES, _CELLS)
        taps = (encoded[:, 0:3:2], encoded[:, 1:4:2], encoded[:, 2:5:2])
        halved = self._layer(1, np.concatenate(taps, axis=2))
        return self._layer(3, self._layer(2, halved))

    def _layer(self, index: int, taps: Array) -> Array:
        weights = self._weights[index]
        made: Array = taps.reshape(-1, len(weights)) @ weights
        made += self._biases[index]
        return np.maximum(made, 0, out=made)

    def _step_cells(self, input_gates: Array) -> Array:
        """One step of the LSTM; gates in PyTorch's order: input, forget, cell, output."""
        gates = _sigmoid(input_gates + self._hidden @ self._hidden_gates)
        taken, kept, fresh, shown = gates.reshape(4, _CELLS)
        self._cells = kept * self._cells + taken * (2 * fresh - 1)
        self._hidden = shown * np.tanh(self._cells)
        return self._hidden


def _sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)))


def _as_matrix(kernel: Array) -> Array:
    """(out, in, taps) → (taps * in, out): a convolution becomes one product with the frames side by side."""
    return np.ascontiguousarray(kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0]))


# ------------------------------------------------------------------------------------------ weights


def parse_tensors(onnx: bytes) -> dict[str, Array]:
    """The float32 tensors of an ONNX file by name: graph (field 7) → initializers (5) → dims, name, raw data
    (1, 8, 9). See github.com/onnx/onnx/blob/main/onnx/onnx.proto. Raises IndexError or ValueError when damaged."""
    tensors = {}
    for field, graph in _fields(memoryview(onnx)):
        for inner, tensor in _fields(graph) if field == 7 and isinstance(graph, memoryview) else ():
            if inner != 5 or not isinstance(tensor, memoryview):
                continue
            parts = list(_fields(tensor))
            shape = [size for number, size in parts if number == 1 and isinstance(size, int)]
            named = {number: part for number, part in parts if isinstance(part, memoryview)}
            if 9 in named:
                tensors[bytes(named[8]).decode()] = np.frombuffer(named[9], "<f4").reshape(shape)
    return tensors


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(number, value) of a protocol buffer; values of a fixed size, which are not needed, are left out."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        match key & 7:
            case 0:
                value, place = _varint(message, place)
                yield key >> 3, value
            case 2:
                size, place = _varint(message, place)
                yield key >> 3, message[place : place + size]
                place += size
            case 1 | 5 as fixed:
                place += 8 if fixed == 1 else 4
            case other:
                raise ValueError(f"no such wire type: {other}")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
