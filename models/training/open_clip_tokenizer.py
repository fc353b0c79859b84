"""open_clip's SimpleTokenizer without the rest of open_clip, which needs torchvision."""
import importlib.util, sys, types

folder = importlib.util.find_spec("open_clip").submodule_search_locations[0]
package = types.ModuleType("open_clip")
package.__path__ = [folder]
sys.modules["open_clip"] = package
spec = importlib.util.spec_from_file_location("open_clip.tokenizer", f"{folder}/tokenizer.py")
module = importlib.util.module_from_spec(spec)
sys.modules["open_clip.tokenizer"] = module
spec.loader.exec_module(module)
SimpleTokenizer = module.SimpleTokenizer
