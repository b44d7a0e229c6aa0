"""afmon itself: help, version, mistakes on the command line."""
import os
import re
import subprocess

import pytest
from conftest import COMMAND

COMMANDS = ["demo", "generate", "show", "export", "check", "recover"]


def test_version(command):
    done = command("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"afmon \d+\.\d+\.\d+\n", done.stdout)
    assert command("-V").stdout == done.stdout


def test_help_lists_every_command(command):
    done = command("--help")
    assert done.returncode == 0 and done.stderr == ""
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", done.stdout, re.M)
    assert command("help").stdout == done.stdout
    assert command("-h").stdout == done.stdout


@pytest.mark.parametrize("words", [["demo"], ["generate"], ["generate", "conversations"], ["show"], ["check"], ["recover"]])
def test_each_command_has_help(command, words):
    done = command(*words, "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith(f"Usage: afmon {words[0]}")
    assert all(len(line) <= 110 for line in done.stdout.splitlines())
    assert command("help", *words).stdout == done.stdout
    assert command(*words, "-h").stdout == done.stdout


def test_nothing_given(command):
    done = command()
    assert done.returncode == 2
    assert done.stdout == "" and "Usage: afmon COMMAND" in done.stderr


@pytest.mark.parametrize("word,meant", [("shwo", "show"), ("chek", "check"), ("recovre", "recover"), ("gen", "generate")])
def test_mistyped_command(command, word, meant):
    done = command(word)
    assert done.returncode == 2 and done.stdout == ""
    assert f"did you mean 'afmon {meant}'?" in done.stderr
    assert "Try 'afmon --help'." in done.stderr


def test_unknown_command_and_option(command):
    done = command("zebra")
    assert done.returncode == 2
    assert done.stderr == "afmon: unknown command 'zebra'\nTry 'afmon --help'.\n"
    assert "unknown option '--wat'" in command("--wat").stderr
    assert "unknown command" in command("help", "zebra").stderr


@pytest.mark.parametrize("name", ["show", "check", "recover"])
def test_mistyped_option(command, run, name):
    done = command(name, run, "--jsno")
    assert done.returncode == 2 and done.stdout == ""
    assert "unknown option '--jsno'; did you mean '--json'?" in done.stderr
    assert f"Try 'afmon {name} --help'." in done.stderr


@pytest.mark.parametrize("words, meant", [(["serve", "--port", "8080"], "listen"), (["plot", "--output", "x"], "save-dir"),
                                          (["report", "--save-dir", "x"], "output")])
def test_a_neighbours_option_is_suggested(command, run, words, meant):
    done = command(*words, run)
    assert done.returncode == 2 and f"unknown option '{words[1]}'" in done.stderr
    assert f"did you mean '--{meant}'?" in done.stderr



@pytest.mark.parametrize("name", ["show", "check", "recover"])
def test_the_folder_is_one_operand(command, name):
    assert command(name).returncode == 2
    assert "run folder" in command(name).stderr
    done = command(name, "a", "b")
    assert done.returncode == 2 and "'b'" in done.stderr


@pytest.mark.parametrize("name", ["show", "check", "recover"])
def test_no_such_folder(command, name):
    done = command(name, "nowhere")
    assert done.returncode == (2 if name == "check" else 1)
    assert done.stdout == "" and done.stderr.startswith("afmon: ") and "nowhere" in done.stderr


def test_messages_are_safe_for_a_terminal(command):
    done = command("show", "a\x1b[2Jb\nc")
    assert "\x1b" not in done.stderr and "\\x1b[2J" in done.stderr
    assert done.stderr.count("\n") == 1


def test_messages_are_red_on_a_terminal_unless_told(on_terminal):
    assert on_terminal("show", "nowhere").startswith("\x1b[31mafmon:\x1b[0m ")
    assert "\x1b" not in on_terminal("show", "nowhere", NO_COLOR="1")
    assert "\x1b" not in on_terminal("show", "nowhere", TERM="dumb")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["--help"], ["--version"], ["show", "--help"], ["show"], ["show", "--json"]])
def test_output_that_cannot_be_written(run, words):
    run.add("generation_time", 1.0)
    more = [str(run)] if words[0] == "show" and "--help" not in words else []
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([COMMAND, *words, *more], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert "cannot write to standard output" in done.stderr
