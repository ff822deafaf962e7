from django import template
from lending.models import Setting

register = template.Library()


@register.simple_tag
def review_total(book):
    return book.reviews.count()  # trigger: tmpl.tag


@register.simple_tag
def currency():
    return Setting.objects.get(key="currency").value  # trigger: tmpl.tag_same


@register.filter
def city_name(publisher):
    return publisher.city.name  # trigger: tmpl.filter


@register.inclusion_tag("catalogue/_author_card.html")
def author_card(author):
    return {"author": author}
