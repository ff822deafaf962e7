"""The statements and sites that most verdict cases are made of: books, their authors, and where those come from."""

from __future__ import annotations

from cases.verdict_case import chain_anchor, site

BOOKS = "SELECT * FROM book"
AUTHOR = "SELECT * FROM author WHERE id = %s"
COUNTRY = "SELECT * FROM country WHERE id = %s"
TAGS = "SELECT * FROM tag WHERE book_id = %s"
INSERT = "INSERT INTO line VALUES (%s)"
UPDATE = "UPDATE line SET a = %s"
PRAGMA = "PRAGMA a"  # neither read nor written: never a finding, unless it is slow

ANCHOR = chain_anchor(10)
LIST = site(10, "fetch", model="shop.Book", anchor=ANCHOR)
AUTHOR_OF_BOOK = site(20, "follow", "shop.Book.author", "foreign_key", "book")
COUNTRY_OF_AUTHOR = site(21, "follow", "shop.Author.country", "foreign_key", "author")
TAGS_OF_BOOK = site(22, "iterate", "shop.Book.tags", "many_to_many", "book")
PLAIN = site(30, "fetch")
SAVE = site(40, "insert")
