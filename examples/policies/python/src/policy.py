"""A policy for a call log, see ../README.md.

What the functions are given and give back is described in wit/policy.wit; `componentize-py bindings` writes it down as
Python classes, for editors and type checkers.
"""

import json

import wit_world
from componentize_py_types import Err
from wit_world.imports import directory
from wit_world.imports import types as t

ROUTE = "calls"

# Set by configure, and never again. An attribute would not do: each call has an object of its own.
rules = {}


class WitWorld(wit_world.WitWorld):
    """The functions of the contract."""

    def configure(self, text: str) -> t.Manifest:
        global rules
        try:
            document = json.loads(text)
        except ValueError:
            raise Err([t.Problem("", "The rules are no JSON.", None)])
        problems = mistakes(document)
        if problems:
            raise Err(problems)
        rules = document
        return t.Manifest(document["name"], document["version"], [t.Route(ROUTE, ["GET"], document["path"], [])])

    def authorize(self, scope: t.Scope, request: t.Request) -> t.Decision:
        if not opens(scope.sections, rules["section"]):
            return refuse(403, "section-closed", "Your role does not open this section.")
        if any(name not in rules["query"] for name in request.query):
            return refuse(400, "parameter-not-allowed", "A query parameter is not allowed here.")
        return t.Decision_Forward(t.QueryEdits(set=[], remove=[]))

    def plan(self, scope: t.Scope, route: str) -> t.ExchangePlan:
        if route != ROUTE:
            raise Err(t.PlanError_UnknownRoute())
        known = directory.fields(rules["fields"]["of"])
        if sees_everything(scope):
            profiles = [profile(scope, known, lambda field: True)]
        else:
            profiles = [
                profile(scope, known, lambda field: field.system or project in field.projects)
                for project in projects(scope)
            ]
        calls = t.RecordSet(
            within=None,
            path=rules["records"],
            columns=None,
            keys=[t.Key(key["path"], 0) for key in rules["projects"]],
            profiles=profiles,
            sole=False,
        )
        outside = [t.Edit(path, t.Action_Keep()) for path in rules["outside"]]
        outside.append(t.Edit(rules["total"], t.Action_Recount(0)))
        body = t.BodyPlan(format=t.Format.JSON, csv=None, embedded=[], outside=outside, sets=[calls])
        return t.ExchangePlan(request=t.RequestPlan_Empty(), response=t.ResponsePlan_Edit(body), headers=[])

    def judge(self, scope: t.Scope, route: str, set: int, records: list[list[t.Value]]) -> list[t.Verdict]:
        if route != ROUTE:
            raise Err(t.JudgeError_UnknownRoute())
        if set != 0:
            raise Err(t.JudgeError_UnknownSet())
        if any(len(record) != len(rules["projects"]) for record in records):
            raise Err(t.JudgeError_WrongKeys())
        return [verdict(scope, record) for record in records]

    def mask(self, scope: t.Scope, route: str, mask: int, values: list[t.Value]) -> list[t.Scalar]:
        raise Err(t.MaskError_UnknownMask())


def profile(scope, known, shows) -> list[t.Edit]:
    """What a caller sees of a call: a field is shown if `shows` says so."""
    names = t.Names(keep=[], mask=[], remove=[])
    for field in known:
        if not shows(field):
            names.remove.append(field.key)
        elif field.hidden and not scope.rights & t.Rights.SEE_MASKED_FIELDS:
            names.mask.append(t.Masked(field.key, t.Mask_KeepLast(rules["fields"]["last"])))
        else:
            names.keep.append(field.key)
    edits = [t.Edit(path, t.Action_Keep()) for path in rules["keep"]]
    edits += [t.Edit(mask["path"], t.Action_Mask(t.Mask_KeepLast(mask["last"]))) for mask in rules["mask"]]
    edits.append(t.Edit(rules["fields"]["at"], t.Action_Only(names)))
    return edits


def verdict(scope, record) -> t.Verdict:
    if sees_everything(scope) and scope.chosen is None:
        return t.Verdict_Keep(0)
    mine = projects(scope)
    shared = [mine.index(project) for project in projects_of_call(record) if project in mine]
    if not shared:
        return t.Verdict_Drop()
    if sees_everything(scope):
        return t.Verdict_Keep(0)
    return t.Verdict_Keep(shared[0]) if len(shared) == 1 else t.Verdict_KeepMerged(shared)


def projects_of_call(record) -> list[str]:
    """The first key that holds something decides. What leads nowhere is nobody's."""
    for key, value in zip(rules["projects"], record):
        if not holds(value):
            continue
        if not isinstance(value, t.Value_One) or not isinstance(value.value, (t.Scalar_Text, t.Scalar_Number)):
            return []
        found = directory.projects_of(key["object"], value.value.value) or []
        return [] if len(found) > 1 and directory.single_project(key["object"]) else found
    return []


def holds(value: t.Value) -> bool:
    if isinstance(value, t.Value_One):
        scalar = value.value
        return not isinstance(scalar, t.Scalar_Null) and scalar != t.Scalar_Text("")
    if isinstance(value, t.Value_Many):
        return len(value.value) > 0
    return isinstance(value, t.Value_Composite)


def projects(scope: t.Scope) -> list[str]:
    return scope.projects if scope.chosen is None else [scope.chosen]


def sees_everything(scope: t.Scope) -> bool:
    return bool(scope.rights & t.Rights.SEE_EVERYTHING)


def opens(sections: t.Sections, name: str) -> bool:
    return isinstance(sections, t.Sections_All) or name in sections.value


def refuse(status: int, code: str, detail: str) -> t.Decision:
    return t.Decision_Refuse(t.Refusal(status, code, detail))


def mistakes(document) -> list[t.Problem]:
    """Everything that is wrong with the rules."""

    def text(value):
        return isinstance(value, str) and value != ""

    def texts(value):
        return isinstance(value, list) and all(map(text, value))

    def count(value):
        return type(value) is int and 0 <= value < 1000

    def member(value, name):
        return value.get(name) if isinstance(value, dict) else None

    def project_key(value):
        return text(member(value, "path")) and text(member(value, "object"))

    def masked(value):
        return text(member(value, "path")) and count(member(value, "last"))

    def fields(value):
        return text(member(value, "of")) and text(member(value, "at")) and count(member(value, "last"))

    def all_of(check):
        return lambda value: isinstance(value, list) and all(map(check, value))

    expected = {
        "name": text,
        "version": text,
        "path": text,
        "section": text,
        "query": texts,
        "records": text,
        "projects": all_of(project_key),
        "keep": texts,
        "mask": all_of(masked),
        "fields": fields,
        "outside": texts,
        "total": text,
    }
    return [
        t.Problem(f"/{name}", f"`{name}` is missing or not as it must be.", None)
        for name, is_right in expected.items()
        if not is_right(member(document, name))
    ]
