"""Asking a related manager, or another table, a question for each row."""

from ground_truth.row import found, slow

BOOKS, REVIEWS, GENRES = "catalogue.Author.books", "catalogue.Book.reviews", "catalogue.Book.genres"
COUNT, EXISTS, ANNOTATE = "annotate_count", "annotate_exists", "annotate"
PICK = ("prefetch_object", "annotate")  # one row of many: a Prefetch, or a subquery
LIST = ("prefetch_related", "prefetch_object")


def one(id, form, url, relation, actions):
    return slow(id, form, url, found(id, relation, actions))


def other(id, url, actions):
    """The other table is asked without the relation's manager: there is no source to name."""
    return slow(id, "view", url, found(id, "", actions, kinds="query_in_loop", source_checked=False))


ROWS = (
    one("count.view", "view", "/managers/count/", BOOKS, COUNT),
    one("count.helper", "helper", "/managers/count_helper/", BOOKS, COUNT),
    one("count.m2m", "view", "/managers/count_m2m/", GENRES, COUNT),
    one("count.filtered", "view", "/managers/count_filtered/", BOOKS, (COUNT, ANNOTATE)),
    one("exists.view", "view", "/managers/exists/", BOOKS, EXISTS),
    one("exists.helper", "helper", "/managers/exists_helper/", BOOKS, EXISTS),
    one("first.view", "view", "/managers/first/", BOOKS, PICK),
    one("first.helper", "helper", "/managers/first_helper/", BOOKS, PICK),
    one("first.latest", "view", "/managers/latest/", REVIEWS, PICK),
    one("aggregate.view", "view", "/managers/aggregate/", REVIEWS, ANNOTATE),
    one("aggregate.helper", "helper", "/managers/aggregate_helper/", REVIEWS, ANNOTATE),
    slow("method.aggregate", "helper", "/managers/aggregate_method/",
         found("method.aggregate", "", ("batch_query", "annotate"), kinds="query_in_loop", source_checked=False)),
    one("filter.view", "view", "/managers/filtered/", REVIEWS, "prefetch_object"),
    one("filter.helper", "helper", "/managers/filtered_helper/", REVIEWS, "prefetch_object"),
    one("order_by.view", "view", "/managers/top_three/", REVIEWS, "prefetch_object"),
    one("exclude.view", "view", "/managers/excluded/", "catalogue.Publisher.book_set", "prefetch_object"),
    one("values_list.view", "view", "/managers/values_list/", GENRES, LIST),
    one("values_list.helper", "helper", "/managers/values_list_helper/", GENRES, LIST),
    one("values.view", "view", "/managers/values/", REVIEWS, LIST),
    one("related_get.view", "view", "/managers/related_get/", "catalogue.Book.chapter_set", LIST),
    other("by_filter.exists", "/managers/other_table/", ("batch_query", "annotate_exists", "in_bulk")),
    other("by_filter.count", "/managers/other_table_count/", ("batch_query", "annotate_count", "in_bulk")),
)  # fmt: skip
