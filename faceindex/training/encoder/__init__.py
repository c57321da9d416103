"""Learning an encoder: dlib's ResNet from its weights, or a small network from nothing. Needs the extra `train`.

`collect` cuts the chips, `descent` learns, `finish` measures and makes the recipe. All between works from a folder of
chips alone, so that a machine with a GPU needs only torch, NumPy, h5py, Pillow and onnx: `python -m
faceindex.training.encoder`.
"""
