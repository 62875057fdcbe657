"""What Python's own `packaging` says: a JSON array of questions on standard input, of answers on standard output."""

import email
import json
import sys

from packaging.markers import InvalidMarker, Marker, UndefinedComparison
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

fields = ("Name", "Version", "Requires-Python", "Requires-Dist", "Provides-Extra")


def version(text):
    try:
        found = Version(text)
    except InvalidVersion:
        return None
    return {
        "text": str(found),
        "epoch": str(found.epoch),
        "release": [str(number) for number in found.release],
        "isPrerelease": found.is_prerelease,
        "isPostrelease": found.is_postrelease,
        "isDevrelease": found.is_devrelease,
        "local": found.local,
    }


def order(a, b):
    a, b = Version(a), Version(b)
    return (a > b) - (a < b)


def normal(text):
    """`packaging` reads the release that `~=` needs off the spelling, and errs in some: it gets the normal one."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return ",".join("~=" + str(Version(part[2:])) if Specifier(part).operator == "~=" else part for part in parts)


def contains(specifier, versions):
    try:
        found = SpecifierSet(normal(specifier))
    except InvalidSpecifier:
        return None
    return {
        "namesPrereleases": bool(found.prereleases),
        "all": [found.contains(version, prereleases=True) for version in versions],
        "finals": [found.contains(version, prereleases=False) for version in versions],
    }


def marker(text, environment, extras):
    """As pip does: a project itself has no extra, and each extra is asked about by itself."""
    try:
        found = Marker(text)
        return any([found.evaluate({**environment, "extra": extra}) for extra in ["", *extras]])
    except (InvalidMarker, SyntaxError):
        return "invalid"
    except UndefinedComparison:
        return None


def requirement(text):
    try:
        found = Requirement(text)
    except (InvalidRequirement, InvalidSpecifier, SyntaxError):
        return None
    return {
        "name": canonicalize_name(found.name),
        "extras": sorted({canonicalize_name(extra) for extra in found.extras}),
        "url": found.url,
        "clauses": len(found.specifier),
        "hasMarker": found.marker is not None,
    }


def metadata(text):
    """With the parser that Python reads core metadata with."""
    found = email.message_from_string(text)
    return {name: [value.strip() for value in found.get_all(name, [])] for name in fields}


asked = {name: globals()[name] for name in ("version", "order", "contains", "marker", "requirement", "metadata")}
json.dump([asked[name](*arguments) for name, *arguments in json.load(sys.stdin)], sys.stdout)
