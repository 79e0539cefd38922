#!/usr/bin/env python3
"""The documents name only what exists: files, functions, configuration keys, flags, links. Sources
name only documents that exist.

docs_test.py --source DIR

Read are all Markdown files of the tree. Prose keeps to 100 columns; tables, code and lines that
are one long link may be wider.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator

WIDTH = 100
SOURCE = (".cc", ".h", ".py", ".java", ".sh", ".in")
EXTENSIONS = SOURCE + (".md", ".txt", ".json", ".yaml", ".yml", ".xml", ".toml", ".service")
# Folders whose files are not the project's own.
SKIPPED = {".git", "build", "node_modules", "__pycache__", "target"}
# Files that users, other programs or the build make, by their names.
FOREIGN_FILES = {
    "weir.yaml",
    "config.yaml",
    "thing.h",
    "thing.cc",
    "thing_test.cc",
    "flink-conf.yaml",
    "core-site.xml",
    "hdfs-site.xml",
    "my_job.cc",
    "weir/version.h",
    "weir/plan.json",
    "requirements.txt",
}
# Programs of others: the flags after their names are theirs.
FOREIGN_COMMAND = re.compile(
    r"(^|\s)(cmake|ctest|ninja|git|g\+\+|hdfs|kubectl|curl|systemctl|mvn|flink|docker|cp|rsync|"
    r"head|kill|python3 -m \S+|apt-get)\s|standalone-job|flink-shaded"
)
# Words in backticks that name something of another project or of the language.
FOREIGN_WORD = re.compile(
    r"(std|absl|gtest)::|operator\b|org\.apache\.|java\.|B\.|Flink\.|HADOOP_CLASSPATH$|"
    r"(StreamTask|AbstractStreamOperator|DataOutput|Arrays|Double)\.|fsGroup$|jarURI$|OPERATOR_METRIC$"
)


def markdown_files(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(
            f for f in folders if f not in SKIPPED and not f.startswith("build") and f != "out"
        )
        for name in sorted(names):
            if name.endswith(".md"):
                yield os.path.relpath(os.path.join(folder, name), root)


class Tree:
    """What exists: paths, words of the sources, configuration keys, flags."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.paths = set()
        texts = {}
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if f not in SKIPPED and not f.startswith("build")]
            inside = os.path.relpath(folder, root)
            for name in folders + names:
                self.paths.add(os.path.normpath(os.path.join(inside, name)))
            for name in names:
                if name.endswith(SOURCE) or name in ("CMakeLists.txt", "Makefile"):
                    path = os.path.normpath(os.path.join(inside, name))
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        texts[path] = file.read()
        self.take(texts)

    def take(self, texts: dict[str, str]) -> None:
        self.texts = {p: t for p, t in texts.items() if os.path.basename(p) != "docs_test.py"}
        self.names = {os.path.basename(p) for p in self.paths}
        self.stems = {n.split(".")[0] for n in self.names}
        self.words = set()
        for text in self.texts.values():
            self.words |= set(re.findall(r"\w+", text))
        self.keys, self.key_prefixes, self.flags = self.settings()

    def settings(self) -> tuple[set[str], set[str], set[str]]:
        """Keys of src/config, with those that only Flink needs, and flags of all programs."""
        keys = set()
        flags = set()
        for path, text in self.texts.items():
            if path.startswith("src/config/") and not path.endswith("_test.cc"):
                for words in re.findall(r'"([^"\n]*)"', text):
                    names = [k for k in re.split(r"[\s,]+", words) if k]
                    # A sentence that mentions a key defines none.
                    if all(re.fullmatch(r"[a-z-]+[\w.-]*(\.\*|-\*)?", k) for k in names):
                        keys |= {k for k in names if "." in k}
            if path in ("src/api/command_line.cc", "src/tool/main.cc"):
                flags |= set(re.findall(r'\{"([a-z-]+)",', text))
            if path.startswith(("examples/", "bench/", "tests/e2e/")):
                flags |= set(re.findall(r'flag\(\s*"([a-z-]+)"', text))
            if path.endswith(".py") or path.startswith("bench/"):
                flags |= set(re.findall(r'"--([a-z-]+)"', text))
        prefixes = {k[:-1] for k in keys if k.endswith("*")}
        return keys, prefixes, flags

    def has_file(self, name: str, beside: str) -> bool:
        name = name.rstrip("/")
        if name in FOREIGN_FILES:
            return True
        if "/" not in name:
            return name in self.names
        places = ("", "src", "include", "include/weir", "tests", beside)
        return any(os.path.normpath(os.path.join(p, name)) in self.paths for p in places)

    def has_key(self, key: str) -> bool:
        if key.endswith("*"):
            start = key.rstrip("*")
            return any(k.startswith(start) for k in self.keys)
        return key in self.keys or any(key.startswith(p) for p in self.key_prefixes)

    def has_member(self, owner: str, member: str) -> bool:
        """`Owner::member` is defined somewhere, or its declaration has the member's name."""
        if any(f"{owner}::{member}" in text for text in self.texts.values()):
            return True
        declared = re.compile(rf"\b(class|struct|enum|enum class|interface) {owner}\b[^;]")
        return any(
            declared.search(text) and re.search(rf"\b{member}\b", text)
            for text in self.texts.values()
        )


