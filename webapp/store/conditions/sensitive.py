"""Whether a text holds something that looks sensitive, as SQL. What does: `model/sensitive.py`."""

from webapp.model.sensitive import LOOKS
from webapp.store.conditions.where import TRUE, Where, either, every

_LUHN = """list_sum(list_transform(
  string_split(reverse(regexp_replace(found, '[ -]', '', 'g')), '')::INTEGER[],
  lambda digit, place: CASE WHEN place % 2 = 1 THEN digit ELSE digit * 2 // 10 + digit * 2 % 10 END
)) % 10 = 0"""


def all_found(text: str, name: str) -> Where:
    """The list of what in `text` has that look."""
    look = LOOKS[name]
    tests = [Where("NOT regexp_full_match(found, ?)", (look.never,))] if look.never else []
    test = every([*tests, Where(_LUHN) if look.checked else TRUE])
    found = f"regexp_extract_all({text}, ?, 1)"
    if test == TRUE:
        return Where(found, (look.pattern,))
    return Where(f"list_filter({found}, lambda found: {test.text})", (look.pattern, *test.values))


def holds(text: str, name: str, values: tuple[object, ...] = ()) -> Where:
    """`values` are bound in `text`."""
    look, found = LOOKS[name], all_found(text, name)
    near = either(Where(f"contains({text}, ?)", (*values, needed)) for needed in look.needed)
    return every([near if look.needed else TRUE, Where(f"len({found.text}) > 0", (*values, *found.values))])
