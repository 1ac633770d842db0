"""Write the files of this folder anew, with PyTorch and safetensors: python3 Tests/Golden/torch/make.py

new.bin and old.bin hold the tensors of variants/untied-projection in PyTorch's two formats; views.bin has tensors that share values, are of other types,
or do not lie row by row."""
import os
from collections import OrderedDict

import torch
from safetensors.torch import load_file

here = os.path.dirname(os.path.abspath(__file__))
tensors = OrderedDict(sorted(load_file(f"{here}/../variants/untied-projection/model.safetensors").items()))
# As a module's own dictionary has.
tensors._metadata = OrderedDict({"": {"version": 1}})
torch.save(tensors, f"{here}/new.bin")
torch.save(tensors, f"{here}/old.bin", _use_new_zipfile_serialization=False)

values = torch.arange(24, dtype=torch.float32).reshape(6, 4)
views = OrderedDict(
    whole=values, rows=values[2:4], parameter=torch.nn.Parameter(values[5]), halves=values.half(), brains=values.bfloat16(),
    counts=torch.arange(3), scalar=torch.tensor(7.0), empty=torch.zeros(0, 3), narrow=values[:, :1][:1], epoch=3)
torch.save(views, f"{here}/views.bin")
torch.save(views, f"{here}/views-old.bin", _use_new_zipfile_serialization=False)
torch.save({"columns": values.t()}, f"{here}/columns.bin")
