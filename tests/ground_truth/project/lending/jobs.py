"""Plain functions: what a task or a script of the site does."""

from archive.models import PastLoan

from lending.models import Fine, Loan, Member


def reminder(loan):
    user = loan.member.user  # trigger: job.helper.member, job.helper.user # source: job.helper.user
    return f"{user.username}: {loan.days} days"


def reminders():
    loans = Loan.objects.order_by("pk")  # queryset: job.helper.member, job.helper.user
    return [reminder(loan) for loan in loans]  # source: job.helper.member, job.helper.user


def names_of_members():
    return [member.user.username for member in Member.objects.order_by("pk")]  # trigger: job.o2o # source: job.o2o


def fines_of_members():
    total = {}
    for member in Member.objects.order_by("pk"):  # source: job.loans
        for loan in member.loans.all():  # trigger: job.loans # source: job.fines
            cents = sum(fine.cents for fine in loan.fines.all())  # trigger: job.fines
            total[member.card] = total.get(member.card, 0) + cents
    return total


def past_loans():
    lines = []
    for loan in PastLoan.objects.order_by("pk"):  # source: job.archive
        lines.append(f"{loan.title}: {loan.shelf.name}")  # trigger: job.archive
    return lines


def groups_of_users():
    from django.contrib.auth.models import User

    lines = []
    for user in User.objects.order_by("pk"):  # source: job.groups
        lines.append(f"{user.username}: {[group.name for group in user.groups.all()]}")  # trigger: job.groups
    return lines


def largest_fines():
    """A generator that hands rows from function to function."""
    return [f"{fine.cents}: {fine.loan.days}" for fine in fines_above(0)]  # trigger: job.generator


def fines_above(cents):
    for fine in Fine.objects.order_by("pk"):  # source: job.generator
        if fine.cents >= cents:
            yield fine


def run_command():
    """Return what the management command prints."""
    from io import StringIO

    from django.core.management import call_command

    out = StringIO()
    call_command("overdue", stdout=out)
    return out.getvalue()
