"""How the plain views answer."""

from django.http import HttpResponse


def text(lines):
    return HttpResponse("\n".join(str(line) for line in lines), content_type="text/plain")
