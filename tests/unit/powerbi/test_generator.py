"""`python -m powerbi.generator` writes the pages, and takes away what it wrote once and no longer does."""

from pathlib import Path

from powerbi.generator.pages import documents, write


def test_every_page_is_written(tmp_path: Path) -> None:
    assert write(tmp_path) == [tmp_path / name for name in documents()]
    assert {name: (tmp_path / name).read_text("utf-8") for name in documents()} == documents()


def test_a_visual_that_is_no_more_goes_with_its_folder_and_what_others_put_there_stays(tmp_path: Path) -> None:
    gone = tmp_path / "Usage.Report/definition/pages/0/visuals/1/visual.json"
    theirs = [tmp_path / "Usage.Report/definition/report.json", tmp_path / ".gitignore"]
    for path in (gone, *theirs):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}", "utf-8")
    write(tmp_path)
    assert not gone.parent.exists()
    assert all(path.exists() for path in theirs)
