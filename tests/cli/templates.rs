//! Mistakes in templates that many images draw from.

use crate::workspace::{BASE, Workspace};

/// Two hundred images of a template that extends another, the body of which ends with `mistake`.
fn services(mistake: &str) -> Workspace {
    let workspace =
        Workspace::new([("imgspec.kdl", "workspace {\n    members \"templates.kdl\" \"services/*/image.kdl\"\n}\n")]);
    workspace.write(
        "templates.kdl",
        &format!(
            "template \"base\" abstract=#true {{\n    param \"port\" type=\"port\" default=8080\n    from \"{BASE}\"\n    \
             (final)user \"app\" uid=10001\n    expose \"${{{{ port }}}}\"\n}}\n\
             template \"service\" abstract=#true extends=\"base\" {{\n    use \"zone\"\n    {mistake}\n}}\n\
             mixin \"zone\" {{\n    env TZ=\"UTC\"\n}}\n\
             template \"other\" abstract=#true {{\n    copi \"src\"\n}}\n"
        ),
    );
    for number in 0..200 {
        let name = format!("s{number:03}");
        workspace.write(&format!("services/{name}/image.kdl"), &format!("image \"{name}\" extends=\"service\"\n"));
    }
    workspace
}

/// The mistake, and what is told of it besides where and what it is.
#[track_caller]
fn check(mistake: &str, expected: &str) {
    let workspace = services(mistake);
    let all = workspace.run("check").ends(2).out;
    assert_eq!(all.matches("error[").count(), 2, "{all}");
    assert!(all.starts_with(expected), "{all}");
    // Of one alone: the same without the others, and nothing of the template that it does not draw from.
    let one = expected.replace("s000", "s150");
    let one: String = one.split_inclusive('\n').filter(|line| !line.contains("in 200 images")).collect();
    workspace.run("check s150").ends(2).prints(&format!("{one}\n1 image: 0 ok, 1 with errors\n"));
}

#[test]
fn a_mistake_in_a_template_is_told_once() {
    check(
        "copi \"src\"",
        "error[unknown-node]: `template` has no node `copi`
  ╭─ templates.kdl:9:5
9 │     copi \"src\"
  │     ^^^^
  ├─ services/s000/image.kdl:1:22: image `s000` extends template `service`
  ├─ in 200 images: s000, s001, s002 and 197 more
  ╰─ help: did you mean `copy`?
",
    );
    check(
        "label \"port\" \"${{ prot }}\"",
        "error[undefined-name]: there is no parameter `prot` here
  ╭─ templates.kdl:9:23
9 │     label \"port\" \"${{ prot }}\"
  │                       ^^^^
  ├─ services/s000/image.kdl:1:22: image `s000` extends template `service`
  ├─ in 200 images: s000, s001, s002 and 197 more
  ╰─ help: did you mean `port`?
",
    );
}

#[test]
fn a_value_that_is_the_cause_is_told_where_it_is_set() {
    let workspace = services("workdir \"/app\"");
    workspace.write("services/s007/image.kdl", "image \"s007\" extends=\"service\" {\n    set port=99999\n}\n");
    workspace.write("services/s008/image.kdl", "image \"s008\" extends=\"service\" {\n    user \"x\"\n}\n");
    let way = |image: &str| {
        format!(
            "  ├─ templates.kdl:7:43: template `service` extends template `base`\n  ├─ \
             services/{image}/image.kdl:1:22: image `{image}` extends template `service`\n"
        )
    };
    let expected = format!(
        "error[wrong-type]: `port` must be a port (1–65535), found 99999
  ╭─ services/s007/image.kdl:2:14
2 │     set port=99999
  │              ^^^^^
  ├─ templates.kdl:2:5
2 │     param \"port\" type=\"port\" default=8080
  │     ------------ declared here
{}  ╰─ help: `imgspec explain wrong-type`

1 image: 0 ok, 1 with errors
",
        way("s007")
    );
    workspace.run("check s007").ends(2).prints(&expected);
    let told = workspace.run("check s008").ends(2).prints_part("error[overridden-final]").prints_part(&way("s008")).out;
    assert_eq!(told.matches("error[").count(), 1, "{told}");

    let json: serde_json::Value = serde_json::from_str(&workspace.run("check s007 --format json").out).expect("JSON");
    let told = &json["diagnostics"][0];
    assert_eq!(told["labels"][0]["path"], "services/s007/image.kdl");
    assert_eq!(told["labels"][1]["message"], "declared here");
    assert_eq!(told["trace"][1]["message"], "image `s007` extends template `service`");
    assert_eq!(told["images"], serde_json::json!(["s007"]));
}

#[test]
fn for_programs() {
    let workspace = services("copi \"src\"");
    let json: serde_json::Value = serde_json::from_str(&workspace.run("check --format json").out).expect("JSON");
    let images = json["diagnostics"][0]["images"].as_array().expect("images");
    assert_eq!((images.len(), &images[0], &images[199]), (200, &"s000".into(), &"s199".into()));
    let sarif: serde_json::Value = serde_json::from_str(&workspace.run("check --format sarif").out).expect("JSON");
    let result = &sarif["runs"][0]["results"][0];
    let message = result["message"]["text"].as_str().expect("a message");
    assert!(message.ends_with("in 200 images: s000, s001, s002 and 197 more\nhelp: did you mean `copy`?"), "{message}");
    let related = &result["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(related, "services/s000/image.kdl");
    workspace.run("check --format github").prints_part(
        "::`template` has no node `copi`%0Aservices/s000/image.kdl:1: image `s000` extends template `service`%0Ain 200 \
         images: s000, s001, s002 and 197 more%0Ahelp: did you mean `copy`?\n",
    );
}

#[test]
fn templates_in_a_ring_are_told_of_one_image_too() {
    let workspace = services("workdir \"/app\"");
    let templates = workspace
        .read("templates.kdl")
        .replace("template \"base\" abstract=#true", "template \"base\" abstract=#true extends=\"service\"");
    workspace.write("templates.kdl", &templates);
    let told = workspace.run("check s003").ends(2).prints_part("error[cycle]: templates extend each other").out;
    assert_eq!(told.matches("error[").count(), 1, "{told}");
}
