"""Holds the templates of a folder against AWS's cloudformation-validate and cfn-lint; `astroshield-infra check` runs it.

Usage: infra_lint.py FOLDER (as `astroshield-infra synth` writes it). Prints a finding a line, as JSON.
"""

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cloudformation_validate
from cfnlint.api import lint

# Both look for the same 50 KB limit, which is not one: what is larger goes through a bucket.
TOO_LARGE_TO_SEND = {"I1002", "W1002"}


def validated(entry, text):
    template = cloudformation_validate.TemplateContent(text, entry["template"])
    # Warnings and worse.
    config = cloudformation_validate.ValidateConfig(severity_level=cloudformation_validate.Severity.WARN)
    engine = cloudformation_validate.CompositeEngine(cloudformation_validate.CompositeEngineConfig())
    for found in engine.validate_template(template, config).diagnostics:
        at = found.entity.logical_id if found.entity else ""
        where = f"{found.property_path}: " if found.property_path else ""
        yield f"cloudformation-validate {found.rule_id}", at, where + found.message


def linted(entry, text):
    for found in lint(text, regions=[entry["region"]]):
        path = [str(part) for part in found.path or []]
        at = path[1] if path[:1] == ["Resources"] and len(path) > 1 else ""
        where = f"{'/'.join(path[2:])}: " if path[2:] else ""
        yield f"cfn-lint {found.rule.id}", at, where + found.message


def checked(entry, text):
    found = [*validated(entry, text), *linted(entry, text)]
    return [
        {"stack": entry["stack"], "at": at, "check": check, "message": message}
        for check, at, message in found
        if check.split()[-1] not in TOO_LARGE_TO_SEND
    ]


def main():
    folder = Path(sys.argv[1])
    entries = json.loads((folder / "manifest.json").read_text())["stacks"]
    texts = [(folder / entry["template"]).read_text() for entry in entries]
    with ProcessPoolExecutor() as pool:
        for findings in pool.map(checked, entries, texts):
            for finding in findings:
                print(json.dumps(finding))


if __name__ == "__main__":
    main()
