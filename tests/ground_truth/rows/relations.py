"""Following a relation of each row, in the view itself or in a function of another module."""

from ground_truth.row import found, slow

JOIN, PREFETCH, EITHER = "select_related", "prefetch_related", ("select_related", "prefetch_related")
NESTED = ("select_related", "prefetch_related", "prefetch_object")
PUBLISHER, AUTHOR, TRANSLATOR = "catalogue.Book.publisher", "catalogue.Book.author", "catalogue.Book.translator"


def one(id, form, url, relation, actions, populate="library", statements=0):
    return slow(id, form, url, found(id, relation, actions), populate=populate, statements=statements)


ROWS = (
    one("fk.view", "view", "/relations/fk/", PUBLISHER, JOIN),
    one("fk.helper", "helper", "/relations/fk_helper/", PUBLISHER, JOIN),
    one("fk.line", "view", "/relations/fk_one_line/", PUBLISHER, JOIN),
    one("fk.sorted", "view", "/relations/fk_sorted/", PUBLISHER, JOIN),
    one("fk.property", "helper", "/relations/fk_property/", PUBLISHER, JOIN),
    one("fk.str", "helper", "/relations/fk_str/", "catalogue.Chapter.book", JOIN),
    one("fk.shared", "view", "/relations/fk_shared/", PUBLISHER, JOIN, "one_publisher"),
    one("fk.nullable", "view", "/relations/fk_nullable/", TRANSLATOR, JOIN, "half_translated"),
    one("fk.of_one", "view", "/relations/fk_of_one/{pk}/", PUBLISHER, JOIN, "one_author"),
    one("fk.self", "view", "/relations/fk_self/", "catalogue.Publisher.parent", JOIN, "imprints"),
    slow("two.view", "view", "/relations/two/",
         found("two.view.author", AUTHOR, JOIN), found("two.view.translator", TRANSLATOR, JOIN), statements=1),
    slow("two.helper", "helper", "/relations/two_helper/",
         found("two.helper.author", AUTHOR, JOIN), found("two.helper.translator", TRANSLATOR, JOIN), statements=1),
    one("o2o.view", "view", "/relations/o2o/", "catalogue.Profile.author", JOIN),
    one("o2o.helper", "helper", "/relations/o2o_helper/", "catalogue.Profile.author", JOIN),
    one("rev_o2o.view", "view", "/relations/rev_o2o/", "catalogue.Author.profile", EITHER),
    one("rev_o2o.helper", "helper", "/relations/rev_o2o_helper/", "catalogue.Author.profile", EITHER),
    one("child.view", "view", "/relations/child/", "catalogue.Book.audiobook", EITHER, "some_audio"),
    one("rev_fk.view", "view", "/relations/rev_fk/", "catalogue.Author.books", PREFETCH),
    one("rev_fk.helper", "helper", "/relations/rev_fk_helper/", "catalogue.Author.books", PREFETCH),
    slow("rev_fk_two.view", "view", "/relations/rev_fk_two/",
         found("rev_fk_two.view.books", "catalogue.Author.books", PREFETCH),
         found("rev_fk_two.view.translations", "catalogue.Author.translations", PREFETCH)),
    one("rev_fk_unnamed.view", "view", "/relations/rev_fk_unnamed/", "catalogue.Book.chapter_set", PREFETCH),
    one("rev_fk_unnamed.helper", "helper", "/relations/rev_fk_unnamed_helper/", "catalogue.Book.chapter_set", PREFETCH),
    one("m2m.view", "view", "/relations/m2m/", "catalogue.Book.genres", PREFETCH),
    one("m2m.helper", "helper", "/relations/m2m_helper/", "catalogue.Book.genres", PREFETCH),
    one("m2m_reverse.view", "view", "/relations/m2m_reverse/", "catalogue.Genre.books", PREFETCH),
    slow("through.view", "view", "/relations/through/",
         found("through.view.rows", "catalogue.Book.contributions", PREFETCH),
         found("through.view.author", "catalogue.Contribution.author", NESTED)),
    slow("through.helper", "helper", "/relations/through_helper/",
         found("through.helper.rows", "catalogue.Book.contributions", PREFETCH),
         found("through.helper.author", "catalogue.Contribution.author", NESTED)),
    one("through_m2m.view", "view", "/relations/through_m2m/", "catalogue.Book.contributors", PREFETCH),
    one("gfk.view", "view", "/relations/gfk/", "catalogue.Tag.content_object", PREFETCH),
    one("gfk.helper", "helper", "/relations/gfk_helper/", "catalogue.Tag.content_object", PREFETCH),
    one("generic_rel.view", "view", "/relations/generic_rel/", "catalogue.Book.tags", PREFETCH),
    one("generic_rel.helper", "helper", "/relations/generic_rel_helper/", "catalogue.Book.tags", PREFETCH),
    one("deferred.view", "view", "/relations/deferred/", "catalogue.Book.full_text", "load_field"),
    one("deferred.helper", "helper", "/relations/deferred_helper/", "catalogue.Book.full_text", "load_field"),
    one("children.view", "view", "/relations/children/", "catalogue.Category.children", PREFETCH, "forest"),
)  # fmt: skip
