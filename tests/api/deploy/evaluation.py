"""Evaluates a CloudFormation template as AWS does before it makes anything: parameters, conditions and functions."""

import re
from dataclasses import dataclass, field
from typing import Any

REGION, ACCOUNT = "eu-west-1", "123456789012"
PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "shop",
}
NEEDED = {"CodeBucket": "bucket", "CodeKey": "key.zip", "SupabaseUrl": "https://project.supabase.co"}
"""Values of the parameters that have no default."""

_NOTHING = object()
_NAMED = re.compile(r"\$\{([^}]+)\}")


@dataclass
class Stack:
    """What a template makes: resources by logical id, with their properties, and outputs.

    `depends` has the logical ids that each resource refers to, which AWS therefore makes first.
    """

    template: dict[str, Any]
    parameters: dict[str, Any]
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    depends: dict[str, set[str]] = field(default_factory=dict)
    _inside: set[str] = field(default_factory=set)

    def condition(self, name: str) -> bool:
        return bool(self._value(self.template["Conditions"][name]))

    def makes(self, part: dict[str, Any]) -> bool:
        return "Condition" not in part or self.condition(part["Condition"])

    def evaluate(self) -> "Stack":
        made = {name: each for name, each in self.template["Resources"].items() if self.makes(each)}
        for name, resource in made.items():
            self._inside = self.depends[name] = set(resource.get("DependsOn", ()))
            self.resources[name] = {**resource, "Properties": self._value(resource["Properties"])}
        for name, output in self.template["Outputs"].items():
            if self.makes(output):
                self.outputs[name] = self._value(output["Value"])
        absent = set().union(*self.depends.values()) - made.keys()
        assert not absent, f"these are referred to and not made: {absent}"
        return self

    def first(self, name: str) -> set[str]:
        """Return all resources that are there before one is made."""
        found: set[str] = set()
        unread = {name}
        while unread:
            unread = {each for one in unread for each in self.depends[one]} - found
            found |= unread
        return found

    def _value(self, value: Any) -> Any:
        match value:
            case {"Ref": "AWS::NoValue"}:
                return _NOTHING
            case {"Ref": name}:
                return self._named(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self._named(f"{name}.{attribute}")
            case {"Fn::Sub": str() as text}:
                return _NAMED.sub(lambda found: str(self._named(found[1])), text)
            case {"Fn::If": [condition, yes, no]}:
                return self._value(yes if self.condition(condition) else no)
            case {"Fn::Equals": [one, other]}:
                return self._value(one) == self._value(other)
            case {"Fn::Not": [one]}:
                return not self._value(one)
            case {"Fn::Join": [separator, parts]}:
                return separator.join(self._value(parts))
            case {"Fn::Split": [separator, text]}:
                return self._value(text).split(separator)
            case {"Fn::Select": [position, parts]}:
                return self._value(parts)[position]
            case dict():
                assert not any(name.startswith("Fn::") for name in value), f"unknown function: {value}"
                found = {name: self._value(each) for name, each in value.items()}
                return {name: each for name, each in found.items() if each is not _NOTHING}
            case list():
                return [each for each in map(self._value, value) if each is not _NOTHING]
        return value

    def _named(self, name: str) -> Any:
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.parameters:
            return self.parameters[name]
        logical, _, attribute = name.partition(".")
        resource = self.template["Resources"][logical]
        self._inside.add(logical)
        match resource["Type"], attribute:
            case "AWS::DynamoDB::Table", "Arn":
                return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{resource['Properties']['TableName']}"
            case "AWS::Lambda::Url", "FunctionUrl":
                return f"https://abc123.lambda-url.{REGION}.on.aws/"
        return f"arn:aws:made:{REGION}:{ACCOUNT}:{name}"


def deployed(template: dict[str, Any], **parameters: str) -> Stack:
    """Return what a deployment with these parameters makes; fail for a value that the template refuses."""
    declared = template["Parameters"]
    given = NEEDED | parameters
    assert given.keys() <= declared.keys(), f"unknown: {given.keys() - declared.keys()}"
    values = {name: _accepted(each, given.get(name, each.get("Default"))) for name, each in declared.items()}
    return Stack(template, values).evaluate()


def _accepted(declared: dict[str, Any], value: Any) -> Any:
    assert value is not None, "a parameter without a value"
    assert value in declared.get("AllowedValues", [value])
    values = value.split(",") if declared["Type"] == "CommaDelimitedList" else [str(value)]
    assert all(re.search(declared.get("AllowedPattern", ""), each) for each in values)
    return values if declared["Type"] == "CommaDelimitedList" else value
