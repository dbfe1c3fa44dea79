use super::*;

const THINGS: &str = include_str!("../generate/tests/things.yaml");

/// Returns the changes of an edit of the small specification: each text is there once, and is replaced.
fn changes_of(edits: &[(&str, &str)]) -> Changes {
    let mut edited = THINGS.to_owned();
    for (before, after) in edits {
        assert_eq!(edited.matches(before).count(), 1, "{before}");
        edited = edited.replace(before, after);
    }
    Changes::between(&Spec::parse(THINGS).unwrap(), &Spec::parse(&edited).unwrap())
}

#[test]
fn nothing_has_changed_without_an_edit() {
    assert_eq!(changes_of(&[]).as_pairs(), []);
    // Nor by a comment.
    assert_eq!(changes_of(&[("openapi: 3.0.3\n", "openapi: 3.0.3\n# A comment.\n")]).impact(), None);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of edits")]
fn each_edit_is_what_it_means_for_users() {
    use Impact::{Addition, Breaking, Deprecation, Documentation};
    type Edit = (&'static str, &'static str);
    type Case = (&'static str, &'static [Edit], &'static [(Impact, &'static str)]);
    let cases: [Case; 16] = [
        (
            "a field is added",
            &[("        count:\n", "        color: {description: Its color., type: string}\n        count:\n")],
            &[(Addition, "`Thing.color`")],
        ),
        (
            "a field is removed",
            &[("        hasABC:\n          description: More than one capital.\n          type: boolean\n", "")],
            &[(Breaking, "`Thing.hasABC` is removed")],
        ),
        (
            "a required field is added to what is sent",
            &[
                ("required: [name, tags]", "required: [name, tags, color]"),
                ("        remark:\n", "        color: {description: Its color., type: string}\n        remark:\n"),
            ],
            &[(Breaking, "`NewThing.color` is new and required")],
        ),
        (
            "a field is required",
            &[("required: [name, tags]", "required: [name, tags, remark]")],
            &[(Breaking, "`NewThing.remark` is required")],
        ),
        (
            "an enum value is added",
            &[
                ("x-extensible-enum: [small, very_large]", "x-extensible-enum: [small, very_large, huge]"),
                ("        - Very large.\n", "        - Very large.\n        - Huge.\n"),
            ],
            &[(Addition, "`ThingKind::Huge`")],
        ),
        (
            "an enum value is removed",
            &[
                ("x-extensible-enum: [small, very_large]", "x-extensible-enum: [very_large]"),
                ("        - Small.\n", ""),
            ],
            &[(Breaking, "`ThingKind::Small` is removed")],
        ),
        (
            "a required parameter is added",
            &[(
                "        - name: MS-Reason\n",
                "        - {name: color, in: query, required: true, description: Which., schema: {type: string}}\n        - name: MS-Reason\n",
            )],
            &[(Breaking, "the parameter `color` of `changeThing` is new and required")],
        ),
        (
            "an optional parameter is added",
            &[(
                "        - name: MS-Reason\n",
                "        - {name: color, in: query, description: Which., schema: {type: string}}\n        - name: MS-Reason\n",
            )],
            &[(Addition, "the parameter `color` of `changeThing` is new")],
        ),
        (
            "an operation is deprecated",
            &[(
                "      operationId: changeThing\n",
                "      operationId: changeThing\n      deprecated: true\n      x-pc-deprecated: Things do not change.\n",
            )],
            &[(Deprecation, "`changeThing` is deprecated: Things do not change.")],
        ),
        (
            "a type is narrowed",
            &[(
                "        count:\n          description: How many there are.\n          type: integer\n          format: int64\n",
                "        count:\n          description: How many there are.\n          type: integer\n          format: int32\n",
            )],
            &[(Breaking, "`Thing.count` has another type")],
        ),
        (
            "limits are narrowed",
            &[("            maximum: 100\n", "            maximum: 50\n")],
            &[(Breaking, "the parameter `size` of `listThings` has narrower limits")],
        ),
        (
            "limits are widened",
            &[("            maximum: 100\n", "            maximum: 500\n")],
            &[(Addition, "the parameter `size` of `listThings` has wider limits")],
        ),
        (
            "a limit of what is sent is added",
            &[(
                "          description: A remark.\n          type: string\n",
                "          description: A remark.\n          type: string\n          maxLength: 20\n",
            )],
            &[(Breaking, "`NewThing.remark` has other limits: ")],
        ),
        (
            "words are changed",
            &[("      summary: Changes a thing.\n", "      summary: Alters a thing.\n")],
            &[(Documentation, "`changeThing` is described anew")],
        ),
        (
            "a command is renamed, and another credential accepted",
            &[(
                "      x-pc-command: things create\n      x-pc-auth: [app-user]\n",
                "      x-pc-command: things add\n      x-pc-auth: [app-only, app-user]\n",
            )],
            &[
                (Addition, "`createThing` now accepts AppOnly"),
                (Breaking, "the command `things create` is now `things add`"),
            ],
        ),
        (
            "a path and a result are changed",
            &[
                ("  /v1/kinds/{thing-kind}:\n", "  /v2/kinds/{thing-kind}:\n"),
                (
                    "          description: Another page.\n          content:\n            application/json:\n              schema:\n                $ref: '#/components/schemas/ThingCollection'\n",
                    "          description: A thing.\n          content:\n            application/json:\n              schema:\n                $ref: '#/components/schemas/Thing'\n",
                ),
            ],
            &[
                (Breaking, "`getThings` returns another result"),
                (Breaking, "`getThings` sends `GET /v2/kinds/{thing-kind}`, which was `GET /v1/kinds/{thing-kind}`"),
            ],
        ),
    ];
    for (name, edits, expected) in cases {
        let changes = changes_of(edits);
        let found = changes.as_pairs();
        let is_same = |(found, expected): (&(Impact, &str), &(Impact, &str))| {
            found.0 == expected.0
                && (found.1 == expected.1 || expected.1.ends_with(": ") && found.1.starts_with(expected.1))
        };
        assert!(found.len() == expected.len() && found.iter().zip(expected).all(is_same), "{name}: {found:?}");
    }
}

