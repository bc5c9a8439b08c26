"""What the words of a message mean: one table, read from top to bottom.

A word decides only where it is meant. "png please" asks for a PNG, "the png from the client" speaks of one; "don't
compare" does not compare. Unknown words mean nothing.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from slackbot.job import Options

SCALES = (2, 4)
_FORMATS = {"png": "PNG", "jpeg": "JPEG", "jpg": "JPEG", "webp": "WebP"}
_NUMBERS = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "eight": "8", "ten": "10"}
_DIGITS = r"\d{1,4}(?:\.\d{1,4})?"
_NUMBER = rf"(?P<n>{_DIGITS}|{'|'.join(_NUMBERS)})"
_FORMAT = rf"(?P<f>{'|'.join(_FORMATS)})"
_LARGER = r"(?= (?:as|the|its|larger|bigger|size|resolution)\b)"
# Words that say nothing of their own: what is left without them is what a short message is about.
_POLITE = (
    "a|an|and|as|at|for|go|hello|hey|hi|i|id|in|is|it|just|like|make|me|maybe|now|of|ok|okay|only|pls|please|ps|sorry|"
    "thank|thanks|the|then|this|to|too|up|want|with|would|yes|you"
)
_OWN = r"(?<!\bthe )(?<!\bthis )(?<!\bthat )(?<!\bmy )(?<!\byour )(?<!\bour )(?<!\bhis )(?<!\bher )(?<!\btheir )"


@dataclass(frozen=True)
class Rule:
    """One thing that can be asked for.

    `pattern` is searched in each clause: lower case, words one space apart, no apostrophes. With `alone`, nothing but
    polite words may stand around it in its clause; with `first`, it has to begin the message. `value` is what the
    option `option` gets, or None where the pattern's group says it.
    """

    option: str
    value: Any
    pattern: str
    meaning: str
    example: str
    alone: bool = False
    first: bool = False


TABLE = (
    Rule(
        "scale",
        None,
        rf"(?<![\w.])(?:{_NUMBER} ?x(?! ?\d)|(?<!\d )x ?(?P<n2>{_DIGITS})(?!\w))"
        r"(?! (?:zoom|lens|optical|telephoto|faster|more))\b",
        "so many times as wide and high: 2 or 4; what else is asked for gets 4 and a sentence",
        "2x, 2×, 2 x, x2, 4x, 8x",
    ),
    Rule("scale", None, rf"\b{_NUMBER} times{_LARGER}", "the same", "two times the size"),
    Rule("scale", None, rf"\b{_NUMBER} times\b", "the same", "2 times, please", alone=True),
    Rule("scale", 2, rf"\b(?:twice|double(?:d)?){_LARGER}", "2x", "twice as large, double the size"),
    Rule("scale", 2, r"\b(?:twice|double|doubled)\b", "2x", "twice, please", alone=True),
    Rule("scale", 4, rf"\bquadruple(?:d)?{_LARGER}", "4x", "quadruple the size"),
    Rule("scale", None, r"(?<![\w.])(?P<p>[2-9]00) ?(?:%|percent\b)", "100 % a step", "200%"),
    Rule(
        "format",
        None,
        r"\b(?:as|in|to|into|want|need|prefer|use|get|send|save|give me|make it|be)(?: it| me| us| back)? ?"
        rf"(?:as |in |to )?(?:a |an )?{_FORMAT}\b",
        "another kind of file",
        "as png, make it a jpeg, to webp",
    ),
    Rule(
        "format",
        None,
        rf"{_OWN}\b{_FORMAT} (?:please|pls|thanks|instead|version|output)\b",
        "the same",
        "webp please, a png version",
    ),
    Rule("format", None, rf"{_OWN}\b{_FORMAT}\b", "the same", "png", alone=True),
    Rule(
        "compare",
        True,
        r"\b(?:compare(?! (?:it )?to\b)|comparison|before and after|before after|side by side)\b",
        "one more picture: bicubic left, enhanced right",
        "compare, a side by side",
    ),
    Rule("bicubic", True, r"\bbicubic\b|\bwithout (?:the |your )?(?:model|ai)\b", "without the model", "bicubic"),
    Rule(
        "metadata",
        True,
        r"\b(?:keep(?:ing)?|with|preserve|retain|include|including|forget)(?: \w+){0,2} (?:metadata|exif)\b",
        "time, camera and place stay in the file",
        "keep metadata, with exif",
    ),
    Rule(
        "again",
        True,
        r"(?<!\bthanks )(?<!\bthank you )"
        r"\b(?:again|once more|redo|repeat|all of (?:them|these)|(?<!\bfor )everything)\b",
        "in a thread: also photos that have their answer",
        "again",
    ),
    Rule("help", True, r"\bhelp\b", "what I can do", "help", alone=True),
    Rule("help", True, r"help\b(?! (?:me|us|him|her|them|with)\b)", "the same", "help, how does this work", first=True),
    Rule(
        "command",
        "status",
        r"^(?:(?:what|how) is |whats |show me |show )?(?:the |your |my )?status(?: of my \w+)?(?: please)?$",
        "how busy I am",
        "status?, what is your status",
    ),
    Rule(
        "command",
        "cancel",
        r"^(?:please )?(?:cancel|stop)(?: (?:it|that|this|everything|all|mine|my \w+))?(?: please)?$",
        "stop what you asked for",
        "cancel, stop it",
    ),
    Rule(
        "command",
        "unwatch",
        r"^(?:please )?unwatch(?: (?:this|the|our|my|here|channel))*(?: please)?$",
        "photos here only where somebody mentions me",
        "unwatch",
    ),
    Rule(
        "command",
        "watch",
        r"^(?:please )?watch(?: (?:this|the|our|my|here|channel))*(?: please)?$",
        "take every photo of this channel",
        "watch this channel",
    ),
)

_READ = 4000  # characters of a message; Slack takes ten times as many
_BEFORE = 80  # characters before a word in which a negation may stand

# Up to three words may stand between a negation and what it denies: "do not give me a comparison".
_DENIED = re.compile(
    r"\b(?:dont|do not|doesnt|not|no|never|without|instead of|rather than|than|skip|avoid|remove|strip|drop)"
    r"(?: \w+){0,3} ?$"
)
_NOT_DENIED = re.compile(
    r"\b(?:if not|why not|why dont you|no (?:problem|worries|rush|hurry|matter)|dont (?:mind|forget)|not sure)"
    r"(?: \w+){0,4} ?$"
)


def parse_options(text: str) -> Options:
    """What a message's words ask for; its mentions and addresses are no words. Of a long one the beginning is read."""
    said: dict[str, Any] = {}
    scales: list[float] = []
    for clause, rules in _rules_by_clause(text):
        # From the last rule to the first, so that the first that fits has the last word.
        said |= {rule.option: _value(rule, match) for rule in reversed(rules) for match in _matches(rule, clause)}
        scales += _scales(rules, clause)
    known = [one for one in scales if one in SCALES]
    said["scale"] = known[-1] if known else Options.scale
    if scales and not known:
        said["asked_scale"] = scales[-1]
    return Options(**said)


