"""What templates ask for: loops, tags, filters, methods, included templates, forms, generic list views."""

from ground_truth.row import Named, found, slow

JOIN, PREFETCH = "select_related", "prefetch_related"
NESTED = ("select_related", "prefetch_related", "prefetch_object")
PUBLISHER = "catalogue.Book.publisher"


def one(id, url, relation, actions, populate="library", view=None, statements=0):
    source = Named(view) if view else None
    return slow(id, "template", url, found(id, relation, actions, source=source), populate=populate,
                statements=statements)  # fmt: skip


def same(id, url, populate="library"):
    return slow(
        id, "template", url, found(id, "", "hoist", kinds="repeated_query", source_checked=False), populate=populate
    )


ROWS = (
    one("fk.template", "/pages/fk/", PUBLISHER, JOIN),
    slow("two.template", "template", "/pages/two/",
         found("two.template.author", "catalogue.Book.author", JOIN),
         found("two.template.translator", "catalogue.Book.translator", JOIN), statements=1),
    one("o2o.template", "/pages/o2o/", "catalogue.Profile.author", JOIN),
    one("rev_o2o.template", "/pages/rev_o2o/", "catalogue.Author.profile", (JOIN, PREFETCH)),
    one("rev_fk.template", "/pages/rev_fk/", "catalogue.Author.books", PREFETCH),
    one("rev_fk_unnamed.template", "/pages/rev_fk_unnamed/", "catalogue.Book.chapter_set", PREFETCH),
    one("m2m.template", "/pages/m2m/", "catalogue.Book.genres", PREFETCH),
    slow("through.template", "template", "/pages/through/",
         found("through.template.rows", "catalogue.Book.contributions", PREFETCH),
         found("through.template.author", "catalogue.Contribution.author", NESTED)),
    one("gfk.template", "/pages/gfk/", "catalogue.Tag.content_object", PREFETCH, "two_kinds_of_tags", statements=2),
    one("generic_rel.template", "/pages/generic_rel/", "catalogue.Book.tags", PREFETCH),
    one("deferred.template", "/pages/deferred/", "catalogue.Book.full_text", "load_field"),
    one("count.template", "/pages/count/", "catalogue.Author.books", "annotate_count"),
    one("exists.template", "/pages/exists/", "catalogue.Author.books", "annotate_exists"),
    one("first.template", "/pages/first/", "catalogue.Author.books", ("prefetch_object", "annotate")),
    one("tree.template", "/pages/tree/{pk}/", "catalogue.Category.parent",
        (JOIN, PREFETCH, "in_bulk", "batch_query"), "deep_tree"),
    slow("chain.template", "template", "/pages/chain/",
         found("chain.template.author", "catalogue.Book.author", JOIN),
         found("chain.template.city", "catalogue.Author.city", JOIN)),
    slow("nested.template", "template", "/pages/nested/",
         found("nested.template.books", "catalogue.Genre.books", PREFETCH),
         found("nested.template.publisher", PUBLISHER, NESTED)),
    one("tmpl.tag", "/pages/tag/", "catalogue.Book.reviews", "annotate_count"),
    same("tmpl.tag_same", "/pages/tag_same/"),
    one("tmpl.filter", "/pages/filter/", "catalogue.Publisher.city", JOIN),
    one("tmpl.method", "/pages/method/", "catalogue.Author.books", "annotate_count"),
    one("tmpl.include", "/pages/include/", PUBLISHER, JOIN),
    one("tmpl.inclusion", "/pages/inclusion/", "catalogue.Author.books", PREFETCH),
    one("tmpl.block", "/pages/block/", "catalogue.Book.author", JOIN),
    one("listview.queryset", "/pages/books/", PUBLISHER, JOIN, view="BookList"),
    one("listview.paginated", "/pages/authors/", "catalogue.Author.books", PREFETCH, view="AuthorList"),
    one("detailview.books", "/pages/authors/{pk}/", PUBLISHER, NESTED, "one_author", view="AuthorDetail"),
    one("form.choice_str", "/pages/choice/", "lending.Member.user", JOIN, "members"),
    same("form.formset", "/pages/formset/", "members"),
)  # fmt: skip