#[test]
fn operations_are_added_and_removed() {
    let get_things = THINGS.find("  /v1/kinds/{thing-kind}:\n").unwrap()..THINGS.find("components:\n").unwrap();
    let mut fewer = THINGS.to_owned();
    fewer.replace_range(get_things, "");
    let (all, fewer) = (Spec::parse(THINGS).unwrap(), Spec::parse(&fewer).unwrap());
    assert_eq!(Changes::between(&all, &fewer).as_pairs(), [(Impact::Breaking, "`getThings` (`kinds get`) is removed")]);
    let added = Changes::between(&fewer, &all);
    assert_eq!(added.as_pairs(), [(Impact::Addition, "`getThings` (`kinds get`): Gets the things of a kind")]);
    assert_eq!(added.to_string(), "### Added\n\n- `getThings` (`kinds get`): Gets the things of a kind.\n\n");
}

#[test]
fn version_follows_from_the_greatest_impact() {
    use Impact::{Addition, Breaking, Deprecation, Documentation};
    for (before, impact, after) in [
        ([0, 2, 3], Documentation, "0.2.4"),
        ([0, 2, 3], Addition, "0.2.4"),
        ([0, 2, 3], Breaking, "0.3.0"),
        ([1, 2, 3], Documentation, "1.2.4"),
        ([1, 2, 3], Deprecation, "1.3.0"),
        ([1, 2, 3], Addition, "1.3.0"),
        ([1, 2, 3], Breaking, "2.0.0"),
    ] {
        assert_eq!(next_version(Version(before), impact).to_string(), after);
    }
    let manifest = "[workspace.package]\nversion = \"0.12.3\"\n";
    assert_eq!(workspace_version(manifest).unwrap().0, [0, 12, 3]);
    assert!(workspace_version("[package]").is_err());
}
