"""URLs: views are found under the name of their function, /<theme>/<function>/."""

from catalogue import admin as admins
from catalogue import api, good_api
from catalogue.views import asynchronous, benign, benign_async, lookups, managers, pages, paths, relations, streams
from django.contrib.auth.views import LoginView
from django.urls import include, path
from lending import writes
from rest_framework.routers import SimpleRouter


def functions(module, *names):
    return include([path(f"{name.strip('_')}/", getattr(module, name)) for name in names])


router = SimpleRouter()
router.register("genres", api.GenresViewSet, basename="genres")
router.register("slug", api.SlugViewSet, basename="slug")
router.register("flags", api.FlagsViewSet, basename="flags")
router.register("first", api.FirstViewSet, basename="first")
router.register("good-authors", good_api.GoodAuthorViewSet, basename="good-authors")
router.register("good-keys", good_api.KeyOnlyViewSet, basename="good-keys")

RELATIONS = functions(
    relations, "fk", "fk_helper", "fk_one_line", "fk_sorted", "fk_property", "fk_str", "fk_shared", "fk_nullable",
    "fk_self", "two", "two_helper", "o2o", "o2o_helper", "rev_o2o", "rev_o2o_helper", "child", "rev_fk",
    "rev_fk_helper", "rev_fk_two", "rev_fk_unnamed", "rev_fk_unnamed_helper", "m2m", "m2m_helper", "m2m_reverse",
    "through", "through_helper", "through_m2m", "gfk", "gfk_helper", "generic_rel", "generic_rel_helper",
    "deferred", "deferred_helper", "children",
)  # fmt: skip
MANAGERS = functions(
    managers, "count", "count_helper", "count_m2m", "count_filtered", "exists", "exists_helper", "first",
    "first_helper", "latest", "aggregate", "aggregate_helper", "aggregate_method", "filtered", "filtered_helper",
    "top_three", "excluded", "values_list", "values_list_helper", "values", "related_get", "other_table",
    "other_table_count",
)  # fmt: skip
LOOKUPS = functions(
    lookups, "raw", "raw_helper", "fstring", "fstring_helper", "fstring_raw", "get_pk", "get_pk_from_request",
    "get_pk_helper", "filter_first", "filter_pk_values", "get_by_card", "get_or_create", "get_or_create_new",
    "same_setting", "same_setting_helper", "same_count",
)  # fmt: skip
PATHS = functions(
    paths, "chain", "chain_line", "chain_joined", "chain_joined_helper", "prefetched", "prefetched_m2m",
    "prefetch_ignored", "nested", "prefetch_each", "prefetch_each_get", "tree_down",
)  # fmt: skip
PAGES = functions(
    pages, "fk", "two", "o2o", "rev_o2o", "rev_fk", "rev_fk_unnamed", "m2m", "through", "gfk", "generic_rel",
    "deferred", "count", "exists", "first", "chain", "nested", "tag", "tag_same", "filter_", "method", "include",
    "inclusion", "block", "choice", "formset",
)  # fmt: skip
BENIGN = functions(
    benign, "joined", "reverse_one", "three_levels", "self_prefetch", "two_prefetches", "prefetch_object",
    "generic_prefetch", "prefetch_list", "chunked", "annotated", "exists", "subquery", "by_keys", "key_only", "page",
    "savepoints", "bulk_create", "bulk_update", "update_all", "cascade", "cascade_all", "twice", "settings_rows",
    "settings_cached", "small_table", "dashboard", "raw_once", "union", "values_join", "full_rows", "stream",
    "mixed_databases", "form", "save_form", "formset", "template", "account", "set_genres", "locked",
    "joined_children",
)  # fmt: skip
API = [
    path("fk/", api.FkList.as_view()),
    path("two/", api.TwoList.as_view()),
    path("dotted/", api.DottedList.as_view()),
    path("o2o/", api.ProfileList.as_view()),
    path("rev_o2o/", api.AuthorProfileList.as_view()),
    path("rev_fk/", api.AuthorBooksList.as_view()),
    path("keys/", api.AuthorKeysList.as_view()),
    path("string/", api.StringList.as_view()),
    path("string_str/", api.ChapterList.as_view()),
    path("through/", api.ContributionsList.as_view()),
    path("deferred/", api.TextList.as_view()),
    path("gfk/", api.TagList.as_view()),
    path("generic_rel/", api.TagLabelList.as_view()),
    path("count/", api.TotalsList.as_view()),
    path("model_method/", api.TotalMethodList.as_view()),
    path("ratings/", api.ratings),
    path("chain/", api.PlaceList.as_view()),
    path("nested/", api.GenreTreeList.as_view()),
    path("contribute/", api.contribute),
    path("good_chain/", good_api.GoodPlaceList.as_view()),
    path("good_nested/", good_api.GoodGenreList.as_view()),
    *router.urls,
]
ASYNC = functions(asynchronous, "count", "iterate", "get", "exists", "helper", "gather", "threaded", "create")
STREAMS = functions(streams, "plain", "export", "counts", "asynchronous")
WRITES = functions(
    writes, "save", "save_fields", "create", "create_related", "new_and_save", "delete", "delete_filtered",
    "update_filtered", "add", "cursor", "signal", "update_or_create",
)  # fmt: skip

urlpatterns = [
    path("relations/", RELATIONS),
    path("relations/fk_of_one/<int:pk>/", relations.fk_of_one),
    path("managers/", MANAGERS),
    path("lookups/", LOOKUPS),
    path("paths/", PATHS),
    path("paths/tree/<int:pk>/", paths.tree),
    path("paths/tree_helper/<int:pk>/", paths.tree_helper),
    path("paths/tree_method/<int:pk>/", paths.tree_method),
    path("pages/", PAGES),
    path("pages/tree/<int:pk>/", pages.tree),
    path("pages/books/", pages.BookList.as_view()),
    path("pages/authors/", pages.AuthorList.as_view()),
    path("pages/authors/<int:pk>/", pages.AuthorDetail.as_view()),
    path("api/", include(API)),
    path("async/", ASYNC),
    path("streams/", STREAMS),
    path("writes/", WRITES),
    path("benign/", BENIGN),
    path("benign/detail/<int:pk>/", benign.detail),
    path("benign/books/", benign.PagedList.as_view()),
    path("benign/authors/<int:pk>/", benign.GoodDetail.as_view()),
    path("benign-async/", functions(benign_async, "prefetch", "joined", "gather", "stream")),
    path("login/", LoginView.as_view(template_name="catalogue/good_form.html")),
    path("first-admin/", admins.first.urls),
    path("second-admin/", admins.second.urls),
    path("third-admin/", admins.third.urls),
    path("fourth-admin/", admins.fourth.urls),
    path("good-admin/", admins.good.urls),
    path("plain-admin/", admins.plain.urls),
]
