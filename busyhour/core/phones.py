"""Numbers in E.164 format as whole numbers, which is how machines and journals carry them; 0 stands for none.

E.164 allows 15 digits and no country code begins with 0, so that nothing is lost.
"""

from typing import Final

MAGIC_FIRST: Final = 1_500_555_0000
"""+1 500 555 and four digits belong to the simulated carrier: the last digit says how the callee behaves."""
MAGIC_LAST: Final = MAGIC_FIRST + 9_999


def phone_of(text: str) -> int:
    """Of "+14155550123"; 0 of an empty text."""
    return int(text[1:]) if text else 0


def phone_text(phone: int) -> str:
    """ "+14155550123"; empty for none."""
    return f"+{phone}" if phone else ""


def magic_digit(phone: int) -> int:
    """What a magic number ends in; -1 for any other number."""
    if MAGIC_FIRST <= phone <= MAGIC_LAST:
        return phone % 10
    return -1
