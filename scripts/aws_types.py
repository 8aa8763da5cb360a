"""Types of resources, by cfn-lint's copy of AWS's registry: see scripts/aws-types."""

import json
import re
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import cfnlint.data.AdditionalSpecs
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

REGION = "us-east-1"


def properties(pointers):
    """`/properties/A/B` as `/A/B`, in order."""
    return sorted(pointer.removeprefix("/properties") for pointer in pointers or [])


def described(name, stateful):
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, name)
    # Attributes within lists cannot be asked for.
    attributes = sorted(attribute for attribute in schema.get_atts if "*" not in attribute)
    described = {
        "attributes": attributes,
        "identifier": [pointer.removeprefix("/properties") for pointer in schema.schema["primaryIdentifier"]],
        "create_only": properties(schema.schema.get("createOnlyProperties")),
        "conditional_create_only": properties(schema.schema.get("conditionalCreateOnlyProperties")),
    }
    if name in stateful:
        described["stateful"] = True
    return described


def main():
    crate = Path(sys.argv[1])
    kinds = (crate / "src/template/kinds.rs").read_text()
    names = sorted(set(re.findall(r'"(AWS::\w+::\w+)"', kinds)))
    stateful = json.loads(files(cfnlint.data.AdditionalSpecs).joinpath("StatefulResources.json").read_text())
    made = {
        "source": f"cfn-lint {version('cfn-lint')}",
        "types": {name: described(name, stateful["ResourceTypes"]) for name in names},
    }
    text = json.dumps(made, indent=1) + "\n"
    file = crate / "types.json"
    if "--check" not in sys.argv[2:]:
        file.write_text(text)
    elif file.read_text() != text:
        sys.exit("crates/infra/types.json is not what scripts/aws-types writes")


main()
