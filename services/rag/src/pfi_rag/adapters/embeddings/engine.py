"""ONNX Runtime, kept from calling home.

Its official builds send trace events to their maker and keep a device id below the home folder,
from the import on, unless this variable is set before (`Privacy.md` in its package).
"""

import os

os.putenv("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

__all__ = ["onnxruntime"]
