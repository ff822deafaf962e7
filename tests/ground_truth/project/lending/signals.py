"""Signal handlers: what happens by itself when something is saved."""

from django.db.models.signals import post_save

from lending.models import LogEntry, Renewal


def log_renewal(sender, instance, created, **kwargs):
    if created:
        LogEntry.objects.create(text=f"loan {instance.loan_id} renewed")  # trigger: write.signal.log


def connect():
    post_save.connect(log_renewal, sender=Renewal, dispatch_uid="lending.log_renewal")
