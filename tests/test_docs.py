"""What the documents say about settings and commands is what there is, and their links lead somewhere."""

import ast
import inspect
import re
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from config.sections import AppSettings, SenderSettings
from config.settings import Settings
from console import commands
from ingest.sources import jamf

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text()
SETTINGS = (PROJECT / "docs" / "settings.md").read_text()
PAGES = sorted([PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")])


def comments(model: type[BaseModel]) -> dict[str, str]:
    """Field → the comment above it, on one line."""
    source = Path(inspect.getfile(model)).read_text()
    lines = source.splitlines()
    (body,) = (
        node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef) and node.name == model.__name__
    )
    found = {}
    for node in body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            first = last = node.lineno - 1
            while lines[first - 1].lstrip().startswith("#"):
                first -= 1
            found[node.target.id] = " ".join(line.strip(" #") for line in lines[first:last])
    return found


def table(model: type[BaseModel]) -> str:
    """The rows as docs/settings.md has them."""
    said = comments(model)
    rows = []
    for name, field in model.model_fields.items():
        default = "" if field.default in (None, (), PydanticUndefined) else f"`{field.default}`"
        rows.append(f"| `{name}` | {default} | {said[name]} |")
    return "\n".join(rows)


@pytest.mark.parametrize("model", [Settings, SenderSettings, AppSettings])
def test_the_table_of_settings_is_that_of_the_code(model: type[BaseModel]) -> None:
    assert table(model) in SETTINGS


def test_every_nginx_that_we_show_lets_pass_what_jamf_pro_may_send() -> None:
    shown = [block for page in PAGES for block in re.findall(r"```nginx\n(.*?)```", page.read_text(), re.DOTALL)]

    assert shown
    for block in shown:
        assert re.findall(r"client_max_body_size (\d+)m;", block) == [str(jamf.MAX_BODY // 1024**2)]


def test_every_command_is_in_the_list() -> None:
    listed = set(re.findall(r"^\| `windfall ([a-z-]+)", README, re.MULTILINE))

    assert listed == {path.stem for path in Path(commands.__path__[0]).glob("*.py") if path.stem != "__init__"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_page_leads_to_one(page: Path) -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())

    assert [link for link in linked if not (page.parent / link).exists()] == []
