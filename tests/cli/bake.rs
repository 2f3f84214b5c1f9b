//! The bake file: an output like the others, made of all images.

use super::workspace::{Workspace, assert_gone, image};

fn workspace(bake: &str) -> Workspace {
    let workspace = Workspace::of_images(&["a", "b"]);
    workspace.write("imgspec.kdl", &format!("workspace {{\n    members \"*/image.kdl\"\n{bake}}}\n"));
    workspace
}

const BAKE: &str = "    bake \"docker-bake.json\"\n";

#[test]
fn states() {
    let workspace = workspace(BAKE);
    workspace.run("check").ends(1).prints_part("missing  docker-bake.json\n2 images: 0 ok, 2 missing\n");
    workspace.run("compile").ends(0).says_part("wrote docker-bake.json\n2 images: 2 written, 0 unchanged\n");
    workspace.run("check").ends(0).prints("2 images: 2 ok\n");
    let text = workspace.read("docker-bake.json");
    assert!(workspace.read("imgspec.manifest").contains("output \"docker-bake.json\" sha256=\""));
    let tagged = image("a").replace("cmd", "tags \"a:1\"; cmd");
    workspace.write("a/image.kdl", &tagged);
    // No instruction says a tag: the image is what it was, the bake file is not.
    workspace
        .run("check")
        .ends(1)
        .prints("stale    docker-bake.json  +4 −1\n2 images: 2 ok\nhelp: run `imgspec compile`\n");
    workspace.run("check --format github").ends(1).prints_part("file=docker-bake.json,line=13");
    workspace.run("compile").ends(0).says("wrote docker-bake.json\n2 images: 0 written, 2 unchanged\n");
    assert_ne!(workspace.read("docker-bake.json"), text);
    workspace.write("docker-bake.json", &text.replace("Dockerfile", "Other"));
    workspace.run("check").ends(1).prints_part("edited   docker-bake.json:13");
    workspace.run("compile").ends(2).says_part("error[foreign-output]: `docker-bake.json` was changed by hand");
    workspace.run("compile --force").ends(0).says_part("wrote docker-bake.json\n");
    workspace.run("check").ends(0);
    std::fs::remove_file(workspace.path("docker-bake.json")).expect("it was written");
    workspace.run("check --format json").ends(1).prints_part("\"image\": null");
    workspace.run("check --format github").ends(1).prints_part("file=imgspec.kdl,line=3");
}

#[test]
fn an_orphan_goes() {
    let workspace = workspace(BAKE);
    workspace.run("compile").ends(0);
    workspace.write("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n    bake \"build/bake.json\"\n}\n");
    workspace.write("build/README", "of builds\n");
    workspace.run("check").ends(1).prints_part("orphan   docker-bake.json  no `bake` names it\n");
    workspace.run("compile").ends(0).says_part("wrote build/bake.json\nremoved docker-bake.json\n");
    assert_gone(&workspace.path("docker-bake.json"));
    workspace.write("imgspec.kdl", "workspace {\n    members \"*/image.kdl\"\n}\n");
    workspace.write("build/bake.json", "{}\n");
    workspace
        .run("compile")
        .ends(2)
        .says_part("no `bake` names `build/bake.json` any more, and it was changed by hand");
}

#[test]
fn it_is_of_all_images() {
    let workspace = workspace(BAKE);
    workspace.run("compile a").ends(0).says_part("wrote docker-bake.json\n1 image: 1 written, 0 unchanged\n");
    let text = workspace.read("docker-bake.json");
    workspace.run("compile").ends(0);
    assert_eq!(workspace.read("docker-bake.json"), text);
    // What an image with mistakes would be is not known, and a file without it would be wrong.
    workspace.write("b/image.kdl", &image("b").replace("cmd", "cmdd"));
    workspace.write("a/image.kdl", &image("a").replace("cmd", "groups \"g\"; cmd"));
    let left = "left docker-bake.json as it is: it is of all images, and not all are sound\n";
    workspace.run("compile a").ends(0).says_part(left);
    workspace.run("compile --keep-going").ends(1).says_part(left);
    assert_eq!(workspace.read("docker-bake.json"), text);
    assert!(workspace.read("imgspec.manifest").contains("docker-bake.json"));
    workspace.write("b/image.kdl", &image("b"));
    workspace.run("check").ends(1).prints_part("stale    docker-bake.json");
}

#[test]
fn it_is_no_image() {
    let workspace = workspace("    bake \"./build/../docker-bake.json\"\n");
    workspace.write("docker-bake.json", "{}\n");
    workspace.run("compile").ends(2).says_part("`docker-bake.json` was not written by imgspec");
    std::fs::remove_file(workspace.path("docker-bake.json")).expect("it was written");
    std::fs::create_dir(workspace.path("docker-bake.json")).expect("its place is free");
    workspace.run("compile").ends(2).says_part("`docker-bake.json` is a directory, where an output belongs");
}