KEY = r"[a-z][a-z0-9-]*(\.[A-Za-z0-9-]+)+(\.\*)?"
CODE = re.compile(r"(`+)(.+?)\1", re.S)


def split_markdown(text: str) -> Iterator[tuple[int, str, str]]:
    """(line number, line, kind) with kind prose, table or code."""
    fence = None
    previous = "blank"
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        mark = re.match(r"\s*(```+|~~~+)", line)
        if fence:
            yield number, line, "code"
            if mark and stripped == fence:
                fence = None
            continue
        if mark:
            fence = mark.group(1)
            yield number, line, "code"
            continue
        if line.startswith("    ") and previous in ("blank", "code"):
            previous = "code"
            yield number, line, "code"
            continue
        previous = previous if not stripped and previous == "code" else "blank"
        if stripped:
            previous = "prose"
        yield number, line, "table" if stripped.startswith("|") else "prose"


def without_foreign_columns(
    lines: Iterable[tuple[int, str, str]],
) -> Iterator[tuple[int, str, str]]:
    """The lines, with empty cells in the columns of tables that are headed Flink."""
    foreign = []
    before = None
    for number, line, kind in lines:
        if kind == "table":
            cells = line.split("|")
            if before != "table":
                foreign = [i for i, cell in enumerate(cells) if cell.strip() == "Flink"]
            if foreign:
                line = "|".join("" if i in foreign else c for i, c in enumerate(cells))
        before = kind
        yield number, line, kind


def anchors_of(text: str) -> set[str]:
    """The anchors that GitHub gives to headings."""
    anchors = set()
    for _, line, kind in split_markdown(text):
        heading = re.match(r"#+\s+(.*)", line) if kind == "prose" else None
        if heading:
            title = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading.group(1)).strip().lower()
            anchor = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
            count = 1
            unique = anchor
            while unique in anchors:
                unique = f"{anchor}-{count}"
                count += 1
            anchors.add(unique)
    return anchors


def check_width(lines: list[tuple[int, str, str]]) -> Iterator[tuple[int, str]]:
    for number, line, kind in lines:
        is_link = re.fullmatch(r"\s*([-*] )?\[.*\]\(\S+\)[.,:]?|\s*\[[^\]]*\]: \S+", line)
        if kind == "prose" and len(line) > WIDTH and not is_link:
            yield number, f"{len(line)} columns; prose is wrapped at {WIDTH}"


def check_code(lines: list[tuple[int, str, str]]) -> Iterator[tuple[int, str]]:
    for number, line, kind in lines:
        if kind != "code" and line.count("`") % 2:
            yield number, "code in backticks begins or ends on another line: keep it on one"


def check_links(
    path: str, lines: list[tuple[int, str, str]], documents: dict[str, str], tree: Tree
) -> Iterator[tuple[int, str]]:
    for number, line, kind in lines:
        if kind == "code":
            continue
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if re.match(r"(https?|mailto):", target):
                continue
            file, _, anchor = target.partition("#")
            full = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
            if full not in tree.paths and full not in documents:
                yield number, f"the link {target} leads to no file"
            elif anchor and full in documents and anchor not in anchors_of(documents[full]):
                yield number, f"the link {target} leads to no heading of {full}"