def asks(text: str) -> bool:
    """Whether the words ask for anything, be it what one gets without them: `4x`."""
    return any(match for clause, rules in _rules_by_clause(text) for rule in rules for match in _matches(rule, clause))


def _rules_by_clause(text: str) -> Iterator[tuple[str, list[Rule]]]:
    """The clauses of a message's beginning, each with the rules that may apply to it."""
    for number, clause in enumerate(_clauses(text[:_READ])):
        short = _is_short(clause)
        yield clause, [one for one in TABLE if (short or not one.alone) and (number == 0 or not one.first)]


def _scales(rules: Sequence[Rule], clause: str) -> list[float]:
    """The scales that a clause asks for, in the order in which they stand there, whichever rule finds them."""
    found = {
        match.start(): _value(one, match) for one in rules if one.option == "scale" for match in _matches(one, clause)
    }
    return [found[place] for place in sorted(found)]


def _matches(rule: Rule, clause: str) -> Iterator[re.Match[str]]:
    if rule.first:
        match = re.match(rf"(?:(?:{_POLITE}) )*{rule.pattern}", clause)
        if match:
            yield match
        return
    for match in re.finditer(rule.pattern, clause):
        before = max(0, match.start() - _BEFORE), match.start()
        if _NOT_DENIED.search(clause, *before) or not _DENIED.search(clause, *before):
            yield match


def _value(rule: Rule, match: re.Match[str]) -> Any:
    if rule.value is not None:
        return rule.value
    groups = match.groupdict()
    if rule.option == "format":
        return _FORMATS[groups["f"]]
    if groups.get("p"):
        return int(groups["p"]) // 100
    said = groups.get("n") or groups.get("n2") or ""
    number = float(_NUMBERS.get(said, said))
    return int(number) if number == int(number) else number


def _is_short(clause: str) -> bool:
    """Whether a clause holds nothing but what can be asked for and polite words."""
    for rule in TABLE:
        if not rule.first:
            clause = re.sub(rule.pattern, " ", clause)
    return all(re.fullmatch(rf"{_POLITE}|not|dont|instead|no|without|x", word) for word in clause.split())


def _clauses(text: str) -> Iterator[str]:
    """The parts of a message between its stops, in plain words one space apart."""
    plain = unicodedata.normalize("NFKC", re.sub(r"<[^>]*>?|:[a-z0-9_+'-]+:", " ", text)).lower()
    plain = re.sub(r"(?<=\d)\s?[×✕✖х](?!\w)|[×✕✖х](?=\s?\d)", "x", plain.replace("&amp;", " and "))  # х: Cyrillic
    plain = re.sub(r"[*_~`\"]|(?<=\w)['’](?=\w)", "", plain)
    for part in re.split(r"[,;:!?()\[\]{}\n|]|\.(?!\d)|\bbut\b|[–—]| - ", plain):
        words = re.findall(r"\d+(?:\.\d+)?\w*%?|\w+", part)
        if words:
            yield " ".join(words)
