"""Plain functions and commands, and whatever writes one row at a time."""

from ground_truth.row import found, slow

JOIN, PREFETCH = "select_related", "prefetch_related"
NESTED = ("select_related", "prefetch_related", "prefetch_object")


def one(id, call, relation, actions, populate="members"):
    return slow(id, "function", call, found(id, relation, actions), populate=populate)


def write(id, form, url, actions, populate="library"):
    return slow(id, form, url, found(id, (), actions, kinds="write_loop", source_checked=False), populate=populate)


ROWS = (
    slow("job.helper", "helper", "lending.jobs:reminders",
         found("job.helper.member", "lending.Loan.member", JOIN),
         found("job.helper.user", "lending.Member.user", JOIN), populate="members"),
    one("job.o2o", "lending.jobs:names_of_members", "lending.Member.user", JOIN),
    slow("job.fines", "function", "lending.jobs:fines_of_members",
         found("job.loans", "lending.Member.loans", PREFETCH),
         found("job.fines", "lending.Loan.fines", NESTED), populate="members"),
    one("job.archive", "lending.jobs:past_loans", "archive.PastLoan.shelf", JOIN, "archive"),
    one("job.groups", "lending.jobs:groups_of_users", "auth.User.groups", PREFETCH),
    one("job.generator", "lending.jobs:largest_fines", "lending.Fine.loan", JOIN),
    one("job.command", "lending.jobs:run_command", "lending.Loan.book", JOIN),
    write("write.save", "view", "/writes/save/", "bulk_update"),
    write("write.save_fields", "helper", "/writes/save_fields/", "bulk_update", "members"),
    write("write.create", "view", "/writes/create/", "bulk_create", "number"),
    write("write.create_related", "view", "/writes/create_related/", "bulk_create", "number"),
    write("write.new_and_save", "view", "/writes/new_and_save/", "bulk_create", "members"),
    write("write.delete", "view", "/writes/delete/", "filter_delete"),
    write("write.delete_filtered", "view", "/writes/delete_filtered/", "filter_delete"),
    write("write.update", "view", "/writes/update_filtered/", "bulk_update"),
    write("write.add", "view", "/writes/add/", "bulk_create"),
    write("write.cursor", "view", "/writes/cursor/", ("bulk_create", "batch_query"), "number"),
    slow("write.signal", "view", "/writes/signal/",
         found("write.signal", (), "bulk_create", kinds="write_loop", source_checked=False),
         found("write.signal.log", (), "bulk_create", kinds="write_loop", source_checked=False), populate="members"),
    slow("write.update_or_create", "view", "/writes/update_or_create/",
         found("write.update_or_create", (), ("in_bulk", "batch_query"), kinds=("query_in_loop", "n_plus_one"),
               source_checked=False),
         found("write.update_or_create", (), "bulk_update", kinds="write_loop", source_checked=False),
         populate="members"),
)  # fmt: skip
