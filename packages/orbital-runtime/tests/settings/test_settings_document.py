"""YAML into a tree: places, bounds, plain values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital_runtime.settings.source.document import MAX_DEPTH, parse, scalar
from orbital_runtime.settings.source.tree import Node
from orbital_sdk.problems import Problem


def read(text: str, **environ: str) -> tuple[Node, list[Problem]]:
    problems: list[Problem] = []
    return parse(text, "f.yaml", environ, problems) or Node({}, "f.yaml", 1), problems


def told(text: str, **environ: str) -> list[str]:
    return [str(problem) for problem in read(text, **environ)[1]]


def test_every_value_knows_its_line():
    """A problem can name the line, for keys of sections and for items of lists alike."""
    root, problems = read("a: 1\nb:\n  c: x\n  d:\n    - 1\n    - e: 2\n")
    assert not problems
    assert root.plain() == {"a": 1, "b": {"c": "x", "d": [1, {"e": 2}]}}
    lines = {way: node.line for way, node in root.leaves()}
    assert lines == {("a",): 1, ("b", "c"): 3, ("b", "d", 0): 5, ("b", "d", 1, "e"): 6}
    section = root.find(("b",))
    assert section is not None
    assert section.line == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12), ("-3", -3), ("1.5", 1.5), ("true", True), ("False", False), ("~", None), ("", None),
        ("yes", "yes"), ("on", "on"), ("22:30", "22:30"), ("007", "007"), ("1.10", "1.10"),
        ("0x1F", "0x1F"), ("1e3", "1e3"), ("2024-01-01", "2024-01-01"), ("-0", "-0"), ("30s", "30s"),
        ("9" * 40, "9" * 40), (".inf", ".inf"),
    ],
)  # fmt: skip
def test_a_number_is_what_writes_itself_the_same_way(text, value):
    """Rack 007, version 1.10 and a time of day are not changed on their way in."""
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_quotes_and_tags_make_text():
    """Who quotes a value wants text."""
    assert read("a: '12'\nb: \"true\"\nc: !!str 12\nd: !!int 12")[0].plain() == {
        "a": "12", "b": "true", "c": "12", "d": 12,
    }  # fmt: skip


def test_a_key_that_stands_twice_is_told_with_both_lines():
    """The later one must not win silently."""
    assert told("a: 1\nb: 2\na: 3\n") == [
        "f.yaml:3: a: stands here a second time, after line 1; keep one of the two"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "f.yaml:1: not readable as YAML"),
        ("a:\n\tb: 1", "f.yaml:2: not readable as YAML"),
        ("a: 1\n---\nb: 2", "f.yaml:3: a second document begins here"),
        ("? [x]\n: 1", "f.yaml:1: a key must be plain text"),
        ("a: !!python/object/apply:os.system [ls]", "f.yaml:1: the tag tag:yaml.org,2002:python"),
        ("a: *nobody", "f.yaml:1: *nobody refers"),
        ("a: &x [*x]", "f.yaml:1: *x refers to nothing"),
        ("<<: 5", "f.yaml:1: << merges a section"),
        ("a: \x00", "f.yaml:1: not readable as YAML"),
        ("[" * (MAX_DEPTH + 5), "f.yaml:1: nested deeper than"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_with_its_line(text, message):
    """Broken or hostile YAML is told like everything else, and never raises."""
    (problem,) = told(text)
    assert problem.startswith(message)


def test_tabs_get_a_hint():
    """The commonest mistake is named."""
    assert told("a:\n\tb: 1")[0].endswith("indent with spaces, not tabs")


def test_aliases_and_merge_keys_work():
    """Tasks may share what they have in common."""
    text = "base: &b {interval: 5s, labels: {a: x}}\none:\n  <<: *b\n  interval: 9s\ntwo: *b\n"
    root, problems = read(text)
    assert not problems
    assert root.plain()["one"] == {"interval": "9s", "labels": {"a": "x"}}
    assert root.plain()["two"]["interval"] == "5s"
    two = root.find(("two",))
    assert two is not None
    assert two.line == 5


def test_an_alias_bomb_is_refused():
    """A few lines cannot ask for gigabytes."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
    )
    (problem,) = told(bomb)
    assert "holds more than 4,000,000 values" in problem


def test_references_are_put_in_and_missing_ones_told_with_their_line():
    """`${NAME}` and `${NAME:-default}` work inside text; `$${` is a literal; all that miss are told."""
    text = (
        "a: ${HOST}:9090\nb: ${NO:-dflt}\nc: $${HOST}\nd: ${EMPTY:-x}\ne: '${EMPTY}'\nf: ${PORT}\n"
    )
    root, problems = read(text, HOST="h", EMPTY="", PORT="8080")
    assert not problems
    assert root.plain() == {
        "a": "h:9090", "b": "dflt", "c": "${HOST}", "d": "x", "e": "", "f": "8080",
    }  # fmt: skip
    assert told("a: ${ONE}\nb: ${TWO}") == [
        "f.yaml:1: a: environment variable ONE is not set; set it, or write ${ONE:-default}",
        "f.yaml:2: b: environment variable TWO is not set; set it, or write ${TWO:-default}",
    ]


@pytest.mark.parametrize(
    "text",
    ["a: ${}", "a: ${1X}", "a: '${secret:}'", "a: '${HOST:80}'", "a: '${X'", "a: '${A:-{}}'"],
)
def test_what_looks_like_a_reference_and_is_none_is_told(text):
    """A mistyped reference must not become part of a password."""
    (problem,) = told(text)
    assert "is not a reference; write ${NAME}" in problem


def test_a_value_from_the_environment_is_never_taken_for_yaml():
    """A variable's value is text, whatever it looks like."""
    root, problems = read("a: ${X}\nb: [1, '${X}']", X="{x: [1, 2]}\n- y")
    assert not problems
    assert root.plain() == {"a": "{x: [1, 2]}\n- y", "b": [1, "{x: [1, 2]}\n- y"]}


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_gives_a_tree_or_problems(text):
    """No file makes the reader raise."""
    root, _ = read(text)
    root.plain()
    list(root.leaves())


@settings(deadline=None)
@given(st.text(alphabet="ab:- \n[]{}&*!|>'\"#%<0123${}_,?\t", max_size=80))
def test_any_punctuation_gives_a_tree_or_problems(text):
    """The same, where YAML's own characters are frequent."""
    root, _ = read(text, a="1")
    root.plain()
    list(root.leaves())
