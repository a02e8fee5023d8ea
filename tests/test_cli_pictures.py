"""`dlbook run style_transfer` paints a reader's own pictures, and refuses what is none."""

import json

import numpy as np
import pytest
from PIL import Image

from dlbook.cli import main
from dlbook.lab import open_picture

STEPS = ("dlbook.lab.painting.STEPS", (1, 1, 2))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current folder with two pictures: a large flat one and a small striped one."""
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (90, 60), (200, 120, 40)).save("flat.jpg")
    stripes = np.tile(np.array([0, 255], np.uint8), (40, 20))
    Image.fromarray(stripes).save("stripes.png")
    return tmp_path


@pytest.fixture
def few_steps(monkeypatch):
    monkeypatch.setattr(*STEPS)


def one_line(capsys) -> str:
    """What standard error shows: one line and no traceback."""
    text = capsys.readouterr().err
    assert text.startswith("dlbook: ")
    assert text.count("\n") == 1
    return text.strip()


def transfer(*options: str) -> int:
    return main(["run", "style_transfer", *options])


def test_two_pictures_make_a_third_of_the_wanted_size(here, few_steps, capsys):
    assert transfer("--content", "flat.jpg", "--style", "stripes.png", "--size", "48") == 0
    folder = here / "dlbook-results/architectures/style_transfer/pictures"
    with Image.open(folder / "result.png") as result:
        assert (result.size, result.mode) == ((48, 32), "RGB")
    told = json.loads((folder / "result.json").read_text())
    assert (told["content"], told["style"], told["size"]) == ("flat.jpg", "stripes.png", 48)
    assert {"content_error", "style_error", "seconds"} < set(told)
    assert sorted(path.name for path in folder.iterdir()) == [
        "content.png", "result.json", "result.png", "style.png"
    ]  # fmt: skip
    assert "result.png" in capsys.readouterr().out


def test_the_folder_can_be_chosen(here, few_steps):
    options = ("--content", "flat.jpg", "--style", "stripes.png", "--size", "32", "--out", "mine")
    assert transfer(*options) == 0
    assert (here / "mine/result.png").is_file()


def test_a_folder_that_cannot_be_written_is_one_line(here, capsys):
    (here / "taken").write_text("a file")
    options = ("--content", "flat.jpg", "--style", "stripes.png", "--out", "taken/below")
    assert transfer(*options) == 1
    assert "taken" in one_line(capsys)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--content", "flat.jpg"), "--content and --style each need a file"),
        (("--style", "flat.jpg"), "--content and --style each need a file"),
        (("--size", "64"), "--content and --style each need a file"),
        (("--content", "flat.jpg", "--style", "stripes.png", "--size", "31"), "from 32 to 1024"),
        (("--content", "flat.jpg", "--style", "stripes.png", "--size", "9999"), "from 32 to 1024"),
        (("--content", "flat.jpg", "--style", "stripes.png", "--quick"), "leave out --quick"),
        (("--content", "flat.jpg", "--style", "stripes.png", "--seeds", "3"), "leave out"),
        (("--content", "nowhere.png", "--style", "stripes.png"), "there is no such file"),
        (("--content", ".", "--style", "stripes.png"), "is a folder"),
    ],
)
def test_options_that_make_no_picture_are_one_line_and_exit_code_2(options, told, here, capsys):
    assert transfer(*options) == 2
    assert told in one_line(capsys)
    assert not (here / "dlbook-results").exists()


@pytest.mark.parametrize("options", [("--content", "flat.jpg"), ("--size", "64")])
def test_no_other_chapter_takes_pictures(options, here, capsys):
    assert main(["run", "softmax", *options]) == 2
    assert "belong to `dlbook run style_transfer`; maths/softmax" in one_line(capsys)


def write_broken(here):
    whole = (here / "flat.jpg").read_bytes()
    (here / "bad.jpg").write_bytes(whole[: len(whole) // 2])


def write_text(here):
    (here / "bad.jpg").write_text("this is no picture")


def write_empty(here):
    (here / "bad.jpg").write_bytes(b"")


def write_tiny(here):
    Image.new("RGB", (8, 900)).save(here / "bad.jpg")


def write_narrow(here):
    Image.new("RGB", (16, 9000)).save(here / "bad.jpg")


def write_huge(here):
    Image.new("1", (20_000, 6_000)).save(here / "bad.jpg", format="PNG")


def write_monstrous(here):
    Image.new("1", (60_000, 6_000)).save(here / "bad.jpg", format="PNG")


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (write_broken, "truncated"),
        (write_text, "no picture in it"),
        (write_empty, "no picture in it"),
        (write_tiny, "sides from 16 pixels"),
        (write_narrow, "16 pixels across when it is 64 long"),
        (write_huge, "100 million pixels at most"),
        (write_monstrous, "100 million pixels at most"),
    ],
)
@pytest.mark.parametrize("place", ["--content", "--style"])
def test_a_file_that_holds_no_picture_is_one_line_that_names_it(write, told, place, here, capsys):
    write(here)
    other = "--style" if place == "--content" else "--content"
    assert transfer(place, "bad.jpg", other, "flat.jpg", "--size", "64") == 2
    line = one_line(capsys)
    assert told in line.lower() or told in line
    assert "bad.jpg" in line


def test_a_bug_in_reading_is_told_as_what_it_is(here, monkeypatch, capsys):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(open_picture, "_read", fail)
    assert transfer("--content", "flat.jpg", "--style", "stripes.png") == 2
    assert "must fit into memory" in one_line(capsys)
