"""Async views through ASGI and through WSGI, and responses that are read while they are sent."""

from ground_truth.row import found, slow

BOOKS = "catalogue.Author.books"
PICK = ("prefetch_object", "annotate")
KEYED = ("n_plus_one", "query_in_loop")


def both(id, url, relations, actions, kinds="n_plus_one", source_checked=True):
    """Return the row for ASGI and the one for WSGI."""
    return (
        slow(id, "async", url, found(id, relations, actions, kinds=kinds, source_checked=source_checked),
             client="async"),
        slow(f"{id}_wsgi", "async", url,
             found(f"{id}_wsgi", relations, actions, kinds=kinds, source_checked=source_checked)),
    )  # fmt: skip


def asgi(id, url, relation, actions):
    return slow(id, "async", url, found(id, relation, actions), client="async")


def stream(id, url, relation, actions, client="sync"):
    return slow(id, "stream", url, found(id, relation, actions), client=client)


ROWS = (
    *both("async.count", "/async/count/", BOOKS, "annotate_count"),
    *both("async.iterate", "/async/iterate/", BOOKS, "prefetch_related"),
    *both("async.get", "/async/get/", (), ("in_bulk", "batch_query"), KEYED, source_checked=False),
    *both("async.gather", "/async/gather/", BOOKS, "annotate_count"),
    asgi("async.exists", "/async/exists/", BOOKS, "annotate_exists"),
    asgi("async.helper", "/async/helper/", BOOKS, PICK),
    asgi("async.threaded", "/async/threaded/", "catalogue.Book.publisher", "select_related"),
    slow("async.create", "async", "/async/create/",
         found("async.create", (), "bulk_create", kinds="write_loop", source_checked=False),
         populate="number", client="async"),
    stream("stream.view", "/streams/plain/", "catalogue.Book.publisher", "select_related"),
    stream("stream.csv", "/streams/export/", "catalogue.Book.author", "select_related"),
    stream("stream.count", "/streams/counts/", BOOKS, "annotate_count"),
    stream("stream.async", "/streams/asynchronous/", BOOKS, "annotate_count", client="async"),
)  # fmt: skip
