"""Commands as they are printed: whole, so that they can be pasted into the shell that this one was typed in."""

import sys
from pathlib import Path

import click
from rich.markup import escape

from activation_sync.core.phrases import command_line, our_command
from commands.support.console import say


def typed(*words: str) -> str:
    """One of our commands, with the configuration file that this one was given."""
    context = click.get_current_context(silent=True)
    config = context.find_root().params.get("config") if context else None
    return our_command(*(("--config", str(config)) if config else ()), *words)


def with_variables(command: str, platform: str = sys.platform, **variables: str) -> str:
    """A command line of which the program finds these variables in its environment."""
    if platform == "win32":
        return "".join(f'set "{name}={value}" && ' for name, value in variables.items()) + command
    return "".join(f"{name}={command_line(value)} " for name, value in variables.items()) + command


def say_typed(introduction: str, *words: str) -> None:
    """A line that ends with one of our commands; it is not broken to fit the terminal."""
    say(f"{escape(introduction)} {escape(typed(*words))}", is_copied=True)


def as_found(program: str) -> Path | str:
    """A program's name where the shell finds it, else its path beside this Python."""
    import shutil

    beside = Path(sys.executable).with_name(program)
    return program if shutil.which(program) or not beside.exists() else beside
