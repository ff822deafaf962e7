"""The SQL words that a fingerprint writes in upper case, and what the normaliser must know about some of them.

The list is that of ``daemon/analysis/sql_keywords.cpp``, where it says how a word gets in; a test compares the two.
"""

from __future__ import annotations

__all__ = ["CALL", "KEYWORDS", "MAYBE_NAME", "OPERAND", "VALUE", "keyword_of"]

OPERAND = 1  # it is a value: a minus after it subtracts (END, CURRENT_DATE, NULL …)
VALUE = 2  # TRUE, FALSE, NULL: a literal where a value is expected
CALL = 4  # written tight against its parenthesis: CAST(, COALESCE(
MAYBE_NAME = 8  # not reserved everywhere: a name when it stands where a table is expected

_BY_TRAITS = {
    0: """
    ADD ALL ALTER AND AS ASC BETWEEN BY CASCADE CASE CHECK COLLATE COLUMN CONSTRAINT CREATE CROSS DEFAULT
    DELETE DESC DISTINCT DIV DROP ELSE EXCEPT EXPLAIN FETCH FOR FOREIGN FROM FULL GLOB GRANT GROUP HAVING
    IGNORE ILIKE IN INDEX INNER INSERT INTERSECT INTERVAL INTO IS ISNULL JOIN KEY LATERAL LIKE LIMIT LOCKED
    MATCH NATURAL NOT NOTNULL NOWAIT OF ON ONLY OR ORDER OUTER OVER PARTITION PRIMARY PROCEDURE RANGE
    RECURSIVE REFERENCES REGEXP RESTRICT RETURNING REVOKE RLIKE SELECT SET SIMILAR SKIP TABLE THEN TO UNION
    UNIQUE UPDATE USING VALUES WHEN WHERE WINDOW WITH XOR""",
    MAYBE_NAME: """
    ANALYZE BEGIN CALL COMMIT CONFLICT DATABASE DECLARE DEFERRABLE DEFERRED DO DUPLICATE ESCAPE EXEC EXECUTE
    FILTER FOLLOWING FUNCTION IMMEDIATE LOCK MATCHED MATERIALIZED MERGE MINUS NOTHING NULLS OFFSET PRAGMA
    PRECEDING RELEASE RENAME ROLLBACK ROWS SAVEPOINT SHOW START TEMPORARY TRANSACTION TRIGGER TRUNCATE
    UNBOUNDED VACUUM VIEW""",
    CALL: "ANY ARRAY CAST COALESCE CONVERT EXISTS EXTRACT IF LEFT MOD NULLIF REPLACE RIGHT ROW SOME",
    OPERAND | CALL: "CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER LOCALTIME LOCALTIMESTAMP",
    OPERAND: "END",
    OPERAND | VALUE: "FALSE NULL TRUE",
}

KEYWORDS: dict[str, int] = {word: traits for traits, words in _BY_TRAITS.items() for word in words.split()}

# Almost every keyword is met in one of two spellings; the others take the longer way.
_SPELLINGS = {spelling: word for word in KEYWORDS for spelling in (word, word.lower())}
_LONGEST = max(map(len, KEYWORDS))


def keyword_of(word: str) -> str:
    """Return the keyword that ``word`` spells in any case, in upper case, or ``""``."""
    known = _SPELLINGS.get(word)
    if known is not None:
        return known
    if len(word) > _LONGEST or not word.isascii():  # "ſ".upper() is "S"
        return ""
    upper = word.upper()
    return upper if upper in KEYWORDS else ""
