"""Name a relation: ``app_label.Model.field``, its kind, and the table of the instance that holds it.

The field is what a person writes: the name of a foreign key or many-to-many field on the instance's model, or
the accessor of the other side (``book_set``, ``books``). A forward relation is found from its descriptor; a
related manager leaves only an instance in the queryset's hints, so there the foreign-key column or the through
table of the WHERE clause is mapped to its accessor.

Models are asked for their ``_meta`` only, through their class. Instances are never compared, hashed or shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.utils.tree import Node

__all__ = ["NONE", "Relation", "leaves", "of_accessor", "of_descriptor", "of_generic_manager", "of_manager"]


class Relation(NamedTuple):
    """``core``: how many conditions a related manager puts into the WHERE clause by itself."""

    label: str = ""
    kind: str = ""
    owner_table: str = ""
    core: int = 1


NONE = Relation()


def _named(model: Any, field: Any, kind: str, core: int = 1) -> Relation:
    options = model._meta
    label = options.concrete_model._meta.label if options.concrete_model is not None else options.label
    return Relation(f"{label}.{field}", kind, options.db_table, core)


def of_descriptor(descriptor: Any, instance: Any) -> Relation:
    """Return the relation that a descriptor's ``__get__`` is following for an instance."""
    return _of_descriptor(descriptor, type(instance))


def _of_descriptor(descriptor: Any, model: Any) -> Relation:
    if not hasattr(model, "_meta"):
        return NONE
    names = {one.__name__ for one in type(descriptor).__mro__}
    if "ForwardManyToOneDescriptor" in names:
        field = descriptor.field
        return _named(model, field.name, "one_to_one" if field.one_to_one else "foreign_key")
    if "ReverseOneToOneDescriptor" in names:
        return _named(model, descriptor.related.get_accessor_name(), "reverse_one_to_one")
    if "ManyToManyDescriptor" in names:
        accessor = descriptor.rel.get_accessor_name() if descriptor.reverse else descriptor.rel.field.name
        return _named(model, accessor, "many_to_many")
    if "ReverseGenericManyToOneDescriptor" in names:
        return _named(model, descriptor.field.name, "generic_relation", 2)
    if "ReverseManyToOneDescriptor" in names:
        return _named(model, descriptor.rel.get_accessor_name(), "reverse_foreign_key")
    if "GenericForeignKey" in names:
        return _named(model, descriptor.name, "generic_foreign_key")
    if "GenericForeignKeyDescriptor" in names:
        return _named(model, descriptor.field.name, "generic_foreign_key")
    if "DeferredAttribute" in names:
        return _named(model, descriptor.field.name, "deferred_field")
    return NONE


def of_accessor(model: Any, accessor: str) -> Relation:
    """Return the relation that a model's class attribute stands for."""
    for one in model.__mro__:
        if accessor in one.__dict__:
            return _of_descriptor(one.__dict__[accessor], model)
    return NONE


def leaves(where: Any) -> Iterator[Any]:
    """Iterate over the conditions of a WHERE clause."""
    for child in getattr(where, "children", ()):
        if isinstance(child, Node):
            yield from leaves(child)
        else:
            yield child


def of_manager(instance: Any, query: Any) -> Relation:
    """Return the relation whose manager made a query for an instance; NONE if no relation fits.

    ``query`` is the ``sql.Query``; ``instance`` is what the queryset's hints hold.
    """
    model = type(instance)
    if not hasattr(model, "_meta"):
        return NONE
    for leaf in leaves(getattr(query, "where", None)):
        target = getattr(getattr(leaf, "lhs", None), "target", None)
        if target is not None:
            relation = _of_column(model, target, query.model)
            if relation.kind:
                return relation
    return NONE


def _of_column(model: Any, target: Any, rows: Any) -> Relation:
    """``rows``: the model that is asked for; a through table's column is also that of a foreign key to it."""
    options = model._meta
    for rel in options.related_objects:
        if rel.many_to_many:
            if _is_source(rel.through, rel.field.m2m_reverse_field_name(), target):
                return _named(model, rel.get_accessor_name(), "many_to_many")
        elif rel.field is target and rel.related_model._meta.concrete_model is rows._meta.concrete_model:
            kind = "reverse_one_to_one" if rel.one_to_one else "reverse_foreign_key"
            return _named(model, rel.get_accessor_name(), kind)
    for field in options.many_to_many:
        if _is_source(field.remote_field.through, field.m2m_field_name(), target):
            return _named(model, field.name, "many_to_many")
    return NONE


def _is_source(through: Any, name: str, target: Any) -> bool:
    return target.model is through and target.name == name


def of_generic_manager(query: Any, alias: str) -> Relation:
    """Return the generic relation whose manager made a query: content type and object id are asked for.

    Such a manager leaves no hint; it has looked its content type up before, so Django holds it in its cache.
    """
    targets = {}
    for leaf in leaves(getattr(query, "where", None)):
        target = getattr(getattr(leaf, "lhs", None), "target", None)
        if target is not None and getattr(leaf, "lookup_name", "") == "exact":
            targets[target.name] = leaf
    for field in query.model._meta.private_fields:
        type_leaf = targets.get(getattr(field, "ct_field", None))
        if type_leaf is not None and getattr(field, "fk_field", None) in targets:
            owner = _content_model(type_leaf.rhs, alias)
            for one in owner._meta.private_fields if owner is not None else ():
                same = getattr(one, "object_id_field_name", None) == field.fk_field
                if same and one.related_model._meta.concrete_model is query.model._meta.concrete_model:
                    return _named(owner, one.name, "generic_relation", 2)
    return NONE


def _content_model(key: Any, alias: str) -> Any:
    """Return the model of a content type that Django holds in memory; None if it does not."""
    from django.contrib.contenttypes.models import ContentType

    if type(key) is not int:
        return None
    kept = ContentType.objects._cache.get(alias, {}).get(key)
    return kept.model_class() if kept is not None else None
