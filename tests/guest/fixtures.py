# SPDX-License-Identifier: MIT
"""The files that guest tests find in /data: the same bytes every time. A byte's value follows from its file and place."""
import os

PAGE = 4096


def pattern(seed, size):
    """Byte i of the file is (i * 7 + i // 4096 * 13 + seed) mod 256; tests/guest programs compute the same."""
    first = bytes(i * 7 & 255 for i in range(PAGE))  # 4096 * 7 is a multiple of 256: each page is this one plus a constant
    plus = [bytes((i + add) & 255 for i in range(256)) for add in range(256)]
    pages = [first.translate(table) for table in plus]
    return b"".join(pages[(page * 13 + seed) & 255] for page in range((size + PAGE - 1) // PAGE))[:size]


def make_huge(root):
    """More than fits into the memory of a small machine, for tests/guest/pressure.c."""
    with open(os.path.join(root, "huge"), "wb") as file:
        file.write(pattern(9, 96 << 20))


def make_scripts(folder):
    """For tests/guest/scripts.c, which is their interpreter."""
    os.makedirs(folder)
    me = "#!/bin/scripts"
    texts = {"plain": me + "\n", "argument": "#! /bin/scripts \t one  argument, with blanks \t \nmore\n",
             "no-end": me, "tabs": "#!\t/bin/scripts\t-x\n",
             "long-argument": me + " " + "a" * 400 + "\n", "long-name": "#!/" + "x" * 400 + "\n", "blank": "#!   \n", "nothing": "#!",
             "absent": "#!/none/interpreter\n", "folder": "#!/data\n", "text": "echo hello\n", "empty": "", "nul": me + "\0rest of it\n",
             "self": "#!/data/scripts/self\n", "level1": me + " level\n"}
    for level in range(2, 8):
        texts[f"level{level}"] = f"#!/data/scripts/level{level - 1} {level}\n"
    for name, text in texts.items():
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o755)
    os.symlink("plain", os.path.join(folder, "link"))


def make(root):
    data = os.path.join(root, "data")
    os.makedirs(data)
    for name, seed, size in (("empty", 0, 0), ("one", 1, 1), ("page-1", 2, PAGE - 1), ("page", 3, PAGE), ("page+1", 4, PAGE + 1),
                             ("big", 5, 4 << 20), ("odd", 6, (1 << 20) + 12345)):
        with open(os.path.join(data, name), "wb") as file:
            file.write(pattern(seed, size))
    with open(os.path.join(data, "sparse"), "wb") as file:
        for at in (0, 50 * 1024, 12 * PAGE, 300 * PAGE, 5000 * PAGE, 300000 * PAGE):
            file.seek(at)
            file.write(f"at {at}".encode())
        file.truncate(300001 * PAGE + 100)
    many = os.path.join(data, "many")
    os.makedirs(many)
    for i in range(300):
        with open(os.path.join(many, f"file-with-a-longer-name-{i:03}"), "w") as file:
            file.write(f"{i}\n")
    deep = data
    for i in range(12):
        deep = os.path.join(deep, f"d{i}")
    os.makedirs(deep)
    with open(os.path.join(deep, "bottom"), "w") as file:
        file.write("bottom\n")
    os.symlink("big", os.path.join(data, "link"))
    os.symlink("/data/d0/d1/../../page", os.path.join(data, "absolute"))
    os.symlink("x" * 100 + "/../" + "nowhere", os.path.join(data, "slow"))
    os.symlink("loop", os.path.join(data, "loop"))
    os.symlink("many", os.path.join(data, "dirlink"))
    os.chmod(os.path.join(data, "one"), 0o640)
    make_scripts(os.path.join(data, "scripts"))
