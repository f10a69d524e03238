#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every `file:function` that docs/*.md name exists: the file is there and defines the function."""
import glob
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
NAME = re.compile(r"`([\w/.]+\.[chS]):(\w+)`")


def defines(text, path, function):
    if path.endswith(".S"):
        return re.search(rf"^(FUNC\({function}\)|{function}:)", text, re.M)
    return re.search(rf"^\w[\w \t*]*\b{function}\(", text, re.M)


def wrong(document):
    for number, line in enumerate(open(document, encoding="utf-8"), 1):
        for path, function in NAME.findall(line):
            try:
                with open(os.path.join(TOP, path), encoding="utf-8") as file:
                    found = defines(file.read(), path, function)
            except FileNotFoundError:
                found = None
            if not found:
                yield f"{os.path.relpath(document, TOP)}:{number}: there is no {function} in {path}"


def main():
    named = sum(len(NAME.findall(open(d, encoding="utf-8").read())) for d in glob.glob(os.path.join(TOP, "docs", "*.md")))
    errors = [error for document in sorted(glob.glob(os.path.join(TOP, "docs", "*.md"))) for error in wrong(document)]
    for error in errors or ([] if named else ["docs name no functions"]):
        print(error, file=sys.stderr)
    return 1 if errors or not named else 0


sys.exit(main())