def check_files(
    path: str, lines: list[tuple[int, str, str]], tree: Tree
) -> Iterator[tuple[int, str]]:
    """Paths and file names, in backticks, in plain text and in code."""
    ending = "|".join(re.escape(e) for e in EXTENSIONS)
    word = re.compile(rf"(?<![\w/.:$<>*…-])([\w-]+(?:/[\w.@-]+)*(?:{ending}))(?![\w/*-])")
    folder = re.compile(
        r"(?<![\w/.:$<>*-])((?:src|include|sim|tests|tools|bench|examples|deploy|docs|flink)/[\w./@-]*\w)(?![\w*])"
    )
    beside = os.path.dirname(path)
    for number, line, _ in lines:
        line = re.sub(r"\w+://\S+|\]\([^)]*\)", " ", line)
        for name in sorted({n for pattern in (word, folder) for n in pattern.findall(line)}):
            options = [name, *(name + e for e in (".h", ".cc"))]
            if not any(tree.has_file(n, beside) for n in options):
                yield number, f"there is no file {name}"
        for name in re.findall(r"`([\w/]+)\.\{(?:h,cc|cc,h)\}`", line):
            for end in (".h", ".cc"):
                if not tree.has_file(name + end, beside):
                    yield number, f"there is no file {name}{end}"


def words_of_code(text: str) -> str:
    return re.sub(r"[`\s]+", " ", text).strip()


def check_names(lines: list[tuple[int, str, str]], tree: Tree) -> Iterator[tuple[int, str]]:
    """`Class::method`, `function()`, `TypeName` and `snake_case` in backticks."""
    for number, line, kind in lines:
        if kind == "code":
            continue
        for _, code in CODE.findall(line):
            code = words_of_code(code)
            if FOREIGN_WORD.match(code):
                continue
            name = re.sub(r"(<[^()]*>)?(\(.*\))?$", "", code)
            qualified = re.fullmatch(r"(?:weir::|detail::)*(\w+)(?:::|\.)(\w+)", name)
            if re.fullmatch(KEY, name):
                continue
            if qualified and qualified.group(1)[0].isupper():
                if not tree.has_member(*qualified.groups()):
                    yield number, f"`{code}`: {qualified.group(1)} has no {qualified.group(2)}"
                continue
            name = name.rsplit(".", 1)[-1] if code.endswith(")") else name
            is_name = re.fullmatch(r"[A-Za-z]\w*(_|[a-z][A-Z])\w*", name)
            is_call = code.endswith(name + "()")
            if (is_name or is_call) and name not in tree.words and name not in tree.stems:
                yield number, f"`{code}` is nowhere in the tree"


def check_keys(lines: list[tuple[int, str, str]], tree: Tree) -> Iterator[tuple[int, str]]:
    for number, line, kind in lines:
        if kind == "code":
            found = re.findall(rf"-D\s+({KEY})=", line)
            found += re.findall(rf"^\s*({KEY}):\s", line)
            candidates = [f[0] for f in found]
        else:
            candidates = [
                code.split(":")[0].split("=")[0].removeprefix("-D ").strip()
                for _, code in CODE.findall(line)
            ]
        for key in candidates:
            is_class = key.rsplit(".", 1)[-1][:1].isupper()
            if not re.fullmatch(KEY, key) or key.endswith(EXTENSIONS) or is_class:
                continue
            if key.split(".")[0] in KEY_ROOTS and key != "fs.defaultFS" and not tree.has_key(key):
                yield number, f"src/config knows no key {key}"


KEY_ROOTS = {
    "execution",
    "state",
    "restart-strategy",
    "parallelism",
    "pipeline",
    "weir",
    "high-availability",
    "fs",
    "io",
    "taskmanager",
    "jobmanager",
    "heartbeat",
    "task",
    "security",
    "env",
    "rest",
    "web",
}


