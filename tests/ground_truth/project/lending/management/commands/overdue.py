from django.core.management.base import BaseCommand

from lending.models import Loan


class Command(BaseCommand):
    help = "List the loans."

    def handle(self, *args, **options):
        for loan in Loan.objects.order_by("pk"):  # source: job.command
            self.stdout.write(f"{loan.book.title}: {loan.days}")  # trigger: job.command
