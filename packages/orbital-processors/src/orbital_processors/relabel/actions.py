"""What each action of a rule does to the labels of a series."""

from __future__ import annotations

from hashlib import md5
from typing import TYPE_CHECKING, Final, TypeAlias

from orbital_processors.matching.regex import Regex
from orbital_processors.matching.template import Template
from orbital_processors.relabel.letters import lower, upper
from orbital_sdk.metric import LABEL_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orbital_processors.relabel.label_set import LabelSet
    from orbital_processors.relabel.rule import Rule

    Action: TypeAlias = Callable[[LabelSet], bool]


def action(rule: Rule) -> Action:
    """A function that applies the rule to the labels of a series, and tells whether the series stays."""
    return _MAKERS[rule.action](rule)


def _source(rule: Rule) -> Callable[[LabelSet], str]:
    """The joined values of the source labels."""
    names, separator = rule.source_labels, rule.separator
    if len(names) == 1:
        return lambda labels: labels[names[0]]
    return lambda labels: separator.join([labels[name] for name in names])


def _keep(rule: Rule) -> Action:
    source, regex = _source(rule), Regex(rule.regex)
    return lambda labels: regex(source(labels))


def _drop(rule: Rule) -> Action:
    source, regex = _source(rule), Regex(rule.regex)
    return lambda labels: not regex(source(labels))


def _keepequal(rule: Rule) -> Action:
    source, target = _source(rule), rule.target_label
    return lambda labels: labels[target] == source(labels)


def _dropequal(rule: Rule) -> Action:
    source, target = _source(rule), rule.target_label
    return lambda labels: labels[target] != source(labels)


def _replace(rule: Rule) -> Action:
    source, regex = _source(rule), Regex(rule.regex)
    target, replacement = Template(rule.target_label, regex), Template(rule.replacement, regex)

    def apply(labels: LabelSet) -> bool:
        groups = regex.match(source(labels))
        if groups is not None and LABEL_NAME.fullmatch(name := target.expand(groups)):
            labels[name] = replacement.expand(groups)
        return True

    return apply


def _setting(value: Callable[[Rule, str], str]) -> Callable[[Rule], Action]:
    """An action that sets the target label to what it makes of the source."""

    def make(rule: Rule) -> Action:
        source, target = _source(rule), rule.target_label

        def apply(labels: LabelSet) -> bool:
            labels[target] = value(rule, source(labels))
            return True

        return apply

    return make


def _hash(rule: Rule, text: str) -> str:
    digest = md5(text.encode(errors="surrogatepass"), usedforsecurity=False).digest()
    return str(int.from_bytes(digest[8:], "big") % rule.modulus)


def _labelmap(rule: Rule) -> Action:
    regex = Regex(rule.regex)
    replacement = Template(rule.replacement, regex)

    def apply(labels: LabelSet) -> bool:
        for name, value in labels.items():
            if (groups := regex.match(name)) is not None:
                labels[replacement.expand(groups)] = value
        return True

    return apply


def _removing(*, matching: bool) -> Callable[[Rule], Action]:
    """An action that removes the labels whose names match, or those whose names do not."""

    def make(rule: Rule) -> Action:
        regex = Regex(rule.regex)

        def apply(labels: LabelSet) -> bool:
            for name in dict(labels.items()):
                if regex(name) == matching:
                    labels[name] = ""
            return True

        return apply

    return make


_MAKERS: Final[Mapping[str, Callable[[Rule], Action]]] = {
    "replace": _replace,
    "keep": _keep,
    "drop": _drop,
    "keepequal": _keepequal,
    "dropequal": _dropequal,
    "hashmod": _setting(_hash),
    "lowercase": _setting(lambda _, text: lower(text)),
    "uppercase": _setting(lambda _, text: upper(text)),
    "labelmap": _labelmap,
    "labeldrop": _removing(matching=True),
    "labelkeep": _removing(matching=False),
}
