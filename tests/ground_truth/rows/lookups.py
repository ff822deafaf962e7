"""One row fetched at a time by key, by hand-written SQL, or again and again the same one."""

from ground_truth.row import found, slow

KEYED = ("n_plus_one", "query_in_loop")  # get() by key is evidence of a relation, but names none
BATCH = ("in_bulk", "batch_query")


def loop(id, form, url, populate="library", kinds="query_in_loop", actions=BATCH):
    relations = "" if kinds == "query_in_loop" else ()
    return slow(id, form, url, found(id, relations, actions, kinds=kinds, source_checked=False), populate=populate)


def same(id, form, url):
    return slow(id, form, url, found(id, "", "hoist", kinds="repeated_query", source_checked=False))


ROWS = (
    loop("raw.view", "view", "/lookups/raw/"),
    loop("raw.helper", "helper", "/lookups/raw_helper/"),
    loop("fstring.view", "view", "/lookups/fstring/"),
    loop("fstring.helper", "helper", "/lookups/fstring_helper/"),
    loop("fstring.raw", "view", "/lookups/fstring_raw/"),
    loop("get_pk.view", "view", "/lookups/get_pk/", kinds=KEYED),
    loop("get_pk.helper", "helper", "/lookups/get_pk_helper/", kinds=KEYED),
    loop("get_pk.shortcut", "view", "/lookups/get_pk_from_request/", "book_keys", kinds=KEYED),
    loop("filter_pk.first", "view", "/lookups/filter_first/", kinds=KEYED),
    loop("filter_pk.values", "view", "/lookups/filter_pk_values/", kinds=KEYED),
    loop("get_unique.view", "view", "/lookups/get_by_card/", "members", kinds=KEYED),
    loop("get_or_create.found", "view", "/lookups/get_or_create/", "genre_names", actions=(*BATCH, "bulk_create")),
    slow("get_or_create.new", "view", "/lookups/get_or_create_new/",
         found("get_or_create.new", (), (*BATCH, "bulk_create"), kinds="query_in_loop", source_checked=False),
         found("get_or_create.new", (), "bulk_create", kinds="write_loop", source_checked=False), populate="number"),
    same("repeated.view", "view", "/lookups/same_setting/"),
    same("repeated.helper", "helper", "/lookups/same_setting_helper/"),
    same("repeated.count", "view", "/lookups/same_count/"),
)  # fmt: skip
