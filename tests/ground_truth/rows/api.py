"""Django REST framework: what serializers ask for, field by field."""

from ground_truth.row import Named, found, slow

JOIN, PREFETCH = "select_related", "prefetch_related"
NESTED = ("select_related", "prefetch_related", "prefetch_object")
KEYED = ("n_plus_one", "query_in_loop")


def field(id, url, view, name, relation, actions):
    """A field of a serializer; no line of the application is on the stack."""
    trigger = Named(view, field=name)
    return slow(id, "drf", url, found(id, relation, actions, trigger=trigger, source=Named(view)))


def line(id, url, view, relation, actions):
    """A line of the application that a serializer calls."""
    return slow(id, "drf", url, found(id, relation, actions, source=Named(view) if view else None))


ROWS = (
    field("fk.drf", "/api/fk/", "FkList", "publisher", "catalogue.Book.publisher", JOIN),
    slow("two.drf", "drf", "/api/two/",
         found("two.drf.author", "catalogue.Book.author", JOIN,
               trigger=Named("TwoList", field="author"), source=Named("TwoList")),
         found("two.drf.translator", "catalogue.Book.translator", JOIN,
               trigger=Named("TwoList", field="translator"), source=Named("TwoList")), statements=1),
    field("drf.dotted", "/api/dotted/", "DottedList", "author_name", "catalogue.Book.author", JOIN),
    field("o2o.drf", "/api/o2o/", "ProfileList", "author", "catalogue.Profile.author", JOIN),
    field("rev_o2o.drf", "/api/rev_o2o/", "AuthorProfileList", "profile", "catalogue.Author.profile",
          (JOIN, PREFETCH)),
    field("rev_fk.drf", "/api/rev_fk/", "AuthorBooksList", "books", "catalogue.Author.books", PREFETCH),
    field("drf.many_keys", "/api/keys/", "AuthorKeysList", "books", "catalogue.Author.books", PREFETCH),
    field("m2m.drf", "/api/genres/", "GenresViewSet", "genres", "catalogue.Book.genres", PREFETCH),
    field("drf.slug", "/api/slug/", "SlugViewSet", "genres", "catalogue.Book.genres", PREFETCH),
    field("drf.string", "/api/string/", "StringList", "publisher", "catalogue.Book.publisher", JOIN),
    line("drf.string_str", "/api/string_str/", "ChapterList", "catalogue.Chapter.book", JOIN),
    slow("through.drf", "drf", "/api/through/",
         found("through.drf.rows", "catalogue.Book.contributions", PREFETCH,
               trigger=Named("ContributionsList", field="contributions"), source=Named("ContributionsList")),
         found("through.drf.author", "catalogue.Contribution.author", NESTED,
               trigger=Named("ContributionsList", field="author"), source=Named("ContributionsList"))),
    field("deferred.drf", "/api/deferred/", "TextList", "full_text", "catalogue.Book.full_text", "load_field"),
    line("gfk.drf", "/api/gfk/", "TagList", "catalogue.Tag.content_object", PREFETCH),
    line("generic_rel.drf", "/api/generic_rel/", "TagLabelList", "catalogue.Book.tags", PREFETCH),
    field("count.drf", "/api/count/", "TotalsList", "book_count", "catalogue.Author.books", "annotate_count"),
    line("drf.model_method", "/api/model_method/", "TotalMethodList", "catalogue.Author.books", "annotate_count"),
    line("exists.drf", "/api/flags/", "FlagsViewSet", "catalogue.Author.books", "annotate_exists"),
    line("first.drf", "/api/first/", "FirstViewSet", "catalogue.Author.books", ("prefetch_object", "annotate")),
    line("filter.drf", "/api/ratings/", None, "catalogue.Book.reviews", "prefetch_object"),
    slow("chain.drf", "drf", "/api/chain/",
         found("chain.drf.publisher", "catalogue.Book.publisher", JOIN,
               trigger=Named("PlaceList", field="publisher"), source=Named("PlaceList")),
         found("chain.drf.city", "catalogue.Publisher.city", JOIN,
               trigger=Named("PlaceList", field="city"), source=Named("PlaceList"))),
    slow("nested.drf", "drf", "/api/nested/",
         found("nested.drf.books", "catalogue.Genre.books", PREFETCH,
               trigger=Named("GenreTreeList", field="books"), source=Named("GenreTreeList")),
         found("nested.drf.publisher", "catalogue.Book.publisher", NESTED,
               trigger=Named("GenreTreeList", field="publisher"), source=Named("GenreTreeList"))),
    slow("drf.keys", "drf", "/api/contribute/",
         found("drf.keys.book", (), ("in_bulk", "batch_query"), kinds=KEYED, source_checked=False),
         found("drf.keys.author", (), ("in_bulk", "batch_query"), kinds=KEYED, source_checked=False),
         found("drf.keys.insert", (), "bulk_create", kinds="write_loop", source_checked=False),
         populate="contributions", method="post"),
)  # fmt: skip
