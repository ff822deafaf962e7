"""Chains, trees, and rows that came from a join or a prefetch."""

from ground_truth.row import found, slow

JOIN, PREFETCH = "select_related", "prefetch_related"
NESTED = ("select_related", "prefetch_related", "prefetch_object")
UP = ("select_related", "prefetch_related", "in_bulk", "batch_query")  # of unknown depth: no single fix is right
DOWN = ("prefetch_related", "prefetch_object", "batch_query")
KEYED = ("n_plus_one", "query_in_loop")
PARENT = "catalogue.Category.parent"

ROWS = (
    slow("chain.view", "view", "/paths/chain/",
         found("chain.view.author", "catalogue.Book.author", JOIN),
         found("chain.view.city", "catalogue.Author.city", JOIN)),
    slow("chain.line", "view", "/paths/chain_line/",
         found("chain.line.publisher", "catalogue.Book.publisher", JOIN),
         found("chain.line.city", "catalogue.Publisher.city", JOIN)),
    slow("chain_joined.view", "view", "/paths/chain_joined/",
         found("chain_joined.view", "catalogue.Author.city", JOIN)),
    slow("chain_joined.helper", "helper", "/paths/chain_joined_helper/",
         found("chain_joined.helper", "catalogue.Author.city", JOIN)),
    slow("prefetched.view", "view", "/paths/prefetched/",
         found("prefetched.view", "catalogue.Book.publisher", NESTED)),
    slow("prefetched.reverse", "view", "/paths/prefetched_m2m/",
         found("prefetched.reverse", "catalogue.Book.reviews", NESTED)),
    slow("prefetched.ignored", "view", "/paths/prefetch_ignored/",
         found("prefetched.ignored", "catalogue.Author.books", "prefetch_object")),
    slow("nested.view", "view", "/paths/nested/",
         found("nested.view.books", "catalogue.Author.books", PREFETCH),
         found("nested.view.genres", "catalogue.Book.genres", NESTED)),
    slow("prefetch_each.view", "view", "/paths/prefetch_each/",
         found("prefetch_each.view", ("", "catalogue.Book.genres"), "prefetch_objects", kinds=KEYED)),
    slow("prefetch_each.get", "view", "/paths/prefetch_each_get/",
         found("prefetch_each.get", (), ("in_bulk", "batch_query"), kinds=KEYED, source_checked=False),
         found("prefetch_each.books", ("", "catalogue.Author.books"),
               ("prefetch_objects", "prefetch_related", "in_bulk", "batch_query"), kinds=KEYED,
               source_checked=False)),
    slow("tree.view", "view", "/paths/tree/{pk}/", found("tree.view", PARENT, UP), populate="deep_tree"),
    slow("tree.helper", "helper", "/paths/tree_helper/{pk}/", found("tree.helper", PARENT, UP), populate="deep_tree"),
    slow("tree.method", "helper", "/paths/tree_method/{pk}/", found("tree.method", PARENT, UP), populate="deep_tree"),
    slow("tree.down", "view", "/paths/tree_down/",
         found("tree.down", "catalogue.Category.children", DOWN), populate="deep_tree"),
)  # fmt: skip
