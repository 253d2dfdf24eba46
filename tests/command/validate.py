#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Holds JSON objects, a line each on standard input, to a definition of a JSON schema.

usage: validate.py SCHEMA NAME <OBJECTS

NAME is that of a definition under $defs. Exit status: 0 if there is an object and all hold, else 1.
"""
import json
import sys

import jsonschema


def main(path, name):
    with open(path, encoding="utf-8") as file:
        schema = json.load(file)
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})
    validator.check_schema(schema)
    text = sys.stdin.read()
    objects = [json.loads(text)] if text.startswith("{\n") else map(json.loads, text.splitlines())
    count, wrong = 0, False
    for found in objects:
        count += 1
        for error in validator.iter_errors(found):
            print(f"{name}: {error.json_path}: {error.message[:300]}", file=sys.stderr)
            wrong = True
    if count == 0:
        print(f"{name}: no object", file=sys.stderr)
    return 1 if wrong or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
