from pathlib import Path

import pytest

from domain.errors import PermanentError
from tasks import notices
from tasks.wording import load_notices, word


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable folder with a name of its own."""
    found = tmp_path / f"notices_of_{tmp_path.name}"
    found.mkdir()
    (found / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    return found


def test_a_notice_is_found_by_being_there():
    there = {path.stem for path in Path(notices.__path__[0]).glob("*.py")}

    assert set(load_notices()) == there - {"__init__"}
    assert {"device_enrolled", "device_left", "assignments_failed", "actions_dead"} <= set(load_notices())


@pytest.mark.parametrize(("content", "error"), [("import nowhere_to_be_found", ImportError), ("", ValueError)])
def test_a_broken_file_stops_the_start(folder, content, error):
    (folder / "broken.py").write_text(content)

    with pytest.raises(error, match=r"nowhere_to_be_found|has no function `word`"):
        load_notices(folder.name)


def test_a_notice_of_another_version_cannot_be_worded():
    with pytest.raises(PermanentError, match="there is no notice 'orchard_ripened'"):
        word("orchard_ripened", {}, None)  # type: ignore[arg-type]  # it is never looked at
