import time

from django.core.management.base import BaseCommand

from lending.models import Job


class Command(BaseCommand):
    help = "Look for waiting jobs every 0.6 seconds, four times."

    def handle(self, *args, **options):
        for number in range(4):
            if number:
                time.sleep(0.6)
            waiting = Job.objects.filter(state="waiting").count()
            self.stdout.write(f"{waiting} waiting")
