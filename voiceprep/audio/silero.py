"""The official Silero VAD network (v6.2, 16 kHz) as a few matrix products. Must not know blocks, speech or pauses.

Half the computing of onnxruntime and 47 MB less memory; where nothing else needs the runtime it is never loaded.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

Array = npt.NDArray[np.float32]

WINDOW_SAMPLES = 512
CONTEXT_SAMPLES = 64
"""The network hears 32 ms windows, each preceded by the last 4 ms of the one before."""

_INPUT_SAMPLES = CONTEXT_SAMPLES + WINDOW_SAMPLES
_PADDED_SAMPLES = _INPUT_SAMPLES + 64
_STFT_SAMPLES, _HOP_SAMPLES, _BINS = 256, 128, 129
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
        gates = np.concatenate((tensors["model.decoder.rnn.weight_ih"], tensors["model.decoder.rnn.weight_hh"]), 1)
        self._gates = np.ascontiguousarray(gates.T)
        self._gate_biases = tensors["model.decoder.rnn.bias_ih"] + tensors["model.decoder.rnn.bias_hh"]
        self._head = np.ascontiguousarray(tensors["model.decoder.decoder.2.weight"][0, :, 0])
        self._head_bias = tensors["model.decoder.decoder.2.bias"]
        # Buffers, and views of them in which overlapping windows lie side by side.
        self._wave = np.zeros(_PADDED_SAMPLES, np.float32)
        self._frames = _overlapping(self._wave, _FRAMES, _STFT_SAMPLES, _HOP_SAMPLES)
        self._spectrum = np.zeros((_FRAMES + 2, _BINS), np.float32)
        self._spectrum_taps = _overlapping(self._spectrum, _FRAMES, 3 * _BINS, _BINS)
        self._encoded = np.zeros((_FRAMES + 2, _CELLS), np.float32)
        self._encoded_taps = _overlapping(self._encoded, 2, 3 * _CELLS, 2 * _CELLS)
        self._cell_input = np.zeros(2 * _CELLS, np.float32)
        self._cells = np.zeros(_CELLS, np.float32)

    def reset(self) -> None:
        """Forget everything heard."""
        self._cell_input[:] = 0
        self._cells[:] = 0

    def probability(self, window: Array) -> float:
        """Speech probability 0..1 of one window with its context. Shape (576,), -1..1."""
        self._wave[:_INPUT_SAMPLES] = window
        self._wave[_INPUT_SAMPLES:] = window[-2:-66:-1]  # reflected
        parts = self._frames @ self._basis
        parts *= parts
        np.sqrt(parts[:, :_BINS] + parts[:, _BINS:], out=self._spectrum[1 : _FRAMES + 1])
        np.maximum(self._layer(0, self._spectrum_taps), 0, out=self._encoded[1 : _FRAMES + 1])
        halved = np.maximum(self._layer(1, self._encoded_taps), 0)
        single = np.maximum(self._layer(2, halved.reshape(-1)), 0)
        np.maximum(self._layer(3, single), 0, out=self._cell_input[:_CELLS])
        hidden = self._step_cells()
        return float(_sigmoid(np.maximum(hidden, 0) @ self._head + self._head_bias)[0])

    def _layer(self, index: int, taps: Array) -> Array:
        return np.asarray(taps @ self._weights[index] + self._biases[index])

    def _step_cells(self) -> Array:
        """One step of the LSTM; gates in PyTorch's order: input, forget, cell, output."""
        gates = self._cell_input @ self._gates + self._gate_biases
        taken, kept = _sigmoid(gates[: 2 * _CELLS]).reshape(2, _CELLS)
        self._cells = kept * self._cells + taken * np.tanh(gates[2 * _CELLS : 3 * _CELLS])
        hidden = _sigmoid(gates[3 * _CELLS :]) * np.tanh(self._cells)
        self._cell_input[_CELLS:] = hidden
        return hidden


def _sigmoid(values: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-values)))


def _as_matrix(kernel: Array) -> Array:
    """(out, in, taps) → (taps * in, out): a convolution becomes one product with the frames side by side."""
    return np.ascontiguousarray(kernel.transpose(2, 1, 0).reshape(-1, kernel.shape[0]))


def _overlapping(buffer: Array, rows: int, width: int, hop: int) -> Array:
    """A view of `buffer` whose rows of `width` values begin `hop` values apart."""
    return as_strided(buffer, (rows, width), (hop * buffer.itemsize, buffer.itemsize))


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
