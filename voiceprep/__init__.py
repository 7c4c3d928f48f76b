"""voiceprep: practise spoken interviews by voice. Must stay import-free: `voiceprep --help` pays for it."""

__version__ = "0.1.0"