def check_flags(lines: list[tuple[int, str, str]], tree: Tree) -> Iterator[tuple[int, str]]:
    """Flags of weir's programs and tools: in backticks and in code."""
    foreign = False
    for number, line, kind in lines:
        if kind == "code":
            foreign = bool(FOREIGN_COMMAND.search(line)) or (
                foreign and re.match(r"\s+-", line) is not None
            )
            pieces = [] if foreign else [line]
        else:
            foreign = False
            pieces = [c for _, c in CODE.findall(line) if not FOREIGN_COMMAND.search(f" {c} ")]
        for piece in pieces:
            for flag in re.findall(r"(?<![\w-])--([a-z][a-z-]*)", piece.split("  #")[0]):
                if flag not in tree.flags:
                    yield number, f"no program of weir's has a flag --{flag}"


def findings(
    path: str, text: str, documents: dict[str, str], tree: Tree
) -> Iterator[tuple[int, str]]:
    all_lines = list(split_markdown(text))
    lines = list(without_foreign_columns(all_lines))
    for check in (
        check_width(all_lines),
        check_code(all_lines),
        check_links(path, all_lines, documents, tree),
        check_files(path, lines, tree),
        check_names(lines, tree),
        check_keys(lines, tree),
        check_flags(lines, tree),
    ):
        yield from check


def check_sources(texts: dict[str, str], tree: Tree) -> Iterator[str]:
    """Sources name documents that exist."""
    for path, text in texts.items():
        for name in sorted(set(re.findall(r"\b(?:docs|src|sim)/[\w/]*\w\.md\b", text))):
            if name not in tree.paths:
                yield f"{path}: there is no document {name}"


def check(root: str) -> list[str]:
    tree = Tree(root)
    documents = {}
    for path in markdown_files(root):
        with open(os.path.join(root, path), encoding="utf-8") as file:
            documents[path] = file.read()
    errors = [
        f"{path}:{number}: {message}"
        for path, text in documents.items()
        for number, message in findings(path, text, documents, tree)
    ]
    return errors + list(check_sources(tree.texts, tree))


def self_check() -> list[str]:
    tree = Tree.__new__(Tree)
    tree.paths = {"src", "src/a", "src/a/thing.h", "docs", "docs/a.md"}
    tree.take(
        {
            "src/a/thing.h": "class Thing { void act(); };",
            "src/config/options.h": '"weir.known", "fs.hdfs.*"',
            "src/api/command_line.cc": '{"from", "WHERE"}',
        }
    )
    documents = {"docs/a.md": "# A heading\n", "README.md": ""}
    bad = [
        "x " * 60,
        "`act()",
        "[a](docs/b.md)",
        "[a](docs/a.md#no-heading)",
        "`src/a/other.h`",
        "see src/b/thing.h",
        "`gone.cc`",
        "`Thing::rest`",
        "`Stranger::act`",
        "`no_such_name`",
        "`vanish()`",
        "`weir.unknown`",
        "    job -D weir.unknown=1",
        "`--unknown`",
        "    job --unknown 1",
    ]
    good = [
        "| " + "x " * 60 + "|",
        "    " + "x " * 60,
        "[a](docs/a.md#a-heading)",
        "`a/thing.h`, `thing.h`, src/a",
        "`Thing::act`, `act()`, `Thing`, `thing`",
        "`weir.known`, `fs.hdfs.any`, `-D weir.known=1`",
        "`--from latest`, `git log --oneline`",
        "| Flink | weir |\n|---|---|\n| `setThing()`, `--flag` | `act()` |",
    ]
    errors = []
    if len(list(check_sources({"a.h": "// docs/a.md, docs/gone.md"}, tree))) != 1:
        errors.append("self-check: not exactly one objection to a source")
    for text in bad:
        found = list(findings("README.md", text, documents, tree))
        if len(found) != 1:
            errors.append(f"self-check: not exactly one objection to {text!r}: {found}")
    for text in good:
        for _, message in findings("README.md", text, documents, tree):
            errors.append(f"self-check: {text!r}: {message}")
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", required=True)
    arguments = parser.parse_args()
    errors = self_check() + check(arguments.source)
    for error in errors:
        print(error)
    sys.exit(1 if errors else 0)


if __name__ == "__main__":
    main()
