"""The imports of a module, found in its sources: all that it may need, and nothing that only others use."""

import shutil
from pathlib import Path

import pytest

import commercive_cli
from commercive_cli.api.deploy.imports import import_closure
from commercive_cli.api.deploy.package import handler_closure

SHOP = {
    "__init__.py": "",
    "handler.py": "import json\nfrom shop import actions\n",
    "actions.py": """
        import jwt
        from typing import TYPE_CHECKING
        from shop.wiring import Services
        if TYPE_CHECKING:
            from shop.only_types import Type
        else:
            import shop.without_types
        def order(services):
            from shop.late import work
            return work(services.orders)
    """,
    "wiring.py": """
        from functools import cached_property
        class Services:
            @cached_property
            def orders(self):
                from shop.services.orders import Orders
                return Orders(self.stock)
            @cached_property
            def stock(self):
                from shop.services.stock import Stock
                return Stock()
            @cached_property
            def books(self):
                import pandas
                from shop.services.raw_data import Books
                return Books()
    """,
    "late.py": "import botocore.session\n",
    "only_types.py": "",
    "without_types.py": "",
    "services/__init__.py": "",
    "services/orders.py": "from . import prices\nfrom .prices import VAT\nfrom ..late import work\n",
    "services/prices.py": "VAT = 19\n",
    "services/stock.py": "from shop.files import reading\n",
    "services/raw_data.py": "",
    "files/__init__.py": "",
    "files/reading.py": "",
    "unused.py": "import shop.handler\n",
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for name, source in SHOP.items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(source.replace("\n        ", "\n"))
    return tmp_path


def test_everything_that_may_be_loaded_is_found(shop: Path) -> None:
    """Imports in functions, relative ones, packages around modules, and the properties that a loaded module names."""
    found = import_closure(shop, "shop.handler")

    assert {
        "shop",
        "shop.actions",
        "shop.files",
        "shop.files.reading",
        "shop.handler",
        "shop.late",
        "shop.services",
        "shop.services.orders",
        "shop.services.prices",
        "shop.services.stock",
        "shop.wiring",
        "shop.without_types",
    } == set(found.modules)
    assert "shop/files/reading.py" in dict(found.files())


def test_other_packages_are_named_by_what_is_imported(shop: Path) -> None:
    """Not the standard library, and not what only an unused property imports."""
    assert {"jwt", "botocore"} == import_closure(shop, "shop.handler").others


def test_a_package_that_is_left_out_leads_nowhere(shop: Path) -> None:
    """What only a left-out package imports is left out, too; a package with a longer name is not."""
    found = import_closure(shop, "shop.handler", ["shop.files", "shop.lat", "shop.late"])

    assert not {"shop.files", "shop.files.reading", "shop.late"} & set(found.modules)
    assert {"jwt"} == found.others
    assert "shop.late" in import_closure(shop, "shop.handler", ["shop.lat"]).modules


def test_a_module_that_an_action_begins_to_import_is_packaged(tmp_path: Path) -> None:
    """When an action begins to use another service and a new module, both are found."""
    package = tmp_path / "commercive_cli"
    shutil.copytree(Path(commercive_cli.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    before = set(handler_closure(tmp_path).modules)
    (package / "services/chat/pinning.py").write_text("import yaml\n")
    with (package / "api/operations.py").open("a") as operations:
        operations.write("\n\ndef pin(call):\n    from commercive_cli.services.chat.pinning import pin\n")
        operations.write("    return pin(call.services.recompute)\n")

    after = handler_closure(tmp_path)

    added = {"commercive_cli.services.chat.pinning", "commercive_cli.services.affiliates.recompute"}
    assert added <= set(after.modules) - before
    assert "yaml" in after.others
