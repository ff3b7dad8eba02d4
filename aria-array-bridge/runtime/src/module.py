# Run inside the interpreter: modules of the program, found by Python's own import.
# Out: register(name, doc, items, error): makes or replaces the module of this name.
import importlib.util
import sys
import types


class Finder:
    """Finds modules of an Aria program. They are whole already when they are imported."""

    def __init__(self):
        self.modules = {}

    def find_spec(self, name, path=None, target=None):
        module = self.modules.get(name)
        if module is None:
            return None
        package = hasattr(module, "__path__")
        return importlib.util.spec_from_loader(name, self, origin="an Aria program", is_package=package)

    def create_module(self, spec):
        return self.modules[spec.name]

    def exec_module(self, module):
        pass

    def get_source(self, name):
        return None


finder = Finder()


def exists(name):
    """Whether Python knows a module of this name that is none of ours."""
    if name in finder.modules:
        return False
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def register(name, doc, items, error):
    parts = name.split(".")
    if not all(part.isidentifier() for part in parts):
        raise ValueError(f"expected a module's name that Python can import but found {name!r}")
    if exists(name):
        raise ImportError(f"expected a new module's name but found {name!r}, which Python has already", name=name)
    if finder not in sys.meta_path:
        sys.meta_path.append(finder)
    for end in range(1, len(parts)):
        parent = ".".join(parts[:end])
        if parent not in finder.modules and not exists(parent):
            finder.modules[parent] = types.ModuleType(parent)
        if parent in finder.modules and not hasattr(finder.modules[parent], "__path__"):
            finder.modules[parent].__path__ = []
    module = types.ModuleType(name, doc)
    module.__dict__.update(items)
    module.__all__ = [item for item, _ in items if not item.startswith("_")]
    module.__dict__.setdefault("AriaError", error)
    before = finder.modules.get(name)
    if before is not None and hasattr(before, "__path__"):
        module.__path__ = []
    finder.modules[name] = module
    sys.modules.pop(name, None)
    return importlib.import_module(name)
