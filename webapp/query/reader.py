"""The tokens of a query that mean something, read one after the other. What they mean together: `parser.py`."""

from webapp.errors import BadQuery
from webapp.query.lexer import Token, lex


class Reader:
    """`token` is the one to read next, `last` the one read before."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = [token for token in lex(text) if token.kind != "space"]
        self._tokens.append(Token("end", "", len(text)))
        self._position = 0

    @property
    def token(self) -> Token:
        return self._tokens[self._position]

    @property
    def last(self) -> Token:
        """Once all is read, the last that there is."""
        return self._tokens[max(0, self._position - 1)]

    @property
    def extent(self) -> tuple[int, int]:
        """From the first token to the last."""
        return self._tokens[0].start, self._tokens[-2].end

    def take(self) -> Token:
        token = self.token
        if token.kind != "end":
            self._position += 1
        return token

    def calls(self) -> bool:
        """Whether the next token is a name right before a parenthesis: `count(`."""
        following = self._tokens[min(self._position + 1, len(self._tokens) - 1)]
        return following.stands_for("(") and following.start == self.token.end

    def error(self, message: str, token: Token, hint: str = "") -> BadQuery:
        return BadQuery(message, text=self.text, position=token.start, length=len(token.text), hint=hint)
